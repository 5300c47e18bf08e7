/** Logs of all pods: Fluent Bit reads them on every node, Loki (in S3) or CloudWatch keeps them, as configured. */

import * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import { accountId } from '../account.ts';
import {
  associatePods,
  createPodRole,
  useKeyThrough as keyThrough,
  type Permissions,
} from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import { hardenedContainer } from '../hardening.ts';
import { ontoControlPlane } from '../karpenter/node-pools.ts';
import type { Keys } from '../keys.ts';
import { logRetentionDays } from '../log-retention.ts';
import { createBucket, expireAfter, keepOldVersions } from '../storage/bucket.ts';
import { bucketName, type Storage } from '../storage.ts';
import { monitoringNamespace, nodeAgentsNamespace } from './namespaces.ts';

/** Charts and their versions. */
const loki = { chart: 'loki', version: '6.46.0', repository: 'https://grafana.github.io/helm-charts' };
const fluentBit = {
  chart: 'fluent-bit',
  version: '0.55.0',
  repository: 'https://fluent.github.io/helm-charts',
};

const lokiServiceAccount = 'loki';
const stateFolder = '/var/lib/log-collector';
const collectorServiceAccount = 'log-collector';
/** The day from which Loki writes its present schema. */
const schemaSince = '2026-01-01';

export interface LogsDeps {
  readonly cluster: Cluster;
  readonly keys: Keys;
  readonly storage: Storage;
  readonly namespaces: readonly k8s.core.v1.Namespace[];
}

/** Makes the log store and the collector that fills it. */
export function createLogs(config: PlatformConfig, deps: LogsDeps): void {
  switch (config.monitoring.logs) {
    case 'loki': {
      const bucket = createLokiBucket(config, deps);
      const store = createLoki(config, deps, bucket);
      createCollector(config, deps, { output: lokiOutput(), dependsOn: [store] });
      return;
    }
    case 'cloudwatch': {
      const group = new aws.cloudwatch.LogGroup('pods', {
        name: podsLogGroup(config),
        retentionInDays: logRetentionDays(config.monitoring.retentionDays),
        kmsKeyId: deps.keys.logs.arn,
      });
      grantLogGroup(config, deps, group);
      createCollector(config, deps, { output: cloudWatchOutput(config), dependsOn: [group] });
      return;
    }
  }
}

/** Log group of all pods of a cell. */
export function podsLogGroup(config: Pick<PlatformConfig, 'cellId'>): string {
  return `/tenantry/${config.cellId}/pods`;
}

function createLokiBucket(config: PlatformConfig, { keys, storage }: LogsDeps) {
  return createBucket('logs', {
    name: bucketName(config, 'loki', accountId()),
    region: config.region,
    key: keys.monitoring,
    accessLogs: storage.accessLogs.name,
    // Loki deletes by itself; the bucket drops deleted objects a week later.
    lifecycle: [expireAfter(config.monitoring.retentionDays + 7), keepOldVersions(1)],
    disposable: config.environment === 'dev',
  });
}

function createLoki(
  config: PlatformConfig,
  { cluster, keys, namespaces }: LogsDeps,
  bucket: { readonly name: Output<string>; readonly arn: Output<string> },
): k8s.helm.v3.Release {
  const permissions: Permissions = {
    statements: [
      { Action: 's3:ListBucket', Resource: bucket.arn },
      {
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        Resource: interpolate`${bucket.arn}/*`,
      },
      keyThrough('s3', {
        config,
        keyArn: keys.monitoring.arn,
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      }),
    ],
  };
  const association = associatePods('loki', {
    clusterName: cluster.name,
    namespace: monitoringNamespace,
    serviceAccount: lokiServiceAccount,
    role: createPodRole('loki', { config, description: 'Loki: its bucket of logs', permissions }),
  });
  return new k8s.helm.v3.Release(
    'loki',
    {
      name: 'loki',
      chart: loki.chart,
      version: loki.version,
      repositoryOpts: { repo: loki.repository },
      namespace: monitoringNamespace,
      atomic: true,
      values: lokiValues(config, { bucket: bucket.name, storageClassName: cluster.storageClassName }),
    },
    { provider: cluster.provider, dependsOn: [association, ...namespaces, ...cluster.ready] },
  );
}

