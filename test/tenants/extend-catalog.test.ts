import { afterAll, describe, expect, test } from 'vitest';
import { typicalTenants } from '../../automation/cost/fleet.ts';
import { monthTakes, prices, termsOf } from '../../automation/metering/dimensions.ts';
import { limitRows, noticeText } from '../../automation/metering/limits.ts';
import { makeStatement } from '../../automation/metering/statement.ts';
import { monthNamed } from '../../automation/metering/time.ts';
import { CatalogError, catalog, extendCatalog, findProduct } from '../../tenants/catalog/index.ts';
import { viewer } from '../../tenants/catalog/roles.ts';
import { faultsOf } from '../../tenants/catalog/rules.ts';
import type { Measure, MeteredDimension, Plan, Product } from '../../tenants/catalog/types.ts';

/** A product of somebody's own, as small as one can be. */
function ownProduct(id: string, changes: Partial<Product> = {}): Product {
  const plan: Plan = {
    id: 'basic',
    name: 'Basic',
    price: { kind: 'flat', priceCents: 900, interval: 'month' },
    features: [],
    entitlements: {},
    compute: null,
    volumeBytes: null,
    quota: {},
    autoscaling: null,
    warmPods: 0,
    dataIsolation: 'none',
    databaseConnections: 0,
    typicalMonth: {
      share: 100,
      users: 1,
      podHours: 0,
      databaseGb: 0,
      egressGb: 0,
      ingressGb: 0,
      requestsThousands: 1,
    },
  };
  return {
    id,
    name: id,
    description: 'Of a package beside the tree.',
    plans: [plan],
    meters: [],
    limits: [],
    objectives: [],
    alerts: {},
    namespace: { from: 'tenantId', prefix: `${id}-`, people: viewer },
    slotPlan: 'basic',
    image: 'registry.example.com/own:1',
    runtime: {
      ports: [{ name: 'http', port: 8080 }],
      scheme: 'http',
      args: [],
      env: {},
      volumePath: null,
      livePath: null,
      readyPath: null,
      scratchBytes: 1_000_000,
      internetPorts: [],
      terminationGraceSeconds: 10,
    },
    ...changes,
  };
}

const meter = (id: string, measure: Measure): MeteredDimension => ({
  id,
  name: id,
  unit: 'call',
  measure,
  section: 'other',
  unitPriceMicros: null,
  unitCostMicros: null,
});

const planOf = (id: string, changes: Partial<Plan>) =>
  ownProduct(id, { plans: ownProduct(id).plans.map((plan) => ({ ...plan, ...changes })) });

const ofTheTree = [...catalog];
afterAll(() => expect(catalog.slice(0, ofTheTree.length)).toEqual(ofTheTree));

test.each(ofTheTree.map((product) => [product.id, product] as const))('%s may be sold', (_id, product) => {
  expect(faultsOf(product)).toEqual([]);
});

