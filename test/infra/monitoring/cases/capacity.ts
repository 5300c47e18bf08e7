import { type AlertCase, type Series, steady } from './case.ts';

const gibibyte = 1024 ** 3;
const day = 86_400;

/** As the tests compute the rules. */
export const databases = [
  { identifier: 'main', storageGb: 200 },
  { identifier: 'dedicated-acme', storageGb: 50 },
];

const filesystem = (free: number, type = 'xfs'): Series => ({
  [`node_filesystem_avail_bytes{instance="node-1",mountpoint="/",fstype="${type}"}`]: steady(free),
  [`node_filesystem_size_bytes{instance="node-1",mountpoint="/",fstype="${type}"}`]: steady(100),
});

const volume = (free: number): Series => ({
  'kubelet_volume_stats_available_bytes{namespace="beta-user-a",persistentvolumeclaim="home",node="node-1"}':
    steady(free),
  'kubelet_volume_stats_capacity_bytes{namespace="beta-user-a",persistentvolumeclaim="home",node="node-1"}':
    steady(100),
});

const database = (metric: string, values: string): Series => ({
  [`aws_rds_${metric}_average{dimension_DBInstanceIdentifier="main",region="us-east-1"}`]: values,
});

const probe = (days: number): Series => ({
  'probe_ssl_earliest_cert_expiry{instance="https://api.example.com/healthz"}': steady(days * day),
});

const nodePool = (usage: number): Series => ({
  'karpenter_nodepools_usage{nodepool="tenants",resource_type="cpu"}': steady(usage),
  'karpenter_nodepools_limit{nodepool="tenants",resource_type="cpu"}': steady(1000),
});

export const capacityCases: readonly AlertCase[] = [
  {
    alert: 'NodeDiskLow',
    fires: [
      {
        series: filesystem(19),
        from: 0,
        labels: { instance: 'node-1', mountpoint: '/' },
        summary: 'Node node-1 has 19% of its disk left',
        description: 'At /. The kubelet begins to evict pods at 10 %; draining the node gives a new one.',
      },
    ],
    silent: [
      { because: 'a fifth is left', series: filesystem(20), at: 60 },
      { because: 'memory is no disk', series: filesystem(1, 'tmpfs'), at: 60 },
    ],
  },
  {
    alert: 'VolumeLow',
    fires: [
      {
        series: volume(5),
        from: 0,
        labels: { namespace: 'beta-user-a', persistentvolumeclaim: 'home' },
        summary: 'The volume beta-user-a/home has 5% left',
      },
    ],
    silent: [{ because: 'half is left', series: volume(50), at: 60 }],
  },
  {
    alert: 'DatabaseStorageLow',
    fires: [
      {
        series: database('free_storage_space', steady(30 * gibibyte)),
        from: 0,
        labels: { dimension_DBInstanceIdentifier: 'main' },
        summary: 'Database main has 15% of its storage left',
      },
    ],
    silent: [
      {
        because: '50 of 200 GiB are left',
        series: database('free_storage_space', steady(50 * gibibyte)),
        at: 60,
      },
    ],
  },
  {
    alert: 'CertificateExpiring',
    fires: [
      {
        series: probe(29),
        from: 0,
        labels: { instance: 'https://api.example.com/healthz' },
        summary: 'A certificate expires in 29 days',
        description:
          'https://api.example.com/healthz. ACM renews 60 days ahead as long as the DNS records of its validation stand.',
      },
      {
        series: {
          'aws_certificatemanager_days_to_expiry_minimum{dimension_CertificateArn="arn:1"}': steady(12),
        },
        from: 0,
        labels: { dimension_CertificateArn: 'arn:1' },
        summary: 'A certificate expires in 12 days',
        description: 'arn:1. ACM renews 60 days ahead as long as the DNS records of its validation stand.',
      },
    ],
    silent: [{ because: 'it lasts for two months', series: probe(60), at: 60 }],
  },
  {
    alert: 'NodePoolNearLimit',
    fires: [
      {
        series: nodePool(950),
        from: 10,
        labels: { nodepool: 'tenants', resource_type: 'cpu' },
        summary: 'The node pool tenants uses 95% of its cpu',
      },
    ],
    silent: [{ because: 'there is room', series: nodePool(800), at: 60 }],
  },
  {
    alert: 'PodsUnschedulable',
    fires: [
      {
        series: {
          'kube_pod_status_unschedulable{namespace="tenant-acme",pod="a"}': steady(1),
          'kube_pod_status_unschedulable{namespace="tenant-acme",pod="b"}': steady(1),
        },
        from: 15,
        labels: { namespace: 'tenant-acme' },
        summary: '2 pods in tenant-acme find no node',
      },
    ],
    silent: [
      {
        because: 'a node came after five minutes',
        series: { 'kube_pod_status_unschedulable{namespace="tenant-acme",pod="a"}': '1+0x5 _x100' },
        at: 20,
      },
    ],
  },
  {
    alert: 'DatabaseBusy',
    fires: [
      {
        series: database('cpuutilization', steady(97)),
        from: 15,
        labels: { dimension_DBInstanceIdentifier: 'main' },
        summary: 'Database main has been at 97 % CPU for 15 minutes',
      },
    ],
    silent: [{ because: 'it is busy, not drowning', series: database('cpuutilization', steady(80)), at: 60 }],
  },
  {
    alert: 'DatabaseReplicaLags',
    fires: [
      {
        series: database('replica_lag', steady(90)),
        from: 10,
        labels: { dimension_DBInstanceIdentifier: 'main' },
        summary: 'Replica main is 1m 30s behind',
      },
    ],
    silent: [{ because: 'a second is usual', series: database('replica_lag', steady(1)), at: 60 }],
  },
  {
    alert: 'CacheMemoryHigh',
    fires: [
      {
        series: {
          'aws_elasticache_database_memory_usage_percentage_average{dimension_CacheClusterId="cache-001"}':
            steady(90),
        },
        from: 15,
        labels: { dimension_CacheClusterId: 'cache-001' },
        summary: 'Redis cache-001 uses 90 % of its memory',
      },
    ],
    silent: [
      {
        because: 'it is half full',
        series: {
          'aws_elasticache_database_memory_usage_percentage_average{dimension_CacheClusterId="cache-001"}':
            steady(50),
        },
        at: 60,
      },
    ],
  },
  {
    alert: 'CloudWatchMetricsMissing',
    fires: [
      { series: {}, from: 30, labels: {}, summary: 'No figures of the database arrive from CloudWatch' },
    ],
    silent: [{ because: 'they arrive', series: database('cpuutilization', steady(5)), at: 60 }],
  },
];
