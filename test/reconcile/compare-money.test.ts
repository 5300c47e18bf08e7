import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareMoney, type MoneyWorld } from '../../automation/reconcile/compare-money.ts';
import { kinds } from '../../automation/reconcile/kinds.ts';
import { type Customer, customers, moneyWorld, now, paying, tenantIdOf } from './worlds.ts';

type Change = (world: MoneyWorld) => MoneyWorld;

const changeListed =
  (
    change: (facts: MoneyWorld['listed'][number]['facts']) => Partial<MoneyWorld['listed'][number]['facts']>,
  ): Change =>
  (world) => ({
    ...world,
    listed: world.listed.map((one) =>
      one.facts.id === 'sub_0' ? { ...one, facts: { ...one.facts, ...change(one.facts) } } : one,
    ),
  });
const changeTenant =
  (change: Partial<MoneyWorld['tenants'][number]>): Change =>
  (world) => ({
    ...world,
    tenants: world.tenants.map((tenant) => (tenant.id === tenantIdOf(0) ? { ...tenant, ...change } : tenant)),
  });
const changeRecord =
  (change: Partial<NonNullable<ReturnType<MoneyWorld['records']['get']>>>): Change =>
  (world) => {
    const record = world.records.get('sub_0');
    return record
      ? { ...world, records: new Map(world.records).set('sub_0', { ...record, ...change }) }
      : world;
  };
const dropListed: Change = (world) => ({
  ...world,
  listed: world.listed.filter(({ facts }) => facts.id !== 'sub_0'),
});
const dropTenant: Change = (world) => ({
  ...world,
  tenants: world.tenants.filter(({ id }) => id !== tenantIdOf(0)),
});
const dropRecord: Change = (world) => {
  const records = new Map(world.records);
  records.delete('sub_0');
  return { ...world, records };
};
const both =
  (...changes: Change[]): Change =>
  (world) =>
    changes.reduce((changed, change) => change(changed), world);

const tenant = tenantIdOf(0);
const seats = (facts: { bought: unknown }) =>
  facts.bought as { product: 'browsers'; plan: string; seats: number };

