/** The node group that runs Karpenter and the add-ons: it exists before Karpenter, and without it. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import { architectureOf, type PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Network } from '../network.ts';
import { createNodeRole } from './node-role.ts';
import { metadataOptions, nodeVolumes } from './node-settings.ts';

/** Makes the system node group across the three zones. */
export function createSystemNodes(
  config: PlatformConfig,
  args: { clusterName: Output<string>; network: Network; keys: Keys; after: readonly aws.eks.Addon[] },
): aws.eks.NodeGroup {
  const { instanceTypes, min, max, desired } = config.cluster.systemNodes;
  const role = createNodeRole('system-nodes', config);
  const template = new aws.ec2.LaunchTemplate('system-nodes', {
    name: `${config.cellId}-system`,
    description: 'System nodes: encrypted volumes, IMDSv2 only, out of reach of pods',
    updateDefaultVersion: true,
    metadataOptions,
    blockDeviceMappings: nodeVolumes.map(({ deviceName, sizeGb }) => ({
      deviceName,
      ebs: {
        volumeType: 'gp3',
        volumeSize: sizeGb,
        encrypted: 'true',
        kmsKeyId: args.keys.cluster.arn,
        deleteOnTermination: 'true',
      },
    })),
    // An instance's volumes and interfaces do not inherit the tags of its group.
    tagSpecifications: ['instance', 'volume', 'network-interface'].map((resourceType) => ({
      resourceType,
      tags: { ...config.tags, Name: `${config.cellId}-system` },
    })),
  });
  return new aws.eks.NodeGroup(
    'system',
    {
      nodeGroupName: 'system',
      clusterName: args.clusterName,
      nodeRoleArn: role.arn,
      // Without this nodes keep the version that the cluster had when they were made.
      version: config.cluster.version,
      subnetIds: [...args.network.privateSubnetIds],
      amiType: amiType(instanceTypes[0] ?? ''),
      capacityType: 'ON_DEMAND',
      instanceTypes: [...instanceTypes],
      scalingConfig: { minSize: min, maxSize: max, desiredSize: desired },
      updateConfig: { maxUnavailable: 1 },
      launchTemplate: {
        id: template.id,
        version: template.latestVersion.apply(String),
      },
      labels: { 'tenantry.dev/pool': 'system' },
    },
    // Autoscaling decides the current number, not this program.
    { dependsOn: [...args.after, ...role.policies], ignoreChanges: ['scalingConfig.desiredSize'] },
  );
}

/** Bottlerocket for the architecture of an instance type. */
export function amiType(instanceType: string): string {
  return architectureOf(instanceType) === 'arm64' ? 'BOTTLEROCKET_ARM_64' : 'BOTTLEROCKET_x86_64';
}
