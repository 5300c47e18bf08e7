import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BillLine, billOfMaterials, databaseClass } from '../../automation/cost/bill.ts';
import { stackConfiguration, UnknownStackError } from '../../automation/cost/configuration.ts';
import { fleetNeeds } from '../../automation/cost/estimate.ts';
import { typicalTenants } from '../../automation/cost/fleet.ts';
import { kept, nodeHours, tenantNeeds } from '../../automation/cost/tenant.ts';
import type { PlatformConfig } from '../../infra/config.ts';

const root = resolve(import.meta.dirname, '../..');
let prod: PlatformConfig;
beforeAll(async () => {
  prod = await stackConfiguration(root, 'prod');
});

const nobody = fleetNeeds([], 0);
const bill = (changes: Partial<PlatformConfig>, needs = nobody) =>
  new Map(billOfMaterials({ ...prod, ...changes }, needs).map((line) => [line.item, line]));
const quantities = (lines: Map<string, BillLine>, ...items: string[]) =>
  items.map((item) => Math.round(lines.get(item)?.quantity ?? 0));

describe('the configuration of a stack', () => {
  test('is read from its file', async () => {
    expect(prod).toMatchObject({ environment: 'prod', region: 'us-east-1' });
    expect(await stackConfiguration(root, 'dev')).toMatchObject({ environment: 'dev' });
  });

  test('is refused by the name of a stack that is not there, with those that are', async () => {
    const missing = stackConfiguration(root, '../prod');
    await expect(missing).rejects.toBeInstanceOf(UnknownStackError);
    await expect(missing).rejects.toThrow(/there are: dev, prod, prod-ap-southeast-1/);
  });
});

describe('what the configuration asks for is billed', () => {
  test('NAT gateways, each with its address', () => {
    const one = bill({ network: { ...prod.network, natGateways: 1 } });
    const three = bill({ network: { ...prod.network, natGateways: 3 } });
    expect(quantities(one, 'NAT gateways', 'public addresses')).toEqual([730, 4 * 730]);
    expect(quantities(three, 'NAT gateways', 'public addresses')).toEqual([3 * 730, 6 * 730]);
  });

  test('a database in two zones at twice the price, replicas in one', () => {
    const database = { ...prod.database, instanceClass: 'db.r8g.large', storageGb: 100, readReplicas: 2 };
    const lines = bill({ database: { ...database, multiAz: true } });
    expect(lines.get('primary')).toMatchObject({
      quantity: 730,
      unitMicros: 478_000,
      costMicros: 730 * 478_000,
    });
    expect(lines.get('read replicas')).toMatchObject({ quantity: 1_460, unitMicros: 239_000 });
    expect(lines.get('storage')).toMatchObject({ quantity: 100, unitMicros: 230_000 });
    expect(lines.get('storage of read replicas')).toMatchObject({ quantity: 200, unitMicros: 115_000 });
    const single = bill({ database: { ...database, multiAz: false, readReplicas: 0 } });
    expect(single.get('primary')?.unitMicros).toBe(239_000);
    expect(single.has('read replicas')).toBe(false);
  });

  test("the tenants' server in the home cell, where the control plane has one to itself", () => {
    const tenants = { instanceClass: 'db.r8g.large', storageGb: 70, maxStorageGb: 100 };
    const lines = bill({ database: { ...prod.database, tenants } });
    expect(lines.get("tenants' server")).toMatchObject({ quantity: 730, unitMicros: 478_000 });
    expect(lines.get("storage of tenants' server")?.quantity).toBe(70);
    expect(bill({ primary: false }).has("tenants' server")).toBe(false);
  });

  test('instances of dedicated tenants', () => {
    const dedicatedInstances = [{ name: 'acme', instanceClass: 'db.m7g.large', storageGb: 50 }];
    const lines = bill({ database: { ...prod.database, dedicatedInstances } });
    expect(lines.get('dedicated instance acme')?.unitMicros).toBe(336_000);
    expect(lines.get('storage of acme')?.quantity).toBe(50);
  });

  test('the cache with its replicas, system nodes, logs where they are kept', () => {
    expect(bill({ cache: { nodeType: 'cache.t4g.small', replicas: 2 } }).get('Valkey')).toMatchObject({
      quantity: 3 * 730,
      unitMicros: 26_000,
    });
    const systemNodes = { instanceTypes: ['t4g.large'], min: 2, max: 4, desired: 2 };
    expect(bill({ cluster: { ...prod.cluster, systemNodes } }).get('system nodes')).toMatchObject({
      quantity: 2 * 730,
      unitMicros: 67_200,
    });
    const needs = { ...nobody, tenants: 100 };
    const monitoring = { ...prod.monitoring, retentionDays: 30 };
    const loki = bill({ monitoring: { ...monitoring, logs: 'loki' } }, needs);
    const cloudwatch = bill({ monitoring: { ...monitoring, logs: 'cloudwatch' } }, needs);
    expect(quantities(loki, 'logs kept by Loki', 'logs of the cluster')).toEqual([120, 20]);
    expect(quantities(cloudwatch, 'logs kept by Loki', 'logs of the cluster')).toEqual([0, 140]);
  });

  test('copies in another region, keys of them, sign-in', () => {
    const needs = { ...nobody, objectsGb: 300, users: 40 };
    const copied = bill({ storage: { replicaRegion: 'us-west-2' } }, needs);
    expect(quantities(copied, 'copies in another region', 'copying to another region', 'keys')).toEqual([
      300, 100, 12,
    ]);
    const alone = bill({ storage: {} }, needs);
    expect(quantities(alone, 'copies in another region', 'copying to another region', 'keys')).toEqual([
      0, 0, 8,
    ]);
    expect(bill({}, needs).get('people who sign in')?.quantity).toBe(40);
    const oidc = { kind: 'oidc', issuer: 'https://id.example.com', clientId: 'x' } as const;
    expect(bill({ identity: oidc }, needs).has('people who sign in')).toBe(false);
  });

  test('at the prices of its region', () => {
    const here = bill({}).get('NAT gateways');
    const singapore = bill({ region: 'ap-southeast-1' }).get('NAT gateways');
    expect(singapore?.costMicros).toBe(Math.round((here?.costMicros ?? 0) * 1.247));
  });
});