/** Loki as one program, one copy per zone: enough for some hundred GB a day. */
export function lokiValues(
  config: Pick<PlatformConfig, 'environment' | 'region' | 'monitoring'>,
  args: { bucket: Input<string>; storageClassName: string },
) {
  const replicas = config.environment === 'dev' ? 1 : 3;
  const off = { enabled: false };
  return {
    fullnameOverride: 'loki',
    deploymentMode: 'SingleBinary',
    serviceAccount: { name: lokiServiceAccount },
    loki: {
      // One reader for all: tenants do not see logs here, operators see everybody's.
      auth_enabled: false,
      commonConfig: { replication_factor: replicas },
      schemaConfig: {
        configs: [
          {
            from: schemaSince,
            store: 'tsdb',
            object_store: 's3',
            schema: 'v13',
            index: { prefix: 'index_', period: '24h' },
          },
        ],
      },
      storage: {
        type: 's3',
        bucketNames: { chunks: args.bucket, ruler: args.bucket, admin: args.bucket },
        s3: { region: config.region },
      },
      limits_config: { retention_period: `${config.monitoring.retentionDays * 24}h` },
      compactor: { retention_enabled: true, delete_request_store: 's3' },
      analytics: { reporting_enabled: false },
    },
    singleBinary: {
      replicas,
      tolerations: ontoControlPlane,
      persistence: { enabled: true, size: '20Gi', storageClass: args.storageClassName },
      resources: { requests: { cpu: '200m', memory: '512Mi' }, limits: { memory: '1Gi' } },
    },
    read: { replicas: 0 },
    write: { replicas: 0 },
    backend: { replicas: 0 },
    gateway: off,
    chunksCache: off,
    resultsCache: off,
    lokiCanary: off,
    test: off,
  };
}

function grantLogGroup(config: PlatformConfig, { cluster }: LogsDeps, group: aws.cloudwatch.LogGroup): void {
  associatePods('log-collector', {
    clusterName: cluster.name,
    namespace: nodeAgentsNamespace,
    serviceAccount: collectorServiceAccount,
    role: createPodRole('log-collector', {
      config,
      description: 'Fluent Bit: writes the logs of pods',
      permissions: {
        statements: [
          {
            Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
            Resource: [group.arn, interpolate`${group.arn}:log-stream:*`],
          },
        ],
      },
    }),
  });
}

function createCollector(
  config: PlatformConfig,
  { cluster, namespaces }: LogsDeps,
  args: { output: string; dependsOn: readonly (k8s.helm.v3.Release | aws.cloudwatch.LogGroup)[] },
): void {
  new k8s.helm.v3.Release(
    'log-collector',
    {
      name: 'log-collector',
      chart: fluentBit.chart,
      version: fluentBit.version,
      repositoryOpts: { repo: fluentBit.repository },
      namespace: nodeAgentsNamespace,
      atomic: true,
      values: collectorValues(config, args.output),
    },
    {
      provider: cluster.provider,
      dependsOn: [...namespaces, ...cluster.ready, ...args.dependsOn],
    },
  );
}

/** Fluent Bit on every node, tenants' included; it reads files of the node, nothing else. */
export function collectorValues(config: Pick<PlatformConfig, 'cellId'>, output: string) {
  return {
    fullnameOverride: 'log-collector',
    serviceAccount: { name: collectorServiceAccount },
    testFramework: { enabled: false },
    tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      ...hardenedContainer,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    extraVolumes: [{ name: 'state', emptyDir: { sizeLimit: '64Mi' } }],
    extraVolumeMounts: [{ name: 'state', mountPath: stateFolder }],
    config: {
      inputs: lines(
        '[INPUT]',
        '    Name              tail',
        '    Path              /var/log/containers/*.log',
        '    multiline.parser  docker, cri',
        '    Tag               kube.*',
        // How far each file has been read: a restarted container continues from there.
        `    DB                ${stateFolder}/tail.db`,
        '    Mem_Buf_Limit     32MB',
        '    Skip_Long_Lines   On',
      ),
      filters: lines(
        '[FILTER]',
        '    Name                kubernetes',
        '    Match               kube.*',
        '    Merge_Log           On',
        '    Keep_Log            Off',
        '    Annotations         Off',
        '[FILTER]',
        '    Name                modify',
        '    Match               kube.*',
        `    Add                 cell ${config.cellId}`,
      ),
      outputs: output,
    },
  };
}

function lokiOutput(): string {
  return lines(
    '[OUTPUT]',
    '    Name         loki',
    '    Match        kube.*',
    `    Host         loki.${monitoringNamespace}.svc`,
    '    Port         3100',
    "    Labels       job=pods, namespace=$kubernetes['namespace_name'], app=$kubernetes['labels']['app.kubernetes.io/name']",
    '    Remove_Keys  stream,logtag',
    '    Line_Format  json',
  );
}

function cloudWatchOutput(config: Pick<PlatformConfig, 'region' | 'cellId'>): string {
  return lines(
    '[OUTPUT]',
    '    Name               cloudwatch_logs',
    '    Match              kube.*',
    `    region             ${config.region}`,
    `    log_group_name     ${podsLogGroup(config)}`,
    '    log_stream_prefix  pods-',
    // The platform makes the group, with its key and retention.
    '    auto_create_group  Off',
  );
}

function lines(...of: readonly string[]): string {
  return `${of.join('\n')}\n`;
}
