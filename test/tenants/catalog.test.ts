import { describe, expect, test } from 'vitest';
import {
  catalog,
  findPlan,
  findProduct,
  namespaceFor,
  parsePlanLookupKey,
  planLookupKey,
  platform,
} from '../../tenants/catalog/index.ts';
import type { Plan, PlanPrice, ProductId, Threshold } from '../../tenants/catalog/types.ts';
import { everyPlan } from './specs.ts';

/** Figures of `requirements.md`, written out: this table and the catalog are two readings of the same text. */

const Gi = 1024 ** 3;
const GB = 1e9;

const monthly = (dollars: number): PlanPrice => ({
  kind: 'flat',
  priceCents: dollars * 100,
  interval: 'month',
});
const perSeat = (dollars: number): PlanPrice => ({
  kind: 'perSeat',
  priceCents: dollars * 100,
  interval: 'month',
  maxSeats: 10_000,
});
const custom: PlanPrice = { kind: 'custom' };

const required: readonly [ProductId, string, PlanPrice, Partial<Plan>, Plan['entitlements']][] = [
  [
    'workspace',
    'byoc',
    monthly(15),
    { compute: { cpuMillis: 2_000, memoryBytes: 4 * Gi }, volumeBytes: 50 * Gi, dataIsolation: 'none' },
    { concurrentSessions: 1, apiCallsPerMonth: null, apiKey: 'own' },
  ],
  [
    'workspace',
    'we-manage',
    monthly(20),
    { compute: { cpuMillis: 4_000, memoryBytes: 8 * Gi }, volumeBytes: 100 * Gi, dataIsolation: 'none' },
    { concurrentSessions: 3, apiCallsPerMonth: 1_000 },
  ],
  ['browsers', 'starter', monthly(0), { warmPods: 0, dataIsolation: 'none' }, { sessionsPerMonth: 0 }],
  [
    'browsers',
    'professional',
    monthly(49),
    { warmPods: 5, dataIsolation: 'none' },
    { sessionsPerMonth: 5_000 },
  ],
  ['browsers', 'enterprise', custom, { warmPods: 5, dataIsolation: 'none' }, { sessionsPerMonth: 50_000 }],
  [
    'inbox',
    'starter',
    monthly(49),
    { dataIsolation: 'schema' },
    { emailsPerMonth: 500, projects: 2, apiBudgetCents: 2_000 },
  ],
  [
    'inbox',
    'professional',
    monthly(149),
    { dataIsolation: 'schema' },
    { emailsPerMonth: 2_000, projects: null, apiBudgetCents: 10_000 },
  ],
  [
    'inbox',
    'enterprise',
    custom,
    { dataIsolation: 'database' },
    { emailsPerMonth: null, projects: null, apiBudgetCents: null },
  ],
  [
    'agents',
    'free',
    monthly(0),
    { dataIsolation: 'schema' },
    {
      tasksPerMonth: 10,
      agents: ['opencode'],
      requestsPerMinute: 5,
      privateSandboxes: false,
      apiAccess: false,
    },
  ],
  [
    'agents',
    'pro',
    monthly(19),
    { dataIsolation: 'schema' },
    {
      tasksPerMonth: 100,
      agents: ['claude', 'codex', 'perplexity', 'cursor', 'opencode'],
      priority: true,
      privateSandboxes: false,
      apiAccess: false,
    },
  ],
  [
    'agents',
    'enterprise',
    monthly(99),
    { dataIsolation: 'database' },
    { tasksPerMonth: null, priority: true, privateSandboxes: true, apiAccess: true },
  ],
  [
    'stream',
    'free',
    monthly(0),
    { dataIsolation: 'schema' },
    {
      sessions: 1,
      memoryGb: 2,
      recordingRetentionDays: 7,
      compliance: false,
      availabilityBasisPoints: 9_900,
    },
  ],
  [
    'stream',
    'professional',
    perSeat(29),
    { dataIsolation: 'schema' },
    {
      sessions: 5,
      memoryGb: 16,
      recordingRetentionDays: 30,
      compliance: false,
      availabilityBasisPoints: 9_950,
    },
  ],
  [
    'stream',
    'business',
    perSeat(99),
    {
      quota: {
        cpuMillis: 100_000,
        memoryBytes: 200 * Gi,
        storageBytes: 1024 * Gi,
        pods: 500,
        services: 100,
        persistentVolumeClaims: 100,
      },
      dataIsolation: 'schema',
    },
    {
      sessions: 20,
      memoryGb: 64,
      recordingRetentionDays: 90,
      compliance: true,
      availabilityBasisPoints: 9_990,
      rtoMinutes: 60,
      rpoMinutes: 60,
    },
  ],
  [
    'stream',
    'enterprise',
    custom,
    { dataIsolation: 'database' },
    {
      recordingRetentionDays: 365,
      compliance: true,
      availabilityBasisPoints: 9_999,
      rtoMinutes: 15,
      rpoMinutes: 5,
    },
  ],
];

