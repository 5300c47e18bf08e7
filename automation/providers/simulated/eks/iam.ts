/** The component `eks:index:ServiceRole`: a role for a service, and AWS's own policies for it. */
import { createHash } from 'node:crypto';
import { type PropertyMap, type PropertyValue, unknown } from '../../properties.ts';
import type { Monitor, Registered } from './monitor.ts';

/** Versions of the SDKs that the component's parts belong to. */
export interface Versions {
  readonly aws: string;
  readonly kubernetes: string;
}

export interface ManagedPolicy {
  /** Part of the attachment's name, the same in every partition. */
  readonly id: string;
  readonly arn: string;
}

export function managedPolicy(name: string, partition: PropertyMap): ManagedPolicy {
  const own = typeof partition.partition === 'string' ? partition.partition : 'aws';
  return { id: `arn:aws:iam::aws:policy/${name}`, arn: `arn:${own}:iam::aws:policy/${name}` };
}

export async function createServiceRole(
  monitor: Monitor,
  args: {
    readonly name: string;
    readonly parent: string;
    readonly service: string;
    readonly description: string;
    readonly actions: readonly string[];
    readonly policies: readonly ManagedPolicy[];
    readonly tags: PropertyValue;
    readonly provider: string | undefined;
    readonly dependsOn: readonly string[];
    readonly versions: Versions;
  },
): Promise<{ role: Registered; attachments: Registered[] }> {
  const { name, provider, dependsOn, versions } = args;
  const component = await monitor.register({
    type: 'eks:index:ServiceRole',
    name,
    parent: args.parent,
    custom: false,
    inputs: {},
  });
  const own = { parent: component.urn, version: versions.aws, provider, dependsOn };
  const role = await monitor.register({
    ...own,
    type: 'aws:iam/role:Role',
    name: `${name}-role`,
    inputs: {
      description: args.description,
      assumeRolePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Action: args.actions, Effect: 'Allow', Principal: { Service: [args.service] } }],
      }),
      tags: args.tags,
    },
  });
  const attachments: Registered[] = [];
  for (const { id, arn } of args.policies) {
    const suffix = createHash('sha1').update(id).digest('hex').slice(0, 8);
    attachments.push(
      await monitor.register({
        ...own,
        type: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
        name: `${name}-${suffix}`,
        inputs: { policyArn: arn, role: role.outputs.name ?? unknown },
      }),
    );
  }
  await monitor.registerOutputs(component.urn, {});
  return { role, attachments };
}
