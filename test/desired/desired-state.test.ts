import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, newSpec, volumeFor } from '../../automation/desired/desired-state.ts';
import { type Entitlement, entitlementOf, suspendMessages } from '../../automation/desired/entitlement.ts';
import type { SubscriptionFacts } from '../../automation/desired/subscription-facts.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { catalog, findPlan } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { tenantSpec } from '../../tenants/spec.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const day = 24 * 3_600_000;
const policy = { graceMs: 7 * day, retentionMs: 30 * day };
const ago = (ms: number) => new Date(now.getTime() - ms);

describe('entitlementOf', () => {
  test.each<[string, Date | null, Entitlement['kind'], string | null]>([
    ['active', null, 'active', null],
    ['trialing', null, 'active', null],
    ['past_due', now, 'active', null],
    ['past_due', null, 'active', null],
    ['past_due', ago(7 * day - 1), 'active', null],
    ['past_due', ago(7 * day), 'suspended', 'payment_overdue'],
    ['past_due', ago(70 * day), 'suspended', 'payment_overdue'],
    ['unpaid', null, 'suspended', 'payment_failed'],
    ['paused', null, 'suspended', 'subscription_paused'],
    ['canceled', null, 'ended', 'subscription_ended'],
    ['incomplete', null, 'none', null],
    ['incomplete_expired', null, 'none', null],
    ['a_status_of_the_future', null, 'active', null],
  ])('a subscription that is %s (past due since %s) is %s', (status, since, kind, reason) => {
    const entitlement = entitlementOf(status as SubscriptionFacts['status'], since, now, policy);
    expect(entitlement.kind).toBe(kind);
    expect('reason' in entitlement ? entitlement.reason : null).toBe(reason);
  });

  test('an ended subscription’s data is kept for the time of the policy', () => {
    expect(entitlementOf('canceled', null, now, policy)).toEqual({
      kind: 'ended',
      reason: 'subscription_ended',
      deleteAfter: new Date(now.getTime() + 30 * day),
    });
  });

  test('every reason has words for the tenant that say what to do', () => {
    for (const message of Object.values(suspendMessages))
      expect(message).toMatch(/pay|update|resume|subscribe/i);
  });
});

function tenantOf(product: ProductId, plan: string, more: Partial<Tenant> = {}): Tenant {
  const spec = newSpec({
    tenantId: 'a1234567',
    product,
    plan,
    slug: 'acme',
    cell: 'local',
    region: 'local',
    owner: 'ada',
    billingAccount: 'cus_1',
    seats: 1,
    createdAt: now,
  });
  return {
    id: 'a1234567',
    cell: 'local',
    product,
    owner: 'ada',
    subscriptionId: 'sub_1',
    slot: false,
    slug: 'acme',
    namespace: spec.namespace,
    createdAt: now,
    desiredState: 'active',
    desiredSpec: spec,
    desiredGeneration: 1,
    suspendReason: null,
    deleteAfter: null,
    phase: 'active',
    observedState: 'active',
    observedSpec: spec,
    observedGeneration: 1,
    outputs: null,
    reasonCode: null,
    reasonMessage: null,
    cause: null,
    permanent: false,
    attempts: 0,
    nextTryAt: null,
    fingerprint: null,
    activeAt: now,
    stackSettings: null,
    unsettled: false,
    handedOverAt: null,
    begunSpec: null,
    ...more,
  };
}

function factsOf(
  bought: SubscriptionFacts['bought'],
  more: Partial<SubscriptionFacts> = {},
): SubscriptionFacts {
  return {
    id: 'sub_1',
    status: 'active',
    customerId: 'cus_1',
    owner: 'ada',
    slug: 'acme',
    checkoutId: 'co_1',
    region: null,
    residency: null,
    currentPeriodEnd: now,
    cancelAtPeriodEnd: false,
    bought,
    ...more,
  };
}

/** The tenant after a decision was written. */
function applied(tenant: Tenant, { change, retention }: ReturnType<typeof decide>): Tenant {
  if (change) {
    return {
      ...tenant,
      desiredState: change.state,
      desiredSpec: change.spec,
      suspendReason: change.suspendReason,
      deleteAfter: change.deleteAfter,
      desiredGeneration: tenant.desiredGeneration + 1,
    };
  }
  return retention ? { ...tenant, ...retention } : tenant;
}