describe('the catalog holds what the requirements say', () => {
  test('all their plans and no others, cheapest first', () => {
    expect(everyPlan).toEqual(required.map(([product, plan]) => [product, plan]));
  });

  test.each(required)(
    '%s %s has its price, limits and entitlements',
    (product, planId, price, plan, entitlements) => {
      const found = findPlan(product, planId);
      expect(found?.price).toEqual(price);
      expect(found).toMatchObject(plan);
      expect(found?.entitlements).toMatchObject(entitlements);
    },
  );

  test.each(['professional', 'enterprise'])(
    'browsers %s scales 5..50 within 50 pods and 6.4 GB',
    (planId) => {
      const plan = findPlan('browsers', planId);
      expect(plan?.autoscaling).toMatchObject({ minReplicas: 5, maxReplicas: 50 });
      expect(plan?.quota).toMatchObject({ pods: 50, memoryBytes: 6.4 * GB });
    },
  );

  test.each(['free', 'professional', 'business', 'enterprise'])(
    'stream %s scales 0..10 at its pace',
    (planId) => {
      expect(findPlan('stream', planId)?.autoscaling).toEqual({
        minReplicas: 0,
        maxReplicas: 10,
        cpuUtilizationPercent: 70,
        memoryUtilizationPercent: 80,
        scaleDown: { pods: 1, periodSeconds: 60, stabilizationSeconds: 300 },
        scaleUp: { pods: 2, periodSeconds: 30, stabilizationSeconds: 0 },
        recommendsRequests: true,
      });
    },
  );

  test.each([
    ['browsers_sessions', 10_000, 2_107],
    ['agents_tasks_claude', null, 500_000],
    ['agents_tasks_codex', null, 300_000],
    ['agents_tasks_perplexity', null, 200_000],
    ['agents_tasks_cursor', null, 250_000],
    ['agents_tasks_opencode', null, 0],
    ['stream_vcpu_hours', 50_000, null],
    ['stream_memory_gb_hours', 10_000, null],
    ['stream_storage_gb_months', 100_000, null],
  ])('%s is priced and costs so many micro-dollars', (id, unitPriceMicros, unitCostMicros) => {
    const meter = catalog.flatMap(({ meters }) => meters).find((candidate) => candidate.id === id);
    expect(meter).toMatchObject({ unitPriceMicros, unitCostMicros });
  });

  const figuresOf = ({ comparison, value, unit, forSeconds }: Threshold) => [
    comparison,
    value,
    unit,
    forSeconds,
  ];

  test('these alerts and no others', () => {
    const all = [
      ...catalog.map(({ id, alerts }) => ({ id, alerts })),
      { id: 'platform', alerts: platform.alerts },
    ].flatMap(({ id, alerts }) =>
      Object.entries(alerts).map(([name, alert]) => [`${id}.${name}`, ...figuresOf(alert)]),
    );
    expect(all).toEqual([
      ['workspace.memory', 'above', 90, 'percent', 300],
      ['platform.serverErrors', 'above', 1, 'percent', 0],
      ['platform.slowAnswers', 'above', 500, 'ms', 0],
      ['platform.disk', 'below', 20, 'percent', 0],
      ['platform.certificate', 'below', 30, 'days', 0],
      ['platform.poolExhausted', 'atMost', 0, 'connections', 0],
      ['platform.billingSync', 'above', 0, 'failures', 0],
      ['platform.subscriptionEnds', 'below', 3, 'days', 0],
    ]);
  });

  test('these objectives and no others', () => {
    const all = catalog.flatMap(({ objectives }) => objectives);
    expect(all.map((objective) => [objective.id, ...figuresOf(objective)])).toEqual([
      ['browsers-namespace', 'atMost', 1_000, 'ms', 0],
      ['browsers-session-create', 'below', 200, 'ms', 0],
      ['browsers-session-create-warm', 'below', 100, 'ms', 0],
      ['browsers-session-create-on-demand', 'atMost', 500, 'ms', 0],
      ['browsers-warm-hit-rate', 'above', 90, 'percent', 0],
      ['browsers-orphans', 'atMost', 0, 'objects', 0],
    ]);
  });

  test('figures of whole products and of the platform', () => {
    expect(catalog.flatMap(({ id, credits }) => (credits ? [[id, credits]] : []))).toEqual([
      ['browsers', { entitlement: 'sessionsPerMonth', creditsPerUse: 1 }],
    ]);
    expect(catalog.flatMap(({ id, budget }) => (budget ? [[id, budget]] : []))).toEqual([
      ['inbox', { entitlement: 'apiBudgetCents', callsKeptDays: 90 }],
    ]);
    expect(platform).toMatchObject({
      metering: { sampleMinutes: 5, reportHours: 24 },
      recordings: { standardDays: 7, infrequentAccessUntilDay: 90 },
      backupIntervalHours: 6,
      escalationMinutes: 15,
      regions: ['us-east-1', 'us-west-2', 'eu-west-1', 'ap-southeast-1'],
      availabilityZones: 3,
      database: { pointInTimeRecoveryDays: 35 },
      nodes: {
        maxCpuMillis: 1_000_000,
        maxMemoryBytes: 2_000 * Gi,
        emptyAfterSeconds: 300,
        replacedAfterDays: 7,
      },
      monthlyCost: [
        { tenants: 100, costCents: 465_000 },
        { tenants: 500, costCents: 1_790_000 },
        { tenants: 2_000, costCents: 6_160_000 },
      ],
    });
  });

  test.each([
    ['workspace', 'beta-user-a1b2c3d4', 'byoc'],
    ['browsers', 'customer-a1b2c3d4', 'professional'],
    ['inbox', 'inbox-a1b2c3d4', 'starter'],
    ['agents', 'agents-a1b2c3d4', 'pro'],
    ['stream', 'tenant-acme', null],
  ])('%s names its namespaces %s and prepares slots of plan %s', (productId, namespace, slotPlan) => {
    const product = findProduct(productId);
    expect(product && namespaceFor(product, { tenantId: 'a1b2c3d4', slug: 'acme' })).toBe(namespace);
    expect(product?.slotPlan).toBe(slotPlan);
  });
});

