/** Worlds in which everything agrees, made of what customers did; whatever is changed in one is a disagreement. */
import fc from 'fast-check';
import type { Running } from '../../automation/health/index.ts';
import { defaultPolicy } from '../../automation/policy.ts';
import type { CellTenant, CellWorld } from '../../automation/reconcile/compare-cell.ts';
import type { MoneyWorld, PaidTenant, SubscriptionRecord } from '../../automation/reconcile/compare-money.ts';
import { defaultReconcilePolicy } from '../../automation/reconcile/policy.ts';
import { findPlan } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';

export const now = new Date('2026-11-21T12:00:00Z');
export const longAgo = new Date('2026-11-01T00:00:00Z');
const periodEnd = new Date('2026-12-01T00:00:00Z');

/** One customer of ours, and how they stand. */
export interface Customer {
  readonly index: number;
  readonly bought: { readonly product: ProductId; readonly plan: string };
  readonly seats: number;
  readonly standing:
    | 'paying'
    | 'trying'
    | 'in grace'
    | 'overdue'
    | 'unpaid'
    | 'out of credits'
    | 'ended'
    | 'gone'
    | 'has not paid yet'
    | 'slot';
  readonly rows: 'none' | 'schema' | 'database';
}

const offers = [
  { product: 'workspace', plan: 'byoc' },
  { product: 'browsers', plan: 'professional' },
  { product: 'inbox', plan: 'starter' },
  { product: 'stream', plan: 'business' },
] as const;

export const standings = [
  'paying',
  'trying',
  'in grace',
  'overdue',
  'unpaid',
  'out of credits',
  'ended',
  'gone',
  'has not paid yet',
] as const;

/** Up to so many customers; slots only of products that have them. */
export function customers(most = 12): fc.Arbitrary<Customer[]> {
  const customer = fc.record({
    bought: fc.constantFrom(...offers),
    seats: fc.integer({ min: 1, max: 9 }),
    standing: fc.constantFrom(...standings),
    rows: fc.constantFrom('none', 'schema', 'database'),
  });
  const slot = fc.record({
    bought: fc.constantFrom(...offers.slice(0, 3)),
    seats: fc.constant(1),
    standing: fc.constant('slot' as const),
    rows: fc.constant('none' as const),
  });
  return fc
    .array(fc.oneof({ weight: 5, arbitrary: customer }, { weight: 1, arbitrary: slot }), { maxLength: most })
    .map((all) => all.map((one, index) => ({ ...one, index })) as Customer[]);
}

export const paying = (index: number, over: Partial<Customer> = {}): Customer => ({
  index,
  bought: offers[1],
  seats: 1,
  standing: 'paying',
  rows: 'schema',
  ...over,
});

export function tenantIdOf(index: number): string {
  return `t${index.toString(36).padStart(7, '0')}`;
}

const statusOf = {
  paying: 'active',
  trying: 'trialing',
  'in grace': 'past_due',
  overdue: 'past_due',
  unpaid: 'unpaid',
  'out of credits': 'active',
  ended: 'canceled',
  gone: 'canceled',
  'has not paid yet': 'incomplete',
} as const;

const suspendedBecause: Partial<Record<Customer['standing'], string>> = {
  overdue: 'payment_overdue',
  unpaid: 'payment_failed',
  'out of credits': 'credits_exhausted',
  ended: 'subscription_ended',
};

