/** Which nodes Karpenter may start, and for whom. */
import type { Input } from '@pulumi/pulumi';
import { platform } from '../../tenants/catalog/index.ts';
import { metadataOptions, nodeVolumes } from '../cluster/node-settings.ts';
import type { PlatformConfig } from '../config.ts';

/** The node label that names the pool; also the key of the pool's taint. */
export const poolLabel = 'tenantry.dev/pool';

/** Pool for tenants' workloads: tainted, so that nothing else runs beside them. */
export const tenantPool = 'tenants';

/**
 * Pool for the control plane and everything else that the platform runs in the cluster. Tainted, because its pods hold the
 * keys to all tenants, and no tenant's pod may run beside them.
 */
export const controlPlanePool = 'control-plane';

/** The taint of a pool's nodes, which keeps out every pod that does not tolerate it. */
const taintOf = (pool: string) => ({ key: poolLabel, value: pool, effect: 'NoSchedule' });

/** Tolerations that let the platform's pods run on the control plane's nodes. */
export const ontoControlPlane = [{ operator: 'Equal', ...taintOf(controlPlanePool) }];

const nodeClassName = 'default';

/** The one kind of node: Bottlerocket in private subnets, encrypted, its metadata out of pods' reach. */
export function nodeClass(
  config: Pick<PlatformConfig, 'cluster' | 'tags'>,
  args: {
    clusterName: string;
    securityGroupId: Input<string>;
    instanceProfile: Input<string>;
    keyArn: Input<string>;
  },
) {
  return {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: nodeClassName },
    spec: {
      amiSelectorTerms: [{ alias: config.cluster.nodeImage }],
      instanceProfile: args.instanceProfile,
      subnetSelectorTerms: [{ tags: { 'karpenter.sh/discovery': args.clusterName } }],
      securityGroupSelectorTerms: [{ id: args.securityGroupId }],
      associatePublicIPAddress: false,
      metadataOptions: {
        httpEndpoint: metadataOptions.httpEndpoint,
        httpProtocolIPv6: 'disabled',
        httpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit,
        httpTokens: metadataOptions.httpTokens,
      },
      blockDeviceMappings: nodeVolumes.map(({ deviceName, sizeGb }) => ({
        deviceName,
        ebs: {
          volumeType: 'gp3',
          volumeSize: `${sizeGb}Gi`,
          encrypted: true,
          kmsKeyID: args.keyArn,
          deleteOnTermination: true,
        },
      })),
      // The provider that tags everything else does not see what Karpenter makes.
      tags: { ...config.tags },
    },
  } as const;
}

const { nodes } = platform;
const gibibyte = 1024 ** 3;

/** The pools. The tenants' figures come from the catalog. */
export function nodePools() {
  return [
    nodePool(tenantPool, {
      capacityTypes: nodes.capacityTypes,
      limits: {
        cpu: String(nodes.maxCpuMillis / 1000),
        memory: `${nodes.maxMemoryBytes / gibibyte}Gi`,
      },
      // A tenth of the nodes at once, when many age together.
      disruptedAtOnce: '10%',
    }),
    nodePool(controlPlanePool, {
      // What starts tenants and answers Stripe is not interrupted to save a few dollars.
      capacityTypes: ['on-demand'],
      limits: { cpu: '128', memory: '512Gi' },
      disruptedAtOnce: '1',
    }),
  ];
}

function nodePool(
  name: string,
  args: {
    capacityTypes: readonly string[];
    limits: { cpu: string; memory: string };
    disruptedAtOnce: string;
  },
) {
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      template: {
        metadata: { labels: { [poolLabel]: name } },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: nodeClassName },
          requirements: [
            among('kubernetes.io/os', ['linux']),
            among('kubernetes.io/arch', nodes.architectures),
            among('karpenter.sh/capacity-type', args.capacityTypes),
            // General purpose, compute and memory, of Nitro generations: volumes are encrypted at no cost in
            // speed.
            among('karpenter.k8s.aws/instance-category', ['c', 'm', 'r']),
            { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['5'] },
            // Bare metal takes a quarter of an hour to start; small instances are full with what every node runs.
            among('karpenter.k8s.aws/instance-size', ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge']),
          ],
          taints: [taintOf(name)],
          expireAfter: `${nodes.replacedAfterDays * 24}h`,
          // A budget that can never be met does not keep an old node for ever.
          terminationGracePeriod: '1h',
        },
      },
      limits: args.limits,
      disruption: {
        consolidationPolicy: 'WhenEmpty',
        consolidateAfter: `${nodes.emptyAfterSeconds}s`,
        budgets: [{ nodes: args.disruptedAtOnce }],
      },
    },
  };
}

function among(key: string, values: readonly string[]) {
  return { key, operator: 'In', values: [...values] };
}
