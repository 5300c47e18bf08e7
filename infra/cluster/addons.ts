/** Add-ons that EKS maintains: network, DNS, volumes, identities, metrics, secrets. */

import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { ontoControlPlane } from '../karpenter/node-pools.ts';
import { createPodRole, type Permissions } from './pod-identity.ts';

interface AddonSpec {
  /** Nodes are not ready without it. */
  readonly beforeNodes?: true;
  readonly configuration?: object;
  /** Its identity, where it calls AWS. */
  readonly identity?: { readonly serviceAccount: string; readonly permissions: Permissions };
}

/** The add-ons by EKS's name. */
export function addonSpecs(config: Pick<PlatformConfig, 'tags'>): Readonly<Record<string, AddonSpec>> {
  return {
    'vpc-cni': {
      beforeNodes: true,
      configuration: {
        // Without this nothing enforces the network policies that isolate tenants.
        enableNetworkPolicy: 'true',
        env: {
          // Addresses by /28: 110 pods on a node that would otherwise take 29.
          ENABLE_PREFIX_DELEGATION: 'true',
          WARM_PREFIX_TARGET: '1',
        },
      },
      identity: {
        serviceAccount: 'aws-node',
        permissions: { managed: ['AmazonEKS_CNI_Policy'] },
      },
    },
    'kube-proxy': { beforeNodes: true },
    'eks-pod-identity-agent': { beforeNodes: true },
    coredns: {
      configuration: {
        autoScaling: { enabled: true, minReplicas: 2, maxReplicas: 10 },
        // This list replaces EKS's own, so it repeats that.
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          ...ontoControlPlane,
        ],
      },
    },
    'aws-ebs-csi-driver': {
      configuration: { controller: { extraVolumeTags: config.tags } },
      identity: {
        serviceAccount: 'ebs-csi-controller-sa',
        permissions: { managed: ['service-role/AmazonEBSCSIDriverPolicy'] },
      },
    },
    // Snapshots of volumes, for Velero.
    'snapshot-controller': {},
    'metrics-server': { configuration: { replicas: 2, tolerations: ontoControlPlane } },
    // Mounts secrets of Secrets Manager as files, as the pod that asks for them.
    'aws-secrets-store-csi-driver-provider': {
      configuration: {
        'secrets-store-csi-driver': {
          enableSecretRotation: true,
          // How long a rotated password takes to reach the pods.
          rotationPollInterval: '30s',
          // The provider reads secrets with the pod's identity.
          tokenRequests: [{ audience: 'pods.eks.amazonaws.com' }],
          // On the nodes of every pool, like the driver below, because the control plane mounts secrets.
          linux: { tolerations: [{ operator: 'Exists' }] },
        },
        tolerations: [{ operator: 'Exists' }],
      },
    },
  };
}

/**
 * Makes the add-ons: those that nodes need before the nodes, the others after.
 * @param args.nodes makes the nodes, given what they wait for
 * @returns everything that pods need
 */
export function createAddons(
  config: PlatformConfig,
  args: {
    clusterName: Output<string>;
    nodes: (after: readonly aws.eks.Addon[]) => aws.eks.NodeGroup;
  },
): readonly (aws.eks.Addon | aws.eks.NodeGroup)[] {
  const specs = Object.entries(addonSpecs(config));
  const create = (early: boolean, after: readonly aws.eks.NodeGroup[]) =>
    specs
      .filter(([, { beforeNodes = false }]) => beforeNodes === early)
      .map(([name, spec]) => createAddon(name, spec, { config, clusterName: args.clusterName, after }));
  const first = create(true, []);
  const nodes = args.nodes(first);
  return [...first, nodes, ...create(false, [nodes])];
}

function createAddon(
  name: string,
  spec: AddonSpec,
  args: { config: PlatformConfig; clusterName: Output<string>; after: readonly aws.eks.NodeGroup[] },
): aws.eks.Addon {
  const { config } = args;
  const version = config.cluster.addonVersions[name];
  const role =
    spec.identity &&
    createPodRole(name, {
      config,
      description: `EKS add-on ${name}`,
      permissions: spec.identity.permissions,
    });
  return new aws.eks.Addon(
    name,
    {
      clusterName: args.clusterName,
      addonName: name,
      ...(version !== undefined && { addonVersion: version }),
      ...(spec.configuration && { configurationValues: JSON.stringify(spec.configuration) }),
      ...(role &&
        spec.identity && {
          podIdentityAssociations: [{ roleArn: role.arn, serviceAccount: spec.identity.serviceAccount }],
        }),
      resolveConflictsOnCreate: 'OVERWRITE',
      resolveConflictsOnUpdate: 'OVERWRITE',
    },
    { dependsOn: [...args.after] },
  );
}
