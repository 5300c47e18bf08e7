/** The Kubernetes cluster of a cell: EKS, its administrators, its add-ons, and the nodes that run these. */
import * as aws from '@pulumi/aws';
import * as eks from '@pulumi/eks';
import * as k8s from '@pulumi/kubernetes';
import { type Output, output, type Resource } from '@pulumi/pulumi';
import { createAddons } from './cluster/addons.ts';
import { createStorageClass } from './cluster/storage-class.ts';
import { createSystemNodes } from './cluster/system-nodes.ts';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';
import { logRetentionDays } from './log-retention.ts';
import type { Network } from './network.ts';

export interface Cluster {
  readonly eks: eks.Cluster;
  /** For every object in the cluster. Ready when nodes and add-ons are. */
  readonly provider: k8s.Provider;
  /** Known before the cluster exists. */
  readonly name: string;
  readonly endpoint: Output<string>;
  /** Of the control plane's network interfaces and of all nodes, so of all pods. */
  readonly securityGroupId: Output<string>;
  /** Default class of volumes: gp3, encrypted, expandable. */
  readonly storageClassName: string;
  /** What pods need before they can run: nodes, network, DNS, volumes. */
  readonly ready: readonly Resource[];
}

/** Every log of EKS's control plane. */
const controlPlaneLogs = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'] as const;

/** Makes the cluster of a cell. */
export function createCluster(config: PlatformConfig, network: Network, keys: Keys): Cluster {
  const name = config.cellId;
  // Otherwise EKS makes it, without a key and without an end.
  const logs = new aws.cloudwatch.LogGroup('cluster', {
    name: `/aws/eks/${name}/cluster`,
    retentionInDays: logRetentionDays(config.monitoring.retentionDays),
    kmsKeyId: keys.logs.arn,
  });
  const cluster = new eks.Cluster(
    'cluster',
    {
      name,
      version: config.cluster.version,
      vpcId: network.vpcId,
      privateSubnetIds: [...network.privateSubnetIds],
      publicSubnetIds: [...network.publicSubnetIds],
      nodeAssociatePublicIpAddress: false,
      ...accessToTheApi(config),
      encryptionConfigKeyArn: keys.cluster.arn,
      enabledClusterLogTypes: [...controlPlaneLogs],
      // We begin upgrades; without this EKS moves the version by itself rather than charge sixfold.
      upgradePolicy: { supportType: 'STANDARD' },
      deletionProtection: config.environment === 'prod',
      // Nodes, add-ons and pod identities are ours: groups, launch templates and roles without surprises.
      skipDefaultNodeGroup: true,
      skipDefaultSecurityGroups: true,
      bootstrapSelfManagedAddons: false,
      useDefaultVpcCni: true,
      corednsAddonOptions: { enabled: false },
      kubeProxyAddonOptions: { enabled: false },
      createOidcProvider: false,
      clusterTags: config.tags,
      tags: config.tags,
    },
    { dependsOn: [logs], protect: config.environment === 'prod' },
  );

  // Waits for the cluster, which the name alone would not.
  const clusterName = output(cluster.eksCluster).apply(() => name);
  const addons = createAddons(config, {
    clusterName,
    nodes: (after) => createSystemNodes(config, { clusterName, network, keys, after }),
  });
  const provider = new k8s.Provider(
    'cluster',
    { kubeconfig: cluster.kubeconfigJson, enableServerSideApply: true },
    { dependsOn: [...addons] },
  );
  return {
    eks: cluster,
    provider,
    name,
    endpoint: output(cluster.eksCluster).endpoint,
    securityGroupId: cluster.clusterSecurityGroupId,
    storageClassName: createStorageClass(provider, keys),
    ready: addons,
  };
}

/** Who reaches the API server, and which networks it accepts. */
export function accessToTheApi(config: Pick<PlatformConfig, 'cluster'>) {
  const { publicAccess, adminRoleArns } = config.cluster;
  return {
    authenticationMode: 'API',
    accessEntries: Object.fromEntries(
      adminRoleArns.map((principalArn) => [
        principalArn.split('/').at(-1) ?? principalArn,
        {
          principalArn,
          accessPolicies: {
            admin: {
              policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
              accessScope: { type: 'cluster' },
            },
          },
        },
      ]),
    ),
    // Nodes and pods always use the private address.
    endpointPrivateAccess: true,
    endpointPublicAccess: publicAccess !== 'none',
    ...(publicAccess !== 'none' && { publicAccessCidrs: [...publicAccess.cidrs] }),
  } as const;
}
