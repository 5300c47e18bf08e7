import { afterAll, describe, expect, test } from 'vitest';
import { CatalogError, catalog, extendCatalog, findProduct } from '../../tenants/catalog/index.ts';
import { faultsOf } from '../../tenants/catalog/schema.ts';
import type { Plan, Product } from '../../tenants/catalog/types.ts';

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
  };
  return {
    id,
    name: id,
    description: 'Of a package beside the tree.',
    plans: [plan],
    meters: [],
    figures: {},
    objectives: [],
    alerts: [],
    namespace: { from: 'tenantId', prefix: `${id}-`, people: 'view' },
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
    expect(catalog).toEqual([...ofTheTree, crm]);
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
      'a slot of no plan',
      ownProduct('erp', { slotPlan: 'gold' }),
      /^product erp: slotPlan: must be the id of one of the plans/,
    ],
    [
      'a slot where the customer chooses the name',
      ownProduct('erp', { namespace: { from: 'slug', prefix: 'erp-', people: 'view' } }),
      /^product erp: slotPlan: must be null/,
    ],
    [
      'a sandbox by an entitlement that it lacks',
      ownProduct('erp', { sandboxEntitlement: 'boxes' }),
      /^product erp: sandboxEntitlement: /,
    ],
    [
      'a label that isolates tenants',
      ownProduct('erp', {
        namespace: {
          from: 'tenantId',
          prefix: 'erp-',
          people: 'view',
          labels: { 'tenantry.dev/tenant': 'owner' },
        },
      }),
      /^product erp: namespace\.labels\..*must not be of kubernetes\.io/,
    ],
    [
      'a namespace of the platform',
      ownProduct('erp', { namespace: { from: 'tenantId', prefix: 'kube-', people: 'view' } }),
      /^product erp: namespace\.prefix: must not begin with kube-/,
    ],
    [
      'a namespace that may be another product’s',
      ownProduct('erp', { namespace: { from: 'tenantId', prefix: 'tenant-x-', people: 'view' } }),
      /^product erp: namespace\.prefix: tenant-x- cannot be told from tenant- of stream/,
    ],
    [
      'a meter of another product',
      ownProduct('erp', { meters: [...(findProduct('stream')?.meters ?? [])].slice(0, 1) }),
      /^product erp: meters\[0\]\.id: stream_vcpu_hours is a meter of stream/,
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
