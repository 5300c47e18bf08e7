import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { alertmanagerConfig } from '../../../infra/monitoring/alert-routes.ts';
import { cloudWatchExporter, cloudWatchMetricNames } from '../../../infra/monitoring/exporters/cloudwatch.ts';
import { exporterObjects } from '../../../infra/monitoring/exporters/exporter.ts';
import { grafanaValues } from '../../../infra/monitoring/grafana.ts';
import { metricsRetentionDays } from '../../../infra/monitoring/metrics-store.ts';
import { routingKeys } from '../../../infra/monitoring/notifications.ts';
import { databaseServers } from '../../../infra/monitoring/rules/index.ts';
import { podTargets } from '../../../infra/monitoring/scraping.ts';
import { type InfraGraph, infraGraph, stackValues } from '../../support/infra-graph.ts';

const topicArn = 'arn:aws:sns:us-east-1:111122223333:prod-us-east-1-alerts';
const calling = {
  topicArn,
  region: 'us-east-1',
  cell: 'prod-us-east-1',
  onCallKeyFile: '/etc/alertmanager/keys/on-call',
  escalationKeyFile: '/etc/alertmanager/keys/escalation',
};

describe('alerts find their people', () => {
  let folder: string;
  const amtool = (...parameters: string[]) =>
    promisify(execFile)(inject('tools').amtool, parameters, { cwd: folder });

  beforeAll(async () => {
    folder = join(inject('runDir'), 'routes');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'calling.yml'), stringify(alertmanagerConfig(calling)));
    const { topicArn: arn, region, cell } = calling;
    await writeFile(
      join(folder, 'mailing.yml'),
      stringify(alertmanagerConfig({ topicArn: arn, region, cell })),
    );
  });

  test('by a configuration that Alertmanager accepts, with and without somebody to call', async () => {
    const { stdout } = await amtool('check-config', 'calling.yml', 'mailing.yml');
    expect(stdout.match(/SUCCESS/g)).toHaveLength(2);
  });

  test.each([
    ['a warning is mailed to the team', ['severity=warning', 'alertname=NodeDiskLow'], 'team'],
    ['a critical alert calls whoever is on call', ['severity=critical', 'alertname=TenantFailed'], 'on-call'],
    [
      'its second call goes to the next person',
      ['severity=critical', 'alertname=TenantFailed', 'escalation=second'],
      'escalation',
    ],
    [
      'an alert of the chart without a known severity is mailed',
      ['severity=none', 'alertname=Other'],
      'team',
    ],
    ['the alert that always fires reaches nobody', ['severity=none', 'alertname=Watchdog'], 'nobody'],
    ['information reaches nobody', ['severity=info', 'alertname=CPUThrottlingHigh'], 'nobody'],
  ])('%s', async (_what, labels, receiver) => {
    const { stdout } = await amtool(
      'config',
      'routes',
      'test',
      '--config.file=calling.yml',
      `--verify.receivers=${receiver}`,
      ...labels,
    );
    expect(stdout.trim()).toBe(receiver);
  });

  test('and where nobody can be called, mails say so', () => {
    const { topicArn: arn, region, cell } = calling;
    const { receivers } = alertmanagerConfig({ topicArn: arn, region, cell });
    for (const name of ['team', 'on-call', 'escalation'])
      expect(receivers.find((receiver) => receiver.name === name)).toHaveProperty('sns_configs');
  });

  test('the first person is called again where there is no second', () => {
    const { escalationKeyFile: _, ...first } = calling;
    const receiver = alertmanagerConfig(first).receivers.find(({ name }) => name === 'escalation');
    expect(receiver).toMatchObject({ pagerduty_configs: [{ routing_key_file: first.onCallKeyFile }] });
  });
});

