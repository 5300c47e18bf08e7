/** Room: disks, nodes, certificates' remaining time, and what AWS runs for us. */
import { platform } from '../../../tenants/catalog/index.ts';
import { breaches } from './figures.ts';
import type { RecordingRule, RuleGroup } from './rule.ts';

const gibibyte = 1024 ** 3;
const daySeconds = 86_400;

export interface DatabaseServer {
  /** RDS's identifier of the instance. */
  readonly identifier: string;
  /** Allocated storage, GiB. */
  readonly storageGb: number;
}

export interface CapacityFigures {
  readonly databases: readonly DatabaseServer[];
}

export function capacityRules({ databases }: CapacityFigures): RuleGroup {
  const disk = platform.alerts.disk;
  const certificate = platform.alerts.certificate;
  return {
    name: 'tenantry-capacity',
    rules: [
      {
        alert: 'NodeDiskLow',
        expr: `
          min by (instance, mountpoint) (
            node_filesystem_avail_bytes{fstype=~"ext4|xfs|btrfs"} / node_filesystem_size_bytes{fstype=~"ext4|xfs|btrfs"}
          ) ${breaches(disk, 0.01)}`,
        forSeconds: disk.forSeconds,
        severity: 'warning',
        summary: 'Node {{ $labels.instance }} has {{ $value | humanizePercentage }} of its disk left',
        description:
          'At {{ $labels.mountpoint }}. The kubelet begins to evict pods at 10 %; draining the node gives a new one.',
      },
      {
        alert: 'VolumeLow',
        expr: `
          min by (namespace, persistentvolumeclaim) (
            kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes
          ) ${breaches(disk, 0.01)}`,
        forSeconds: disk.forSeconds,
        severity: 'warning',
        summary:
          'The volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left',
        description:
          'A tenant’s volume grows with its plan; one of the platform’s own is enlarged in its stack.',
      },
      // CloudWatch reports what is free, but not of how much.
      ...databases.map(
        ({ identifier, storageGb }): RecordingRule => ({
          record: 'tenantry:database_storage:bytes',
          expr: `vector(${storageGb * gibibyte})`,
          labels: { dimension_DBInstanceIdentifier: identifier },
        }),
      ),
      {
        alert: 'DatabaseStorageLow',
        expr: `
          min by (dimension_DBInstanceIdentifier) (aws_rds_free_storage_space_average)
            / on (dimension_DBInstanceIdentifier) tenantry:database_storage:bytes ${breaches(disk, 0.01)}`,
        forSeconds: disk.forSeconds,
        severity: 'critical',
        summary:
          'Database {{ $labels.dimension_DBInstanceIdentifier }} has {{ $value | humanizePercentage }} of its storage left',
        description:
          'RDS enlarges it by itself up to `maxStorageGb`, but not twice in six hours. Raise `storageGb` if it is still falling.',
      },
      {
        alert: 'CertificateExpiring',
        expr: `
          min by (instance) (probe_ssl_earliest_cert_expiry - time()) / ${daySeconds} ${breaches(certificate)}
          or min by (dimension_CertificateArn) (aws_certificatemanager_days_to_expiry_minimum) ${breaches(certificate)}`,
        forSeconds: certificate.forSeconds,
        severity: 'warning',
        summary: 'A certificate expires in {{ $value | humanize }} days',
        description:
          '{{ $labels.instance }}{{ $labels.dimension_CertificateArn }}. ACM renews 60 days ahead as long as the DNS records of its validation stand.',
      },
      {
        alert: 'NodePoolNearLimit',
        expr: `
          max by (nodepool, resource_type) (karpenter_nodepools_usage{resource_type=~"cpu|memory"})
            / max by (nodepool, resource_type) (karpenter_nodepools_limit{resource_type=~"cpu|memory"}) > 0.9`,
        forSeconds: 600,
        severity: 'warning',
        summary:
          'The node pool {{ $labels.nodepool }} uses {{ $value | humanizePercentage }} of its {{ $labels.resource_type }}',
        description:
          'At its limit Karpenter adds no nodes and new pods wait. Raise the limit, or add a cell.',
      },
      {
        alert: 'PodsUnschedulable',
        expr: 'sum by (namespace) (kube_pod_status_unschedulable) > 0',
        forSeconds: 900,
        severity: 'critical',
        summary: '{{ $value }} pods in {{ $labels.namespace }} find no node',
        description:
          'Karpenter’s log says why: a limit, no capacity of these instance types, a volume in another zone.',
      },
      {
        alert: 'DatabaseBusy',
        expr: 'max by (dimension_DBInstanceIdentifier) (aws_rds_cpuutilization_average) > 90',
        forSeconds: 900,
        severity: 'warning',
        summary:
          'Database {{ $labels.dimension_DBInstanceIdentifier }} has been at {{ $value | humanize }} % CPU for 15 minutes',
        description: 'RDS Performance Insights names the queries.',
      },
      {
        alert: 'DatabaseReplicaLags',
        expr: 'max by (dimension_DBInstanceIdentifier) (aws_rds_replica_lag_average) > 60',
        forSeconds: 600,
        severity: 'warning',
        summary:
          'Replica {{ $labels.dimension_DBInstanceIdentifier }} is {{ $value | humanizeDuration }} behind',
        description: 'Should the primary be lost with its region, so much of the latest data is lost too.',
      },
      {
        alert: 'CacheMemoryHigh',
        expr: 'max by (dimension_CacheClusterId) (aws_elasticache_database_memory_usage_percentage_average) > 85',
        forSeconds: 900,
        severity: 'warning',
        summary: 'Redis {{ $labels.dimension_CacheClusterId }} uses {{ $value | humanize }} % of its memory',
        description: 'At 100 % it evicts keys that are still wanted: take a larger node type.',
      },
      {
        alert: 'CloudWatchMetricsMissing',
        expr: 'absent(aws_rds_cpuutilization_average)',
        forSeconds: 1_800,
        severity: 'warning',
        summary: 'No figures of the database arrive from CloudWatch',
        description: 'Alerts on storage, load and lag are blind. Look at the exporter’s pod and its role.',
      },
    ],
  };
}