const active: Entitlement = { kind: 'active' };
const unpaid: Entitlement = { kind: 'suspended', reason: 'payment_failed' };
const endedAt = (at: Date): Entitlement => ({
  kind: 'ended',
  reason: 'subscription_ended',
  deleteAfter: new Date(at.getTime() + 30 * day),
});

describe('decide', () => {
  test('wants nothing new of a tenant that is as its subscription says', () => {
    const tenant = tenantOf('workspace', 'byoc');
    const facts = factsOf({ product: 'workspace', plan: 'byoc', seats: 1 });
    expect(decide(tenant, facts, active)).toEqual({ change: null, retention: null, notes: [] });
  });

  test('takes a larger plan with its larger volume', () => {
    const facts = factsOf({ product: 'workspace', plan: 'we-manage', seats: 1 });
    const { change, notes } = decide(tenantOf('workspace', 'byoc'), facts, active);
    expect(change?.spec).toMatchObject({
      plan: 'we-manage',
      state: 'active',
      volumeBytes: findPlan('workspace', 'we-manage')?.volumeBytes,
    });
    expect(notes).toEqual([]);
  });

  test('takes a smaller plan, keeps the volume and says so', () => {
    const tenant = tenantOf('workspace', 'we-manage');
    const { change, notes } = decide(
      tenant,
      factsOf({ product: 'workspace', plan: 'byoc', seats: 1 }),
      active,
    );
    expect(change?.spec).toMatchObject({
      plan: 'byoc',
      volumeBytes: findPlan('workspace', 'we-manage')?.volumeBytes,
    });
    expect(notes).toEqual(['The volume keeps its size: a volume never shrinks.']);
  });

  test('takes more and fewer seats', () => {
    const tenant = tenantOf('stream', 'professional');
    const { change } = decide(tenant, factsOf({ product: 'stream', plan: 'professional', seats: 9 }), active);
    expect(change?.spec.seats).toBe(9);
  });

  test('keeps the plan, with a note, when the subscription goes over to another product or to nothing known', () => {
    const tenant = tenantOf('workspace', 'byoc');
    for (const [bought, says] of [
      [{ product: 'inbox', plan: 'starter', seats: 1 }, /holds the product inbox, this tenant is workspace/],
      [{ problem: 'no plan of the catalog has the price price_1' }, /price_1/],
    ] as const) {
      const { change, notes } = decide(tenant, factsOf(bought), active);
      expect(change).toBeNull();
      expect(notes.join()).toMatch(says);
      const suspended = decide(tenant, factsOf(bought), unpaid);
      expect(suspended.change).toMatchObject({ state: 'suspended', spec: { plan: 'byoc' } });
    }
  });

  test('suspends, says why, and changes only the words when the reason changes', () => {
    const facts = factsOf({ product: 'workspace', plan: 'byoc', seats: 1 });
    const first = decide(tenantOf('workspace', 'byoc'), facts, unpaid);
    expect(first.change).toMatchObject({
      state: 'suspended',
      suspendReason: 'payment_failed',
      deleteAfter: null,
    });
    const suspended = applied(tenantOf('workspace', 'byoc'), first);
    const then = decide(suspended, facts, { kind: 'suspended', reason: 'subscription_paused' });
    expect(then).toMatchObject({
      change: null,
      retention: { suspendReason: 'subscription_paused', deleteAfter: null },
    });
  });

  test('sets the day of deletion once, when the end is first seen', () => {
    const facts = factsOf({ product: 'workspace', plan: 'byoc', seats: 1 });
    const ended = applied(
      tenantOf('workspace', 'byoc'),
      decide(tenantOf('workspace', 'byoc'), facts, endedAt(now)),
    );
    expect(ended).toMatchObject({
      desiredState: 'suspended',
      suspendReason: 'subscription_ended',
      deleteAfter: new Date(now.getTime() + 30 * day),
    });
    expect(decide(ended, facts, endedAt(new Date(now.getTime() + 5 * day)))).toEqual({
      change: null,
      retention: null,
      notes: [],
    });
  });

  test('sets it also on a tenant that was suspended before', () => {
    const facts = factsOf({ product: 'workspace', plan: 'byoc', seats: 1 });
    const unpaidTenant = applied(
      tenantOf('workspace', 'byoc'),
      decide(tenantOf('workspace', 'byoc'), facts, unpaid),
    );
    const { change, retention } = decide(unpaidTenant, facts, endedAt(now));
    expect(change).toBeNull();
    expect(retention).toEqual({
      suspendReason: 'subscription_ended',
      deleteAfter: new Date(now.getTime() + 30 * day),
    });
  });

  test('clears it when the tenant is active again', () => {
    const facts = factsOf({ product: 'workspace', plan: 'byoc', seats: 1 });
    const ended = applied(
      tenantOf('workspace', 'byoc'),
      decide(tenantOf('workspace', 'byoc'), facts, endedAt(now)),
    );
    expect(decide(ended, facts, active).change).toMatchObject({
      state: 'active',
      suspendReason: null,
      deleteAfter: null,
    });
  });

  test('never revives a tenant whose deletion has begun', () => {
    const tenant = tenantOf('workspace', 'byoc', { desiredState: 'deleted' });
    const facts = factsOf({ product: 'workspace', plan: 'we-manage', seats: 1 });
    for (const entitlement of [active, unpaid, endedAt(now)]) {
      expect(decide(tenant, facts, entitlement)).toEqual({ change: null, retention: null, notes: [] });
    }
  });

  test('leaves a tenant alone while nothing is paid yet', () => {
    const facts = factsOf({ product: 'workspace', plan: 'we-manage', seats: 1 });
    expect(decide(tenantOf('workspace', 'byoc'), facts, { kind: 'none' }).change).toBeNull();
  });
});