export function moneyWorld(all: readonly Customer[]): MoneyWorld {
  const listed: MoneyWorld['listed'][number][] = [];
  const records = new Map<string, SubscriptionRecord>();
  const tenants: PaidTenant[] = [];
  for (const { index, bought, seats, standing } of all) {
    const id = `sub_${index}`;
    if (standing !== 'slot') {
      const status = statusOf[standing];
      const pastDueDays = standing === 'in grace' ? 1 : standing === 'overdue' ? 8 : null;
      if (status !== 'canceled')
        listed.push({
          createdAt: longAgo,
          facts: {
            id,
            status,
            customerId: `cus_${index}`,
            owner: `owner-${index}`,
            slug: null,
            checkoutId: null,
            region: null,
            residency: null,
            currentPeriodEnd: periodEnd,
            cancelAtPeriodEnd: false,
            bought: { ...bought, seats },
          },
        });
      records.set(id, {
        id,
        status,
        ...bought,
        seats,
        currentPeriodEnd: periodEnd,
        cancelAtPeriodEnd: false,
        pastDueSince: pastDueDays === null ? null : new Date(now.getTime() - pastDueDays * 86_400_000),
        problem: null,
        missing: false,
      });
    }
    if (standing === 'has not paid yet' || standing === 'gone') continue;
    const suspendReason = suspendedBecause[standing] ?? null;
    tenants.push({
      id: tenantIdOf(index),
      ...bought,
      seats,
      subscriptionId: standing === 'slot' ? null : id,
      slot: standing === 'slot',
      desiredState: suspendReason === null ? 'active' : 'suspended',
      suspendReason,
      deleteAfter: standing === 'ended' ? new Date('2026-12-15T00:00:00Z') : null,
    });
  }
  return {
    listed,
    records,
    tenants,
    customersOfNobody: [],
    organizationsWithoutCustomer: [],
    unreported: [],
    ledger: { accounts: 4, entries: 9, total: 0, wrong: [], wrongHolds: [] },
    busy: { subscriptions: new Set(), tenants: new Set() },
    now,
    policy: defaultPolicy,
  };
}

export function cellWorld(all: readonly Customer[]): CellWorld {
  const standing = all.filter((one) => one.standing !== 'gone' && one.standing !== 'has not paid yet');
  const tenants = standing.map(cellTenant);
  return {
    tenants,
    namespaces: tenants.map(({ id, namespace, plan }) => ({
      name: namespace,
      tenantId: id,
      plan,
      createdAt: longAgo,
      deletedAt: null,
    })),
    objects: tenants.flatMap(({ id, namespace, objects }) =>
      objects.map((object) => {
        const [kind = '', name = ''] = object.split('/');
        return { kind, name, namespace, tenantId: id, deletedAt: null };
      }),
    ),
    leftObjects: [],
    databaseObjects: tenants.flatMap(({ id, database }) => {
      if (database === null) return [];
      const place = { server: null, tenantId: id };
      return [
        { kind: 'role' as const, name: database.role, ...place },
        database.name === null
          ? { kind: 'schema' as const, name: database.schema, ...place }
          : { kind: 'database' as const, name: database.name, ...place },
      ];
    }),
    stacks: new Set([...tenants.map(({ id }) => id), 'kept0001']),
    reserved: new Set(['kept0001']),
    leases: [],
    running: new Map(tenants.map((tenant) => [tenant.id, runningOf(tenant)])),
    slotProducts: new Set(['workspace', 'browsers', 'inbox', 'agents']),
    busy: new Set(),
    now,
    policy: defaultReconcilePolicy,
  };
}

function runningOf({ product, plan, desiredState }: CellTenant): Running {
  const bought = findPlan(product, plan);
  const wanted = desiredState === 'suspended' ? 0 : (bought?.autoscaling?.minReplicas ?? 1);
  const { cpuMillis = 0, memoryBytes = 0 } = bought?.compute ?? {};
  return {
    state: wanted === 0 ? 'none_wanted' : 'running',
    message: null,
    wanted,
    ready: wanted,
    sizes: wanted === 0 ? [] : [{ cpuMillis, memoryBytes, pods: wanted }],
    notRunningSince: null,
    changedAt: longAgo,
  };
}

function cellTenant({ index, bought, standing, rows }: Customer): CellTenant {
  const id = tenantIdOf(index);
  const name = `tenant_${id}`;
  const state = suspendedBecause[standing] === undefined ? 'active' : 'suspended';
  return {
    id,
    ...bought,
    slot: standing === 'slot',
    namespace: `customer-${id}`,
    desiredState: state,
    observedState: state,
    interrupted: false,
    settled: true,
    permanent: false,
    attempts: 0,
    nextTryAt: null,
    reasonCode: null,
    updatedAt: longAgo,
    database:
      rows === 'none'
        ? null
        : rows === 'schema'
          ? { name: null, schema: name, role: name }
          : { name, schema: 'app', role: `${name}_app` },
    databaseServer: null,
    objects: ['ResourceQuota/tenant', 'NetworkPolicy/default-deny', 'Deployment/browsers'],
  };
}
