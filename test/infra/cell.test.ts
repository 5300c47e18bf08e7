import { beforeAll, describe, expect, test } from 'vitest';
import { readCellOutput } from '../../automation/cells/output.ts';
import { stackConfiguration } from '../../automation/cost/configuration.ts';
import { recoveryTarget } from '../../automation/dr/target.ts';
import { type InfraGraph, infraGraph } from '../support/infra-graph.ts';

const root = new URL('../..', import.meta.url).pathname;

describe.each(['prod', 'prod-eu-west-1'])('the stack %s', (stack) => {
  let graph: InfraGraph;
  beforeAll(async () => {
    graph = await infraGraph(stack);
  });

  test('has an output that tells the control plane of its cell', async () => {
    const config = await stackConfiguration(root, stack);
    expect(readCellOutput(graph.outputs.cell, stack)).toMatchObject({
      id: config.cellId,
      region: config.region,
      home: config.primary,
      cluster: { name: config.cellId },
      state: {
        url: expect.stringMatching(
          new RegExp(`^s3://tenantry-${config.cellId}-state-\\d+\\?region=${config.region}$`),
        ),
      },
      recovery: { region: config.storage.replicaRegion ?? null },
    });
  });

  test('tells where the page goes and which distribution shows it', () => {
    const buckets = graph.ofType('aws:s3/bucket:Bucket').map(({ inputs }) => inputs.bucket);
    expect(buckets).toContain(graph.outputs.assetsBucket);
    expect(graph.outputs.assetsBucket).toContain('-assets-');
    expect(graph.outputs.distributionId).toBe('edge-id');
  });

  test('has its servers, proxy, secret and health check under the names that recovery knows from the configuration alone', async () => {
    const target = recoveryTarget(await stackConfiguration(root, stack));
    const identifiers = graph.ofType('aws:rds/instance:Instance').map(({ inputs }) => inputs.identifier);
    expect(identifiers).toEqual(expect.arrayContaining([target.server, ...target.replicas]));
    expect(graph.get('aws:rds/proxy:Proxy', 'database').inputs.name).toBe(target.proxy);
    const secrets = graph.ofType('aws:secretsmanager/secret:Secret').map(({ inputs }) => inputs.name);
    expect(secrets).toContain(target.secret);
    expect(graph.get('aws:route53/healthCheck:HealthCheck', 'origin').inputs.fqdn).toBe(
      target.healthCheckHost,
    );
    const server = graph.get('aws:rds/instance:Instance', 'main').inputs;
    expect(target.settings).toEqual({
      multiAz: server.multiAz,
      backupRetentionDays: server.backupRetentionPeriod,
      deletionProtection: server.deletionProtection,
    });
    const buckets = graph.ofType('aws:s3/bucket:Bucket').map(({ inputs }) => String(inputs.bucket));
    expect(buckets.some((name) => name.startsWith(target.backupCopies))).toBe(target.copiesIn !== null);
  });
});
