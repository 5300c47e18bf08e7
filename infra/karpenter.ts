/** Karpenter: starts nodes when pods wait for them, and removes empty ones. */
import * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import { interpolate, type Resource } from '@pulumi/pulumi';
import { accountId } from './account.ts';
import { createNodeRole } from './cluster/node-role.ts';
import { associatePods, createPodRole } from './cluster/pod-identity.ts';
import type { Cluster } from './cluster.ts';
import type { PlatformConfig } from './config.ts';
import { createInterruptionQueue } from './karpenter/interruptions.ts';
import { nodeClass, nodePools } from './karpenter/node-pools.ts';
import { controllerStatements } from './karpenter/permissions.ts';
import type { Keys } from './keys.ts';

export interface Karpenter {
  /** What pods of the pools wait for. */
  readonly pools: readonly Resource[];
}

/** Version of the controller and its chart; its Go module contains the CRDs that the tests apply. */
export const karpenterVersion = '1.14.1';

const namespace = 'kube-system';
const serviceAccount = 'karpenter';

/** Makes the controller, its rights, and its pools. */
export function createKarpenter(config: PlatformConfig, cluster: Cluster, keys: Keys): Karpenter {
  const nodeRole = createNodeRole('karpenter-nodes', config);
  const profile = new aws.iam.InstanceProfile(
    'karpenter-nodes',
    { name: `${config.cellId}-karpenter-nodes`, role: nodeRole.name },
    { dependsOn: [...nodeRole.policies] },
  );
  // EKS node groups get one automatically.
  const access = new aws.eks.AccessEntry(
    'karpenter-nodes',
    { clusterName: cluster.name, principalArn: nodeRole.arn, type: 'EC2_LINUX' },
    { dependsOn: [cluster.eks] },
  );
  const queue = createInterruptionQueue(config, cluster.name);
  const role = createPodRole('karpenter', {
    config,
    description: 'Karpenter: starts and ends the nodes of this cluster, and no others',
    permissions: {
      statements: controllerStatements({
        clusterName: cluster.name,
        region: config.region,
        clusterArn: interpolate`arn:aws:eks:${config.region}:${accountId()}:cluster/${cluster.name}`,
        nodeRoleArn: nodeRole.arn,
        instanceProfileArn: profile.arn,
        queueArn: queue.arn,
      }),
    },
  });
  const association = associatePods('karpenter', {
    clusterName: cluster.name,
    namespace,
    serviceAccount,
    role,
  });

  const release = new k8s.helm.v3.Release(
    'karpenter',
    {
      name: 'karpenter',
      chart: 'oci://public.ecr.aws/karpenter/karpenter',
      version: karpenterVersion,
      namespace,
      atomic: true,
      values: {
        serviceAccount: { name: serviceAccount },
        // One is the leader. The chart's own rules keep them off Karpenter's nodes and on two of the system's.
        replicas: 2,
        settings: {
          clusterName: cluster.name,
          clusterEndpoint: cluster.endpoint,
          interruptionQueue: queue.name,
        },
        controller: {
          resources: {
            requests: { cpu: '500m', memory: '1Gi' },
            limits: { memory: '1Gi' },
          },
        },
      },
    },
    { provider: cluster.provider, dependsOn: [association, access, ...cluster.ready] },
  );

  const options = { provider: cluster.provider, dependsOn: [release] };
  const classObject = new k8s.apiextensions.CustomResource(
    'node-class',
    nodeClass(config, {
      clusterName: cluster.name,
      securityGroupId: cluster.securityGroupId,
      instanceProfile: profile.name,
      keyArn: keys.cluster.arn,
    }),
    options,
  );
  const pools = nodePools().map(
    (pool) =>
      new k8s.apiextensions.CustomResource(`pool-${pool.metadata.name}`, pool, {
        ...options,
        dependsOn: [classObject],
      }),
  );
  return { pools };
}
