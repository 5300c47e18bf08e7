import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { assumableByService } from '../policies.ts';

export interface NodeRole {
  readonly name: Output<string>;
  readonly arn: Output<string>;
  /** Attached before the first node may start. */
  readonly policies: readonly aws.iam.RolePolicyAttachment[];
}

/**
 * What a node itself may do: join, pull images, be inspected through Session Manager. The network plug-in, volumes
 * and everything else have identities of their own, so that a pod that breaks out of its container finds little.
 */
const managedPolicies = {
  worker: 'AmazonEKSWorkerNodePolicy',
  images: 'AmazonEC2ContainerRegistryPullOnly',
  sessions: 'AmazonSSMManagedInstanceCore',
} as const;

/** A role for nodes. */
export function createNodeRole(name: string, config: Pick<PlatformConfig, 'cellId'>): NodeRole {
  const role = new aws.iam.Role(name, {
    name: `${config.cellId}-${name}`,
    description: 'Nodes: join the cluster and pull images',
    assumeRolePolicy: assumableByService('ec2.amazonaws.com'),
  });
  const policies = Object.entries(managedPolicies).map(
    ([purpose, policy]) =>
      new aws.iam.RolePolicyAttachment(`${name}-${purpose}`, {
        role: role.name,
        policyArn: `arn:aws:iam::aws:policy/${policy}`,
      }),
  );
  return { name: role.name, arn: role.arn, policies };
}