describe('a product of a package', () => {
  test('is found beside those of the tree, and a second time changes nothing', () => {
    const crm = ownProduct('crm');
    extendCatalog([crm]);
    extendCatalog([crm]);
    expect(findProduct('crm')).toBe(crm);
    expect(catalog.slice(ofTheTree.length)).toEqual([crm]);
  });

  test('may apply numbers by itself, where it says so', () => {
    const own = { ...planOf('crm2', { entitlements: { seats: 5 } }), applies: ['seats'] };
    extendCatalog([own]);
    expect(findProduct('crm2')).toBe(own);
  });

  test('has its meters charged, limited, averaged and shown as it says, though it came later', () => {
    const limited = ownProduct('pos', {
      plans: planOf('pos', { entitlements: { tills: 3, receipts: 500 } }).plans,
      meters: [
        { ...meter('pos_receipts', { from: 'told', as: 'count' }), unitPriceMicros: 20 },
        meter('pos_tills', { from: 'told', as: 'peak' }),
        { ...meter('pos_archive', { from: 'storage', as: 'level' }), section: 'storage' },
      ],
      limits: [
        { entitlement: 'tills', name: 'tills at once', meters: ['pos_tills'] },
        { entitlement: 'receipts', name: 'receipts of this month', meters: ['pos_receipts'] },
      ],
    });
    extendCatalog([limited]);
    expect(limitRows().filter(({ product }) => product === 'pos')).toMatchObject([
      { id: 'tills', take: 'peak', limitMicroUnits: 3_000_000 },
      { id: 'receipts', take: 'sum', dimensions: ['pos_receipts'] },
    ]);
    expect(noticeText('pos', 'tills', 80, 2_400_000, 3_000_000)).toContain('tills at once');
    expect(prices().get('pos_receipts')).toBe(20);
    expect([monthTakes().get('pos_tills'), monthTakes().get('pos_archive')]).toEqual(['peak', 'average']);
    expect(termsOf(monthNamed('2026-11')).filter(({ product }) => product === 'pos')).toHaveLength(3);
    const used = [{ dimension: 'pos_archive', microUnits: 1_000_000 }];
    expect(makeStatement(monthNamed('2026-11'), [], used).lines).toMatchObject([{ section: 'storage' }]);
    expect(typicalTenants().some(({ product }) => product === limited)).toBe(true);
  });

  const compute = { cpuMillis: 500, memoryBytes: 1_000_000 };
  test.each<[string, Product, RegExp]>([
    ['an id of the tree', ownProduct('stream'), /^product stream: id: another product has it/],
    ['no id', ownProduct('Two Words'), /^product Two Words: id: must be a letter, then/],
    ['no plans', ownProduct('erp', { plans: [] }), /^product erp: plans: /],
    [
      'a price below zero',
      planOf('erp', { price: { kind: 'flat', priceCents: -1, interval: 'month' } }),
      /^product erp: plans\[0\]\.price\.priceCents: /,
    ],
    [
      'pods beyond its quota',
      planOf('erp', { compute, quota: { pods: 1, cpuMillis: 499 } }),
      /^product erp: plans\[0\]\.quota\.cpuMillis: must be at least 500/,
    ],
    [
      'rows without connections',
      planOf('erp', { dataIsolation: 'schema' }),
      /^product erp: plans\[0\]\.databaseConnections: must be above 0/,
    ],
    [
      'a key in a namespace in which people may write',
      ownProduct('erp', {
        runtime: { ...ownProduct('erp').runtime, readsTenant: true },
        namespace: {
          ...ownProduct('erp').namespace,
          people: findProduct('stream')?.namespace.people ?? viewer,
        },
      }),
      /^product erp: runtime\.readsTenant: must be left out where people may write/,
    ],
    ...(
      [
        ['Secrets', '', 'secrets', 'list', 'list secrets'],
        ['a way into containers', '', 'pods/exec', 'get', 'get pods/exec'],
        ['all kinds', '', '*', 'get', 'get *'],
        ['all that can be done', 'batch', 'jobs', '*', '* jobs.batch'],
        ['kinds that nothing counts or judges', 'batch', 'cronjobs', 'create', 'create cronjobs.batch'],
        ['its own limits', '', 'resourcequotas', 'update', 'update resourcequotas'],
        ['rights', 'rbac.authorization.k8s.io', 'roles', 'bind', 'bind roles.rbac.authorization.k8s.io'],
      ] as const
    ).map(([what, group, resource, verb, said]): [string, Product, RegExp] => [
      `a role that gives people ${what}`,
      ownProduct('erp', {
        namespace: {
          from: 'tenantId',
          prefix: 'erp-',
          people: {
            name: 'erp-people',
            rules: [...viewer.rules, { apiGroups: [group], resources: [resource], verbs: [verb] }],
          },
        },
      }),
      new RegExp(
        `^product erp: namespace\\.people\\.rules\\[3\\]: must not let people ${said.replace(/[*.]/g, '\\$&')};`,
      ),
    ]),
    [
      'a slot of no plan',
      ownProduct('erp', { slotPlan: 'gold' }),
      /^product erp: slotPlan: must be the id of one of the plans/,
    ],
    [
      'a slot where the customer chooses the name',
      ownProduct('erp', { namespace: { from: 'slug', prefix: 'erp-', people: viewer } }),
      /^product erp: slotPlan: must be null/,
    ],
    [
      'a sandbox by an entitlement that it lacks',
      ownProduct('erp', { sandboxes: { entitlement: 'boxes', ports: [], internetPorts: [] } }),
      /^product erp: sandboxes\.entitlement: /,
    ],
    [
      'a label that isolates tenants',
      ownProduct('erp', {
        namespace: {
          from: 'tenantId',
          prefix: 'erp-',
          people: viewer,
          labels: { 'tenantry.dev/tenant': 'owner' },
        },
      }),
      /^product erp: namespace\.labels\..*must not be of kubernetes\.io/,
    ],
    [
      'a namespace of the platform',
      ownProduct('erp', { namespace: { from: 'tenantId', prefix: 'kube-', people: viewer } }),
      /^product erp: namespace\.prefix: must not begin with kube-/,
    ],
    [
      'a namespace that may be another product’s',
      ownProduct('erp', { namespace: { from: 'tenantId', prefix: 'tenant-x-', people: viewer } }),
      /^product erp: namespace\.prefix: tenant-x- cannot be told from tenant- of stream/,
    ],
    [
      'a meter of another product',
      ownProduct('erp', { meters: [...(findProduct('stream')?.meters ?? [])].slice(0, 1) }),
      /^product erp: meters\[0\]\.id: stream_vcpu_hours is a meter of stream/,
    ],
    [
      'a number that nobody counts',
      planOf('erp', { entitlements: { callsPerMonth: 100, beta: true, seats: null } }),
      /^product erp: plans\[\]\.entitlements\.callsPerMonth: nothing counts it; name it in limits.*$/,
    ],
    [
      'a limit on an entitlement that is no number',
      ownProduct('erp', {
        ...planOf('erp', { entitlements: { beta: true } }),
        limits: [{ entitlement: 'beta', name: 'b', meters: ['erp_calls'] }],
        meters: [meter('erp_calls', { from: 'told', as: 'count' })],
      }),
      /^product erp: limits\[0\]\.entitlement: beta must be an entitlement of every plan, a number or null/,
    ],
    [
      'a limit that counts a meter of nobody',
      ownProduct('erp', {
        ...planOf('erp', { entitlements: { calls: 5 } }),
        limits: [{ entitlement: 'calls', name: 'calls', meters: ['erp_calls'] }],
      }),
      /^product erp: limits\[0\]\.meters: must be meters of the product/,
    ],
    [
      'a limit that counts an average',
      ownProduct('erp', {
        ...planOf('erp', { entitlements: { gb: 5 } }),
        limits: [{ entitlement: 'gb', name: 'GB', meters: ['erp_gb'] }],
        meters: [meter('erp_gb', { from: 'storage', as: 'level' })],
      }),
      /^product erp: limits\[0\]\.meters: must not be meters of a level/,
    ],
    [
      'a level added that is none',
      ownProduct('erp', {
        meters: [
          meter('erp_gb_months', { from: 'storage', as: 'month', withLevel: 'erp_calls' }),
          meter('erp_calls', { from: 'told', as: 'count' }),
        ],
      }),
      /^product erp: meters\[0\]\.measure\.withLevel: must be a meter of the product that is told as a level/,
    ],
    [
      'no typical month',
      planOf('erp', { typicalMonth: undefined } as unknown as Partial<Plan>),
      /^product erp: plans\[0\]\.typicalMonth: /,
    ],
    [
      'a field that there is not',
      { ...ownProduct('erp'), colour: 'red' } as Product,
      /^product erp: the product: .*colour/,
    ],
  ])('with %s is refused, by a message that names the field', (_what, product, message) => {
    const before = [...catalog];
    expect(() => extendCatalog([ownProduct('fine'), product])).toThrow(message);
    expect(catalog, 'and none of those that came with it is on sale').toEqual(before);
  });

  test('names everything that is wrong at once', () => {
    const wrong = [ownProduct('wms', { plans: [] }), ownProduct('wms'), ownProduct('wms')];
    expect(() => extendCatalog(wrong)).toThrow(CatalogError);
    expect(() => extendCatalog(wrong)).toThrow(/plans: [\s\S]*id: another product has it/);
  });
});