describe('the catalog agrees with itself', () => {
  const plans = catalog.flatMap((product) =>
    product.plans.map((plan) => [product.id, plan.id, product, plan] as const),
  );

  test('ids are unique: products, plans of a product, meters and thresholds over all', () => {
    for (const ids of [
      catalog.map(({ id }) => id),
      ...catalog.map(({ plans }) => plans.map(({ id }) => id)),
      catalog.flatMap(({ meters }) => meters.map(({ id }) => id)),
      catalog.flatMap(({ objectives }) => objectives.map(({ id }) => id)),
      catalog.map(({ namespace }) => namespace.prefix),
    ]) {
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test.each(plans)('%s %s: every number is a safe integer, none negative', (_product, _id, _entry, plan) => {
    // The typical month is an assumption of the cost model, not a figure of the plan.
    const { typicalMonth, ...figures } = plan;
    expect(Math.min(...numbersIn(typicalMonth).map(([, number]) => number))).toBeGreaterThanOrEqual(0);
    for (const [path, number] of numbersIn(figures)) {
      expect(Number.isSafeInteger(number) && number >= 0, `${path} = ${number}`).toBe(true);
    }
  });

  test.each(plans)('%s %s: the quota holds what the plan promises', (_product, _id, _entry, plan) => {
    const most = Math.max(plan.autoscaling?.maxReplicas ?? 1, plan.warmPods);
    const { quota, compute } = plan;
    if (compute) {
      expect(quota.cpuMillis).toBeGreaterThanOrEqual(most * compute.cpuMillis);
      expect(quota.memoryBytes).toBeGreaterThanOrEqual(most * compute.memoryBytes);
      expect(quota.pods).toBeGreaterThanOrEqual(most);
      expect(quota.services).toBeGreaterThanOrEqual(1);
    }
    expect(quota.storageBytes).toBeGreaterThanOrEqual(plan.volumeBytes ?? 0);
    expect(plan.databaseConnections > 0).toBe(plan.dataIsolation !== 'none');
  });

  test.each(catalog.map((product) => [product.id, product] as const))(
    '%s: all plans name the same entitlements, and a slot has one of them',
    (_id, product) => {
      const [first, ...others] = product.plans.map(({ entitlements }) => Object.keys(entitlements).sort());
      for (const keys of others) expect(keys).toEqual(first);
      expect([null, ...product.plans.map(({ id }) => id)]).toContain(product.slotPlan);
      expect(product.slotPlan === null).toBe(product.namespace.from === 'slug');
    },
  );

  test.each(plans)('%s %s: its lookup key leads back to it', (productId, planId, product, plan) => {
    expect(parsePlanLookupKey(planLookupKey(productId, planId))).toEqual({ product, plan });
  });

  test.each([
    '',
    'tenantry',
    'tenantry:workspace',
    'tenantry:workspace:',
    'tenantry:workspace:gold',
    'tenantry:nothing:byoc',
    'tenantry:workspace:byoc:extra',
    'other:workspace:byoc',
    'TENANTRY:workspace:byoc',
    'tenantry:workspace:byoc\n',
    'tenantry:__proto__:constructor',
  ])('the lookup key %j means nothing', (key) => {
    expect(parsePlanLookupKey(key)).toBeNull();
  });
});

function numbersIn(value: unknown, path = ''): [path: string, number: number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersIn(inner, `${path}.${key}`));
}