/** What is changed in a world that agrees, whose customer 0 stands like this, and the one finding that follows. */
const mutations: readonly [string, Customer['standing'], Change, string][] = [
  ['the tenant is not there', 'paying', dropTenant, 'paid-without-tenant:sub_0'],
  ['no word of it reached us', 'paying', both(dropTenant, dropRecord), 'paid-without-tenant:sub_0'],
  [
    'the tenant is suspended for no reason of the brake',
    'paying',
    changeTenant({ desiredState: 'suspended', suspendReason: 'payment_failed' }),
    `paid-not-served:${tenant}`,
  ],
  [
    'payment failed for good',
    'paying',
    changeListed(() => ({ status: 'unpaid' })),
    `unpaid-served:${tenant}`,
  ],
  [
    'nothing was ever paid',
    'paying',
    changeListed(() => ({ status: 'incomplete' })),
    `unpaid-served:${tenant}`,
  ],
  ['the subscription has ended', 'paying', dropListed, `unpaid-served:${tenant}`],
  [
    'the grace is over',
    'in grace',
    changeRecord({ pastDueSince: new Date(now.getTime() - 8 * 86_400_000) }),
    `unpaid-served:${tenant}`,
  ],
  [
    'Stripe does not know the subscription',
    'paying',
    both(dropListed, changeRecord({ missing: true })),
    `subscription-missing:${tenant}`,
  ],
  [
    'another plan is paid',
    'paying',
    changeListed((facts) => ({ bought: { ...seats(facts), plan: 'starter' } })),
    `wrong-plan:${tenant}`,
  ],
  [
    'more seats are paid',
    'paying',
    changeListed((facts) => ({ bought: { ...seats(facts), seats: 77 } })),
    `wrong-seats:${tenant}`,
  ],
  ['the tenant has other seats', 'trying', changeTenant({ seats: 78 }), `wrong-seats:${tenant}`],
  ['it will end', 'paying', changeListed(() => ({ cancelAtPeriodEnd: true })), 'stale-record:sub_0'],
  [
    'a period was paid',
    'paying',
    changeListed(() => ({ currentPeriodEnd: new Date('2027-01-01') })),
    'stale-record:sub_0',
  ],
  ['it tries no more', 'trying', changeListed(() => ({ status: 'active' })), 'stale-record:sub_0'],
  ['it has come to nothing', 'has not paid yet', dropListed, 'stale-record:sub_0'],
  [
    'another product is paid',
    'paying',
    changeListed(() => ({ bought: { product: 'stream', plan: 'business', seats: 1 } })),
    'wrong-product:sub_0',
  ],
  [
    'its price is none of the catalog',
    'paying',
    both(
      dropTenant,
      changeListed(() => ({ bought: { problem: 'no plan has the price x' } })),
    ),
    'subscription-of-nobody:sub_0',
  ],
  [
    'the tenant is deleted',
    'paying',
    changeTenant({ desiredState: 'deleted' }),
    'billed-after-deletion:sub_0',
  ],
  [
    'nothing pays for the tenant',
    'paying',
    both(dropListed, dropRecord, changeTenant({ subscriptionId: null })),
    `tenant-without-subscription:${tenant}`,
  ],
  [
    'a customer is of an organization that is not there',
    'paying',
    (world) => ({ ...world, customersOfNobody: [{ id: 'cus_9', organization: 'org_9', isThere: false }] }),
    'customer-of-nobody:cus_9',
  ],
  [
    'the customer of an organization is not there',
    'paying',
    (world) => ({ ...world, organizationsWithoutCustomer: [{ id: 'org_9', customerId: 'cus_9' }] }),
    'customer-missing:org_9',
  ],
  [
    'usage was not reported',
    'paying',
    (world) => ({
      ...world,
      unreported: ['2026-11-18', '2026-11-19'].map((day) => ({
        tenantId: tenant,
        dimension: 'browsers_sessions',
        day,
        quantity: 5,
      })),
    }),
    `unreported-usage:${tenant}/browsers_sessions`,
  ],
  [
    'the ledger does not add up',
    'paying',
    (world) => ({ ...world, ledger: { ...world.ledger, total: -1 } }),
    'ledger-unbalanced:total',
  ],
  [
    'an account is not what its entries say',
    'paying',
    (world) => ({ ...world, ledger: { ...world.ledger, wrong: [12] } }),
    'ledger-unbalanced:account 12',
  ],
  [
    'holds do not add up',
    'paying',
    (world) => ({ ...world, ledger: { ...world.ledger, wrongHolds: [tenant] } }),
    `ledger-unbalanced:holds of ${tenant}`,
  ],
];

const keysOf = (world: MoneyWorld) => compareMoney(world).map(({ key }) => key);

describe('money and rows', () => {
  test('agree in every world that follows from what customers did', () => {
    fc.assert(fc.property(customers(40), (all) => void expect(keysOf(moneyWorld(all))).toEqual([])));
  });

  test.each(mutations)('%s (%s): exactly one finding', (_what, standing, change, key) => {
    fc.assert(
      fc.property(customers(), (others) => {
        const all = [paying(0, { standing }), ...others.map((one) => ({ ...one, index: one.index + 1 }))];
        expect(keysOf(change(moneyWorld(all)))).toEqual([key]);
      }),
      { numRuns: 20 },
    );
  });

  test('every kind of finding about money has a change that leads to it', () => {
    const covered = new Set(mutations.map(([, , , key]) => key.split(':')[0]));
    const all = Object.entries(kinds).flatMap(([kind, { area }]) => (area === 'money' ? [kind] : []));
    expect(all.filter((kind) => !covered.has(kind))).toEqual([]);
  });

  test.each(
    mutations
      .filter(([, , , key]) => key.endsWith('sub_0') || key.endsWith(tenant))
      .filter(([, , , key]) => !key.startsWith('ledger')),
  )('%s (%s): no finding while somebody is at it', (_what, standing, change) => {
    const world = change(moneyWorld([paying(0, { standing })]));
    const busy = { subscriptions: new Set(['sub_0']), tenants: new Set([tenant]) };
    expect(keysOf({ ...world, busy })).toEqual([]);
  });

  test('a subscription that nobody has heard of counts from when it was made', () => {
    const [found] = compareMoney(dropRecord(dropTenant(moneyWorld([paying(0)]))));
    expect(found).toMatchObject({ since: new Date('2026-11-01T00:00:00Z'), subscriptionId: 'sub_0' });
  });
});
