import * as aws from '@pulumi/aws';
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { assumableByPods, policyDocument, type Statement } from '../policies.ts';

/** What a pod may do in AWS: its own statements, or policies that AWS maintains for this very program. */
export interface Permissions {
  readonly statements?: readonly Statement[];
  /** Names below `arn:aws:iam::aws:policy/`. */
  readonly managed?: readonly string[];
}

/** A role that pods take through EKS Pod Identity. */
export function createPodRole(
  name: string,
  args: { config: Pick<PlatformConfig, 'cellId'>; description: string; permissions: Permissions },
): aws.iam.Role {
  const { statements = [], managed = [] } = args.permissions;
  const role = new aws.iam.Role(name, {
    name: `${args.config.cellId}-${name}`,
    description: args.description,
    assumeRolePolicy: assumableByPods(),
  });
  if (statements.length > 0) {
    new aws.iam.RolePolicy(name, { role: role.name, policy: policyDocument(...statements) });
  }
  for (const policy of managed) {
    new aws.iam.RolePolicyAttachment(`${name}-${policy.split('/').at(-1)}`, {
      role: role.name,
      policyArn: `arn:aws:iam::aws:policy/${policy}`,
    });
  }
  return role;
}

/** Gives the pods of a service account this role. */
export function associatePods(
  name: string,
  args: {
    clusterName: Input<string>;
    namespace: Input<string>;
    serviceAccount: string;
    role: aws.iam.Role;
  },
): aws.eks.PodIdentityAssociation {
  return new aws.eks.PodIdentityAssociation(name, {
    clusterName: args.clusterName,
    namespace: args.namespace,
    serviceAccount: args.serviceAccount,
    roleArn: args.role.arn,
  });
}

/** Statement: use of a key, through one AWS service only. */
export function useKeyThrough(
  service: string,
  args: { config: Pick<PlatformConfig, 'region'>; keyArn: Output<string>; actions: readonly string[] },
): Statement {
  return {
    Action: args.actions,
    Resource: interpolate`${args.keyArn}`,
    Condition: { StringEquals: { 'kms:ViaService': `${service}.${args.config.region}.amazonaws.com` } },
  };
}
