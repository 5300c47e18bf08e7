/**
 * Metrics of what AWS runs for us, from CloudWatch, by YACE (prometheus-community/yet-another-cloudwatch-exporter).
 */
import { stringify } from 'yaml';
import type { PlatformConfig } from '../../config.ts';
import { configPath, type Exporter } from './exporter.ts';

interface Job {
  readonly type: string;
  /** Tag that finds its resources: those of this cell. */
  readonly metrics: Readonly<Record<string, 'Average' | 'Minimum' | 'Maximum' | 'Sum'>>;
}

/**
 * Only metrics that somebody looks at, because CloudWatch charges $0.01 for 1,000 (pricing, GetMetricData, 2026-11).
 */
const jobs: readonly Job[] = [
  {
    type: 'AWS/RDS',
    metrics: {
      CPUUtilization: 'Average',
      DatabaseConnections: 'Average',
      FreeStorageSpace: 'Average',
      FreeableMemory: 'Average',
      ReplicaLag: 'Average',
    },
  },
  {
    type: 'AWS/ElastiCache',
    metrics: { DatabaseMemoryUsagePercentage: 'Average', EngineCPUUtilization: 'Average', Evictions: 'Sum' },
  },
  { type: 'AWS/CertificateManager', metrics: { DaysToExpiry: 'Minimum' } },
];

/** Every five minutes: metrics of RDS or of a certificate do not turn within one. */
const periodSeconds = 300;

/** YACE's configuration for a cell. */
export function cloudWatchConfig(config: Pick<PlatformConfig, 'region' | 'cellId'>) {
  return {
    apiVersion: 'v1alpha1',
    'sts-region': config.region,
    discovery: {
      jobs: jobs.map(({ type, metrics }) => ({
        type,
        regions: [config.region],
        searchTags: [{ key: 'tenantry:cell', value: `^${config.cellId}$` }],
        period: periodSeconds,
        length: periodSeconds * 2,
        metrics: Object.entries(metrics).map(([name, statistic]) => ({ name, statistics: [statistic] })),
      })),
    },
  };
}

/** Names of the metrics in Prometheus. */
export function cloudWatchMetricNames(): string[] {
  return jobs.flatMap(({ type, metrics }) =>
    Object.entries(metrics).map(([name, statistic]) => metricName(type, name, statistic)),
  );
}

/** YACE's own rule: the namespace in lower case, the metric in snake case, the statistic. */
function metricName(type: string, metric: string, statistic: string): string {
  const namespace = type.replace('AWS/', 'aws_').toLowerCase();
  // A run of capitals is one word: CPUUtilization becomes cpuutilization.
  const snake = metric.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return `${namespace}_${snake}_${statistic.toLowerCase()}`;
}

export function cloudWatchExporter(config: Pick<PlatformConfig, 'region' | 'cellId'>): Exporter {
  return {
    name: 'cloudwatch-exporter',
    image: 'quay.io/prometheuscommunity/yet-another-cloudwatch-exporter:v0.62.1',
    port: 5_000,
    args: [`--config.file=${configPath}`, `--scraping-interval=${periodSeconds}`],
    config: stringify(cloudWatchConfig(config)),
    memory: '128Mi',
  };
}

/** What it may do: find resources by their tags, and read metrics. AWS cannot limit these to resources. */
export const cloudWatchActions = [
  'tag:GetResources',
  'cloudwatch:GetMetricData',
  'cloudwatch:ListMetrics',
] as const;