describe('a database for many tenants', () => {
  test.each([
    ['db.r8g.large', 1, 'db.r8g.large'],
    ['db.r8g.large', 200, 'db.r8g.large'],
    ['db.r8g.large', 201, 'db.r8g.xlarge'],
    ['db.r8g.xlarge', 100, 'db.r8g.xlarge'],
    ['db.r8g.xlarge', 2_000, 'db.r8g.8xlarge'],
    ['db.t4g.medium', 300, 'db.r8g.xlarge'],
    ['db.m7g.xlarge', 500, 'db.m7g.2xlarge'],
    ['db.r8g.large', 1_000_000, 'db.r8g.24xlarge'],
  ])('configured as %s with %d of them is a %s', (configured, tenants, needed) => {
    expect(databaseClass(configured, tenants)).toBe(needed);
  });
});

describe('what a tenant needs', () => {
  test('nodes are filled by processors or by memory, whichever is more', () => {
    expect(nodeHours(3.2, 0)).toBeCloseTo(1);
    expect(nodeHours(0, 12)).toBeCloseTo(1);
    expect(nodeHours(3.2, 24)).toBeCloseTo(2);
  });

  test.each([
    [7, { standardGb: 7, infrequentGb: 0, glacierGb: 0 }],
    [30, { standardGb: 7, infrequentGb: 23, glacierGb: 0 }],
    [90, { standardGb: 7, infrequentGb: 83, glacierGb: 0 }],
    [365, { standardGb: 7, infrequentGb: 83, glacierGb: 275 }],
    [0, { standardGb: 0, infrequentGb: 0, glacierGb: 0 }],
  ])('recordings kept %d days lie in three classes', (retentionDays, where) => {
    expect(kept(30, retentionDays)).toEqual(where);
  });

  test('comes from the plan', () => {
    const needsOf = (product: string, plan: string) => {
      const typical = typicalTenants().find((each) => each.product.id === product && each.plan.id === plan);
      if (!typical) throw new Error(`${product}/${plan}`);
      return tenantNeeds(typical);
    };
    expect(needsOf('workspace', 'byoc')).toMatchObject({ volumeGb: 50, databaseGb: 0 });
    expect(needsOf('workspace', 'we-manage').nodeHours).toBeCloseTo(
      2 * needsOf('workspace', 'byoc').nodeHours,
    );
    expect(needsOf('browsers', 'starter').nodeHours).toBe(0);
    expect(needsOf('stream', 'free').recordings.infrequentGb).toBe(0);
    expect(needsOf('stream', 'enterprise').recordings.glacierGb).toBeGreaterThan(0);
  });
});