describe('monitoring of production', () => {
  let graph: InfraGraph;
  beforeAll(async () => {
    graph = await infraGraph('prod');
  });
  const values = () => graph.chart('kube-prometheus-stack').values as Record<string, never>;
  const object = (kind: string, name: string) =>
    graph.objects().find((candidate) => candidate.kind === kind && candidate.metadata.name === name);

  test('is pinned to a version of its charts', () => {
    for (const chart of ['kube-prometheus-stack', 'loki', 'fluent-bit'])
      expect(graph.chart(chart).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('keeps metrics beyond the cluster, encrypted, and what error budgets need inside', () => {
    expect(graph.get('aws:amp/workspace:Workspace', 'metrics').inputs.kmsKeyArn).toBeTruthy();
    expect(
      graph.get('aws:amp/workspaceConfiguration:WorkspaceConfiguration', 'metrics').inputs
        .retentionPeriodInDays,
    ).toBe(90);
    expect(values()).toMatchObject({
      prometheus: {
        prometheusSpec: {
          replicas: 2,
          retention: '31d',
          externalLabels: { cluster: 'prod-us-east-1' },
          remoteWrite: [
            { url: expect.stringMatching(/\/api\/v1\/remote_write$/), sigv4: { region: 'us-east-1' } },
          ],
        },
      },
    });
  });

  test('takes every rule, monitor and probe that the platform declares', () => {
    expect(values()).toMatchObject({
      prometheus: {
        prometheusSpec: {
          ruleSelectorNilUsesHelmValues: false,
          podMonitorSelectorNilUsesHelmValues: false,
          probeSelectorNilUsesHelmValues: false,
        },
      },
    });
    expect(object('PrometheusRule', 'tenantry')).toBeDefined();
    expect(object('Probe', 'public-endpoints')).toMatchObject({
      spec: { targets: { staticConfig: { static: ['https://tenantry.example.com/v1/products'] } } },
    });
  });

  test('tells the labels of namespaces that the rules join', () => {
    expect(values()).toMatchObject({
      'kube-state-metrics': {
        metricLabelsAllowlist: ['namespaces=[tenantry.dev/tenant,tenantry.dev/product,tenantry.dev/plan]'],
      },
    });
  });

  test('calls people with keys that are files, never values', () => {
    const alertmanager = values().alertmanager as unknown as Record<string, unknown>;
    expect(JSON.stringify(alertmanager.config)).toContain('/etc/alertmanager/keys/on-call');
    expect(JSON.stringify(alertmanager.config)).not.toContain('routing_key":');
    expect(object('SecretProviderClass', 'alertmanager-keys')).toMatchObject({
      spec: { parameters: { objects: expect.stringContaining('tenantry/pagerduty-escalation') } },
    });
    expect(graph.get('aws:sns/topicSubscription:TopicSubscription', 'alerts-email').inputs).toMatchObject({
      protocol: 'email',
      endpoint: 'platform@example.com',
    });
  });

  test('finds a pod for each of its own PodMonitors', () => {
    const deployments = graph.objects().filter(({ kind }) => kind === 'Deployment');
    const ours = podTargets.filter(({ namespace }) => ['tenantry-system', 'monitoring'].includes(namespace));
    expect(ours.length).toBe(3);
    for (const { name, namespace, labels, port } of ours) {
      const found = deployments.find(({ metadata, spec }) => {
        const pod = (spec as { template: PodTemplate }).template;
        return (
          metadata.namespace === namespace &&
          Object.entries(labels).every(([key, value]) => pod.metadata.labels[key] === value) &&
          pod.spec.containers.some(({ ports }) => ports?.some((one) => one.name === port))
        );
      });
      expect(found, name).toBeDefined();
    }
  });

  test('watches the storage of every database server', () => {
    expect(
      databaseServers({ cellId: 'x', primary: true, database: { ...database, readReplicas: 1 } }),
    ).toEqual([
      { identifier: 'x-main', storageGb: 200 },
      { identifier: 'x-main-replica-1', storageGb: 200 },
      { identifier: 'x-tenants', storageGb: 200 },
      { identifier: 'x-dedicated-acme', storageGb: 50 },
    ]);
    expect(databaseServers({ cellId: 'x', primary: false, database })).toHaveLength(2);
    const names = graph
      .ofType('aws:rds/instance:Instance')
      .map(({ inputs }) => inputs.identifier)
      .sort();
    expect(JSON.stringify(object('PrometheusRule', 'tenantry'))).toContain(names[0]);
    const watched = databaseServers({
      cellId: 'prod-us-east-1',
      primary: true,
      database: stackValues('prod')['tenantry:database'] as typeof database,
    });
    expect(watched.map(({ identifier }) => identifier).sort()).toEqual(names);
  });

  test('lets nobody but its neighbours ask the servers', () => {
    expect(object('NetworkPolicy', 'servers')).toMatchObject({
      spec: { policyTypes: ['Ingress'], ingress: [{ from: [{}, {}] }] },
    });
  });

  test('keeps logs in a bucket of Loki, which expires them', () => {
    expect(
      graph.get('aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', 'logs').inputs,
    ).toMatchObject({
      rules: [{ expiration: { days: 97 } }, {}, {}],
    });
  });
});

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: { readonly ports?: { readonly name: string }[] }[] };
}

const database = {
  instanceClass: 'db.r8g.large',
  storageGb: 200,
  maxStorageGb: 400,
  readReplicas: 0,
  multiAz: true,
  dedicatedInstances: [{ name: 'acme', instanceClass: 'db.r8g.large', storageGb: 50 }],
};

describe('logs in CloudWatch', () => {
  test('need no Loki and no bucket, but a group with key and retention', async () => {
    const monitoring = { logs: 'cloudwatch', retentionDays: 100 };
    const graph = await infraGraph('dev', { 'tenantry:monitoring': monitoring });
    expect(() => graph.chart('loki')).toThrow();
    expect(graph.get('aws:cloudwatch/logGroup:LogGroup', 'pods').inputs).toMatchObject({
      name: '/tenantry/dev-us-east-1/pods',
      retentionInDays: 120,
      kmsKeyId: expect.anything(),
    });
    expect(JSON.stringify(graph.chart('fluent-bit').values)).toContain('cloudwatch_logs');
    // Without anybody to call there are no keys to mount.
    expect(graph.objects().map(({ metadata }) => metadata.name)).not.toContain('alertmanager-keys');
  });
});

describe('figures', () => {
  test.each([
    [1, 31],
    [90, 90],
    [3_650, 1_095],
  ])('metrics are kept long for %i days of logs: %i', (retentionDays, days) => {
    expect(metricsRetentionDays({ monitoring: { logs: 'loki', retentionDays } })).toBe(days);
  });

  test('CloudWatch’s names become those that its exporter makes of them', () => {
    expect(cloudWatchMetricNames()).toEqual(
      expect.arrayContaining([
        'aws_rds_cpuutilization_average',
        'aws_rds_free_storage_space_average',
        'aws_elasticache_database_memory_usage_percentage_average',
        'aws_certificatemanager_days_to_expiry_minimum',
      ]),
    );
  });

  test('an exporter with another configuration is another pod', () => {
    const hash = (region: 'us-east-1' | 'us-west-2') =>
      exporterObjects(cloudWatchExporter({ region, cellId: 'x' })).deployment.spec.template.metadata
        .annotations;
    expect(hash('us-east-1')).not.toEqual(hash('us-west-2'));
  });

  test('keys are mounted for those who can be called', () => {
    const monitoring = { logs: 'loki', retentionDays: 1 } as const;
    expect(routingKeys({ monitoring })).toEqual({});
    expect(
      routingKeys({ monitoring: { ...monitoring, pagerDutySecret: 'a', escalationSecret: 'b' } }),
    ).toEqual({
      'on-call': 'a',
      escalation: 'b',
    });
  });

  test('Grafana’s sources are those that dashboards name', () => {
    const args = { longTermEndpoint: 'https://aps.example/', secretProviderClass: 'x' };
    const values = grafanaValues(
      { region: 'us-east-1', monitoring: { logs: 'loki', retentionDays: 1 } },
      args,
    );
    expect(values.additionalDataSources.map(({ uid }) => uid)).toEqual(['long-term', 'logs']);
    expect(values.sidecar.datasources.uid).toBe('prometheus');
  });
});