const anyProduct = fc.constantFrom(...catalog);
const anyStep = fc.record({
  product: anyProduct,
  planIndex: fc.nat(10),
  isKnown: fc.boolean(),
  seats: fc.integer({ min: 1, max: 50 }),
  customerId: fc.constantFrom('cus_1', 'cus_2'),
  entitlement: fc.oneof(
    fc.constant(active),
    fc.constant<Entitlement>({ kind: 'none' }),
    fc.constantFrom<Entitlement>(
      unpaid,
      { kind: 'suspended', reason: 'payment_overdue' },
      { kind: 'suspended', reason: 'subscription_paused' },
    ),
    fc.nat(100).map((days) => endedAt(new Date(now.getTime() + days * day))),
  ),
});

describe('under any sequence of subscriptions', () => {
  const run = (check: (before: Tenant, after: Tenant, decision: ReturnType<typeof decide>) => void) =>
    fc.assert(
      fc.property(anyProduct, fc.array(anyStep, { minLength: 1, maxLength: 12 }), (product, steps) => {
        let tenant = tenantOf(product.id, product.plans[0]?.id ?? '');
        for (const step of steps) {
          const plan = step.product.plans[step.planIndex % step.product.plans.length]?.id ?? '';
          const bought = step.isKnown
            ? { product: step.product.id, plan, seats: step.seats }
            : { problem: 'unknown' };
          const facts = factsOf(bought, { customerId: step.customerId });
          const decision = decide(tenant, facts, step.entitlement);
          const after = applied(tenant, decision);
          check(tenant, after, decision);
          // Idempotent: what was decided and written is not decided again.
          const again = decide(after, facts, step.entitlement);
          expect([again.change, again.retention]).toEqual([null, null]);
          tenant = after;
        }
      }),
      { numRuns: 500 },
    );

  test('a decision that was carried out is not taken again, and a volume never shrinks', () => {
    run((before, after) => {
      expect(after.desiredSpec.volumeBytes ?? 0).toBeGreaterThanOrEqual(before.desiredSpec.volumeBytes ?? 0);
    });
  });

  test('what identifies a tenant never changes, and every spec is one that the program takes', () => {
    run((before, after) => {
      for (const key of [
        'tenantId',
        'product',
        'slug',
        'namespace',
        'cell',
        'region',
        'createdAt',
      ] as const) {
        expect(after.desiredSpec[key]).toBe(before.desiredSpec[key]);
      }
      expect(tenantSpec.safeParse(after.desiredSpec).error).toBeUndefined();
      expect(after.desiredSpec.state).toBe(after.desiredState);
    });
  });

  test('a day of deletion stands only on what is suspended, and never moves while it stands', () => {
    run((before, after) => {
      if (after.deleteAfter) expect(after.desiredState).toBe('suspended');
      if (before.deleteAfter && after.deleteAfter) expect(after.deleteAfter).toEqual(before.deleteAfter);
    });
  });

  test('volumeFor is the largest of what was had and what is asked for', () => {
    for (const product of catalog) {
      for (const from of product.plans) {
        for (const to of product.plans) {
          const volume = volumeFor(tenantOf(product.id, from.id), to.id);
          expect(volume).toBe(Math.max(from.volumeBytes ?? 0, to.volumeBytes ?? 0) || null);
        }
      }
    }
  });
});
