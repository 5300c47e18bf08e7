/**
 * Metrics that outlive the cluster: Amazon Managed Service for Prometheus, written to by the Prometheus inside.
 *
 * Thanos with S3 would keep every series for less money per sample. But it adds three stateful services (gateway,
 * compactor, querier) to the very cluster whose end its data should survive, and we look back further than a month
 * only at some hundred series: rates, sums, availability, AWS metrics. So the Prometheus inside keeps everything for
 * as long as alerts and error budgets look back, and AWS keeps the series that are worth it.
 */
import * as aws from '@pulumi/aws';
import { interpolate, type Output } from '@pulumi/pulumi';
import { associatePods, createPodRole } from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import { logRetentionDays } from '../log-retention.ts';
import { monitoringNamespace } from './namespaces.ts';

export interface MetricsStore {
  readonly arn: Output<string>;
  /** Base URL for queries and, with `api/v1/remote_write`, for writing. */
  readonly endpoint: Output<string>;
}

/** Names of the series that are kept for long, as a Prometheus regular expression; all others stay in the cluster. */
export const longTermMetrics = [
  'tenantry[_:].*',
  'ALERTS',
  'aws_.*',
  'velero_backup_.*',
  'karpenter_nodepools_.*',
  'kube_node_status_(allocatable|capacity)',
  'kube_resourcequota',
  'namespace_(cpu|memory):kube_pod_container_resource_requests:sum',
  'probe_(success|duration_seconds|ssl_earliest_cert_expiry)',
].join('|');

/** The longest that AWS keeps samples (AMP quotas, "Retention time", 2026-11). */
const maxRetentionDays = 1_095;

/** Days that samples are kept: as long as logs, and at least the month that error budgets cover. */
export function metricsRetentionDays(config: Pick<PlatformConfig, 'monitoring'>): number {
  return Math.min(maxRetentionDays, Math.max(31, config.monitoring.retentionDays));
}

/**
 * Makes the workspace, and lets Prometheus write to it.
 * @param args.writer Prometheus' service account
 */
export function createMetricsStore(
  config: PlatformConfig,
  args: { cluster: Cluster; keys: Keys; writer: string },
): MetricsStore {
  const logs = new aws.cloudwatch.LogGroup('metrics-store', {
    name: `/aws/vendedlogs/prometheus/${config.cellId}`,
    retentionInDays: logRetentionDays(config.monitoring.retentionDays),
    kmsKeyId: args.keys.logs.arn,
  });
  const workspace = new aws.amp.Workspace('metrics', {
    alias: config.cellId,
    kmsKeyArn: args.keys.monitoring.arn,
    loggingConfiguration: { logGroupArn: interpolate`${logs.arn}:*` },
  });
  new aws.amp.WorkspaceConfiguration('metrics', {
    workspaceId: workspace.id,
    retentionPeriodInDays: metricsRetentionDays(config),
  });
  associatePods('prometheus', {
    clusterName: args.cluster.name,
    namespace: monitoringNamespace,
    serviceAccount: args.writer,
    role: createPodRole('prometheus', {
      config,
      description: 'Prometheus: writes what is kept for long',
      permissions: { statements: [{ Action: 'aps:RemoteWrite', Resource: workspace.arn }] },
    }),
  });
  return { arn: workspace.arn, endpoint: workspace.prometheusEndpoint };
}
