import { describe, expect, test } from 'vitest';
import { platformConfig } from '../../infra/config.ts';
import { requiredTags } from '../../infra/tags.ts';
import { infraGraph, stackNames, stackValues } from '../support/infra-graph.ts';

const prod = stackValues('prod');

function errorOf(changes: Record<string, unknown>): string {
  const values = { ...prod, ...changes };
  try {
    platformConfig((key) => values[key]);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the configuration was taken');
}

/** A subject of prod's configuration with some of its keys changed. */
function changed(subject: string, changes: Record<string, unknown>): Record<string, unknown> {
  return { [`tenantry:${subject}`]: { ...(prod[`tenantry:${subject}`] as object), ...changes } };
}

function tagged(changes: Record<string, unknown>): Record<string, unknown> {
  const { tags } = prod['aws:defaultTags'] as { tags: object };
  return { 'aws:defaultTags': { tags: { ...tags, ...changes } } };
}

describe('the configuration', () => {
  test.each(stackNames)('of %s is complete', (stack) => {
    const values = stackValues(stack);
    const config = platformConfig((key) => values[key]);
    expect(stack.startsWith(config.environment)).toBe(true);
    expect(config.cellId).toBe(`${config.environment}-${config.region}`);
    expect(config.primary).toBe(config.region === 'us-east-1');
  });

  test.each(stackNames)('of %s tags every resource with its stack', (stack) => {
    const values = stackValues(stack);
    const { tags } = platformConfig((key) => values[key]);
    expect(Object.keys(tags).sort()).toEqual([...requiredTags].sort());
    expect(tags['tenantry:stack']).toBe(stack);
  });

  test('gives every cell a network of its own', () => {
    const networks = stackNames.map((stack) => stackValues(stack)['tenantry:network'] as { cidr: string });
    expect(new Set(networks.map(({ cidr }) => cidr)).size).toBe(stackNames.length);
  });

  test('keeps what is stored in Europe in Europe', () => {
    const storage = stackValues('prod-eu-west-1')['tenantry:storage'] as { replicaRegion?: string };
    expect(storage.replicaRegion ?? 'eu-').toMatch(/^eu-/);
  });

  const wrong: [string, Record<string, unknown>, string, string, string | RegExp][] = [
    [
      'an unknown environment',
      { 'tenantry:environment': 'test' },
      'tenantry:environment',
      '"test"',
      'dev, staging, prod',
    ],
    [
      'an unknown region',
      { 'aws:region': 'eu-north-1' },
      'aws:region',
      '"eu-north-1"',
      /us-east-1, us-west-2/,
    ],
    ['no region', { 'aws:region': undefined }, 'aws:region', 'not set', /us-east-1/],
    [
      'a name that is none',
      { 'tenantry:domain': 'tenantry' },
      'tenantry:domain',
      '"tenantry"',
      /tenantry\.example\.com/,
    ],
    ['a whole subject missing', { 'tenantry:cache': undefined }, 'tenantry:cache', 'not set', 'object'],
    [
      'host bits in a network',
      changed('network', { cidr: '10.64.1.0/16' }),
      'tenantry:network.cidr',
      '"10.64.1.0/16"',
      /\/16 network/,
    ],
    [
      'an octet over 255',
      changed('network', { cidr: '10.300.0.0/16' }),
      'tenantry:network.cidr',
      '"10.300.0.0/16"',
      /\/16 network/,
    ],
    ['two NAT gateways', changed('network', { natGateways: 2 }), 'tenantry:network.natGateways', '2', '1, 3'],
    [
      'one NAT gateway in prod',
      changed('network', { natGateways: 1 }),
      'tenantry:network.natGateways',
      '1',
      '3 in prod',
    ],
    [
      'a misspelt key',
      changed('network', { natGateway: 3 }),
      'tenantry:network.natGateway',
      'no such key',
      '',
    ],
    [
      'an old cluster version',
      changed('cluster', { version: '1.21' }),
      'tenantry:cluster.version',
      '"1.21"',
      '1.34, 1.35',
    ],
    [
      'an API server open to all',
      changed('cluster', { publicAccess: { cidrs: ['0.0.0.0/0'] } }),
      'tenantry:cluster.publicAccess.cidrs.0',
      '0.0.0.0/0',
      /at most 4,096 addresses/,
    ],
    [
      'nobody who administers',
      changed('cluster', { adminRoleArns: [] }),
      'tenantry:cluster.adminRoleArns',
      '[]',
      'at least 1',
    ],
    [
      'a user for a role',
      changed('cluster', { adminRoleArns: ['arn:aws:iam::111122223333:user/x'] }),
      'tenantry:cluster.adminRoleArns.0',
      'user/x',
      'an IAM role',
    ],
    [
      'more nodes wanted than allowed',
      changed('cluster', { systemNodes: { instanceTypes: ['m7g.large'], min: 3, max: 4, desired: 5 } }),
      'tenantry:cluster.systemNodes',
      '"desired":5',
      'min <= desired <= max',
    ],
    [
      'a single database in prod',
      changed('database', { multiAz: false }),
      'tenantry:database.multiAz',
      'false',
      'true in prod',
    ],
    [
      'an instance class of EC2',
      changed('database', { instanceClass: 'r8g.large' }),
      'tenantry:database.instanceClass',
      '"r8g.large"',
      /such as db\./,
    ],
    [
      'a database that cannot grow',
      changed('database', { maxStorageGb: 100 }),
      'tenantry:database.maxStorageGb',
      '100',
      'at least storageGb',
    ],
    [
      'text for a number',
      changed('database', { readReplicas: 'two' }),
      'tenantry:database.readReplicas',
      '"two"',
      /whole number/,
    ],
    [
      'a cache without failover in prod',
      changed('cache', { replicas: 0 }),
      'tenantry:cache.replicas',
      '0',
      'at least 1 in prod',
    ],
    [
      'an unknown identity',
      { 'tenantry:identity': { kind: 'saml' } },
      'tenantry:identity.kind',
      '"saml"',
      /cognito, oidc/,
    ],
    [
      'an issuer without TLS',
      { 'tenantry:identity': { kind: 'oidc', issuer: 'http://id.example.com', clientId: 'x' } },
      'tenantry:identity.issuer',
      '"http://id.example.com"',
      'https',
    ],
    [
      'a copy in the same region',
      changed('storage', { replicaRegion: 'us-east-1' }),
      'tenantry:storage.replicaRegion',
      '"us-east-1"',
      'other than',
    ],
    [
      'failover to itself',
      changed('edge', { failover: { region: 'us-east-1' } }),
      'tenantry:edge.failover.region',
      '"us-east-1"',
      'other than',
    ],
    [
      'an image without a tag',
      changed('controlPlane', { image: 'registry.example.com/tenantry' }),
      'tenantry:controlPlane.image',
      '"registry.example.com/tenantry"',
      /tag/,
    ],
    [
      'no image at all',
      changed('controlPlane', { image: undefined, imageParameter: undefined }),
      'tenantry:controlPlane.image',
      'not set',
      /or the name of its parameter/,
    ],
    [
      'an image and a parameter',
      changed('controlPlane', {
        image: 'registry.example.com/tenantry:1',
        imageParameter: '/tenantry/prod/image',
      }),
      'tenantry:controlPlane.image',
      'tenantry:1',
      /one of them/,
    ],
    [
      'a parameter with a space',
      changed('controlPlane', { imageParameter: '/tenantry/my image' }),
      'tenantry:controlPlane.imageParameter',
      'my image',
      /such as/,
    ],
    [
      'the image of the day',
      changed('controlPlane', { image: 'registry.example.com/tenantry:latest' }),
      'tenantry:controlPlane.image',
      ':latest"',
      /other than latest/,
    ],
    [
      'two API replicas in prod',
      changed('controlPlane', { apiReplicas: 2 }),
      'tenantry:controlPlane.apiReplicas',
      '2',
      'at least 3 in prod',
    ],
    [
      'an address that is none',
      changed('monitoring', { alertEmail: 'platform' }),
      'tenantry:monitoring.alertEmail',
      '"platform"',
      'e-mail',
    ],
    [
      'a home elsewhere, without its network',
      { 'tenantry:homeRegion': 'us-west-2' },
      'tenantry:homeCidr',
      'not set',
      'cell at home',
    ],
    [
      'a network at home, at home',
      { 'tenantry:homeCidr': '10.64.0.0/16' },
      'tenantry:homeCidr',
      '"10.64.0.0/16"',
      'nothing in the home region',
    ],
    [
      'nobody who pays',
      tagged({ 'cost-center': undefined }),
      'aws:defaultTags.tags.cost-center',
      'not set',
      'string',
    ],
    [
      'the tags of another cell',
      tagged({ 'tenantry:cell': 'prod-eu-west-1' }),
      'aws:defaultTags.tags.tenantry:cell',
      '"prod-eu-west-1"',
      'environment and region',
    ],
    [
      'the tags of another environment',
      tagged({ 'tenantry:environment': 'dev' }),
      'aws:defaultTags.tags.tenantry:environment',
      '"dev"',
      'the environment of',
    ],
    [
      'two architectures in one node group',
      changed('cluster', {
        systemNodes: { instanceTypes: ['m7g.large', 'm7i.large'], min: 3, max: 4, desired: 3 },
      }),
      'tenantry:cluster.systemNodes.instanceTypes',
      '["m7g.large","m7i.large"]',
      'one architecture',
    ],
    [
      'nodes of an unknown family',
      changed('cluster', { nodeImage: 'al2' }),
      'tenantry:cluster.nodeImage',
      '"al2"',
      'bottlerocket@latest',
    ],
  ];

  test.each(wrong)(
    'with %s is refused by key, value and what is allowed',
    (_what, changes, key, value, allowed) => {
      const message = errorOf(changes);
      expect(message).toContain(`${key}: `);
      expect(message).toContain(value);
      expect(message).toMatch(allowed);
    },
  );

  test('tells all that is wrong at once', () => {
    const message = errorOf({ 'tenantry:environment': 'test', ...changed('network', { natGateways: 2 }) });
    expect(message).toContain('tenantry:environment');
    expect(message).toContain('tenantry:network.natGateways');
  });

  test('is checked before the first resource', async () => {
    await expect(infraGraph('prod', changed('network', { natGateways: 2 }))).rejects.toThrow(
      'tenantry:network.natGateways: 2; allowed: 1, 3',
    );
  });
});
