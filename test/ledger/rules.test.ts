import fc from 'fast-check';
import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { newSpec } from '../../automation/desired/desired-state.ts';
import { type Entitlement, restrained } from '../../automation/desired/entitlement.ts';
import { creditAllowance, grantsOf } from '../../automation/ledger/allowance.ts';
import { maxSpendMicrosPerHour, overshootBound } from '../../automation/ledger/bound.ts';
import {
  type Brake,
  type Budget,
  brakeFor,
  changeByBrake,
  noBrake,
  restraintOf,
} from '../../automation/ledger/brake.ts';
import {
  alertsDue,
  dollars,
  effectiveLimit,
  planBudgetMicros,
  reaches,
} from '../../automation/ledger/budget.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { findPlan, findProduct } from '../../tenants/catalog/index.ts';
import { autoscaler } from '../../tenants/scaling.ts';
import { resolveTenant } from '../../tenants/tenant.ts';

const paused = { level: 'paused', reason: 'credits_exhausted' } as const;

describe('the brake', () => {
  test.each<[string, { available: number; held: number } | null, Brake['level']]>([
    ['no credits in the plan', null, 'none'],
    ['credits left', { available: 1, held: 0 }, 'none'],
    ['the last ones held by work that runs', { available: 0, held: 3 }, 'throttled'],
    ['none left', { available: 0, held: 0 }, 'paused'],
  ])('with %s: %o is %s', (_what, credits, level) => {
    expect(brakeFor({ credits, budgets: [] }).level).toBe(level);
  });

  test.each<[number | null, number, number, Brake['level']]>([
    [null, 1e12, 0, 'none'],
    [100, 89, 0, 'none'],
    [100, 90, 0, 'throttled'],
    [100, 50, 40, 'throttled'],
    [100, 99, 1000, 'throttled'],
    [100, 100, 0, 'paused'],
    [0, 0, 0, 'paused'],
  ])(
    'of a limit of %s with %s spent and %s set aside is %s',
    (limitMicros, spentMicros, reservedMicros, level) => {
      const budget: Budget = { kind: 'api', limitMicros, spentMicros, reservedMicros };
      expect(brakeFor({ credits: null, budgets: [budget] }).level).toBe(level);
    },
  );

  test('is as strong as its strongest cause', () => {
    const budgets: Budget[] = [
      { kind: 'api', limitMicros: 100, spentMicros: 95, reservedMicros: 0 },
      { kind: 'spend', limitMicros: 100, spentMicros: 100, reservedMicros: 0 },
    ];
    expect(brakeFor({ credits: { available: 5, held: 0 }, budgets })).toEqual({
      level: 'paused',
      reason: 'spend_cap_reached',
    });
  });

  test('never allows what the subscription forbids', () => {
    const underBrake = (entitlement: Entitlement, brake: Brake) =>
      restrained(entitlement, [restraintOf(noBrake), restraintOf(brake)]);
    const forbidden = { kind: 'suspended', reason: 'payment_failed' } as const;
    expect(underBrake(forbidden, noBrake)).toBe(forbidden);
    expect(underBrake(forbidden, paused)).toBe(forbidden);
    expect(underBrake({ kind: 'active' }, paused)).toEqual({
      kind: 'suspended',
      reason: 'credits_exhausted',
    });
    expect(underBrake({ kind: 'none' }, paused)).toEqual({ kind: 'none' });
  });
});

const spec = newSpec({
  tenantId: 'a1234567',
  product: 'browsers',
  plan: 'professional',
  slug: 'acme',
  cell: 'local',
  region: 'local',
  owner: 'ada',
  billingAccount: 'cus_1',
  seats: 1,
  createdAt: new Date('2026-03-01'),
});
const tenantOf = (more: Partial<Tenant>): Tenant =>
  ({
    desiredState: 'active',
    desiredSpec: spec,
    suspendReason: null,
    deleteAfter: null,
    slot: false,
    ...more,
  }) as Tenant;

describe('changeByBrake', () => {
  const throttled = { level: 'throttled', reason: 'spend_cap_reached' } as const;
  test.each<[string, Partial<Tenant>, Brake, unknown]>([
    [
      'pauses a tenant that is active',
      {},
      paused,
      { state: 'suspended', suspendReason: 'credits_exhausted' },
    ],
    [
      'leaves one alone that is paused already',
      { desiredState: 'suspended', suspendReason: 'credits_exhausted' },
      paused,
      null,
    ],
    [
      'resumes what it paused',
      { desiredState: 'suspended', suspendReason: 'credits_exhausted' },
      noBrake,
      { state: 'active', suspendReason: null },
    ],
    [
      'resumes nothing that is unpaid',
      { desiredState: 'suspended', suspendReason: 'payment_failed' },
      noBrake,
      null,
    ],
    ['leaves a tenant alone whose end has begun', { desiredState: 'deleted' }, paused, null],
    ['leaves a slot alone', { slot: true }, paused, null],
    ['makes the workload small near a limit', {}, throttled, { state: 'active', spec: { throttled: true } }],
    ['lets it grow again', { desiredSpec: { ...spec, throttled: true } }, noBrake, { state: 'active' }],
    [
      'keeps pods that run on the last credits',
      {},
      { level: 'throttled', reason: 'credits_exhausted' },
      null,
    ],
  ])('%s', (_what, tenant, brake, expected) => {
    const change = changeByBrake(tenantOf(tenant), brake);
    if (expected === null) expect(change).toBeNull();
    else expect(change).toMatchObject(expected as object);
    if (change && brake.level !== 'throttled') expect(change.spec).not.toHaveProperty('throttled');
  });

  test('a throttled workload never grows beyond its smallest size', () => {
    const sizes = (throttledSpec: typeof spec) => {
      const made = autoscaler(resolveTenant(throttledSpec))?.spec;
      return [made?.minReplicas, made?.maxReplicas];
    };
    expect(sizes(spec)).toEqual([5, 50]);
    expect(sizes({ ...spec, throttled: true })).toEqual([5, 5]);
  });
});

describe('budgets', () => {
  test('of inbox plans are those of the catalog, in micro-dollars', () => {
    expect(planBudgetMicros('inbox', 'starter')).toBe(20_000_000);
    expect(planBudgetMicros('inbox', 'professional')).toBe(100_000_000);
    expect(planBudgetMicros('inbox', 'enterprise')).toBeNull();
    expect(planBudgetMicros('browsers', 'professional')).toBeNull();
  });

  test.each<[number | null, number | null, number | null, number | null]>([
    [null, null, null, null],
    [20, null, null, 20],
    [20, 50, null, 50],
    [20, null, 5, 5],
    [20, 50, 60, 50],
    [null, null, 7, 7],
    [20, 0, null, 0],
  ])('plan %s, agreed %s, cap %s: %s counts', (planMicros, agreedMicros, capMicros, limit) => {
    expect(effectiveLimit({ planMicros, agreedMicros, capMicros })).toBe(limit);
  });

  test.each<[number, number, readonly number[]]>([
    [9_999_999, 0, []],
    [10_000_000, 0, [50]],
    [15_999_999, 50, []],
    [16_000_000, 50, [80]],
    [25_000_000, 0, [50, 80, 100]],
    [25_000_000, 100, []],
  ])('of 20 dollars with %s spent and %s %% told of: %o', (spent, told, due) => {
    expect(alertsDue(spent, 20_000_000, told)).toEqual(due);
    expect(alertsDue(spent, null, told)).toEqual([]);
  });

  test('are compared exactly, however large', () => {
    expect(reaches(89_999_999_999_999, 100_000_000_000_000, 90)).toBe(false);
    expect(reaches(90_000_000_000_000, 100_000_000_000_000, 90)).toBe(true);
    expect(reaches(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, 100)).toBe(false);
  });

  test.each([
    [0, '$0.00'],
    [1, '$0.01'],
    [10_000, '$0.01'],
    [10_001, '$0.02'],
    [20_000_000, '$20.00'],
  ])('%s micro-dollars read %s', (micros, text) => expect(dollars(micros)).toBe(text));
});

describe('the overshoot of metered work', () => {
  /**
   * A tenant uses at any rate up to its largest; a sampler books what it sees; the brake stops the tenant some time
   * after the sample that exhausts its balance. Work that reports its use only at its end reports it late.
   */
  const run = (o: {
    balance: number;
    rates: readonly number[];
    sample: number;
    reaction: number;
    inFlight: readonly number[];
  }) => {
    let available = o.balance;
    let overshoot = 0;
    let unseen = 0;
    let stopAt = Number.POSITIVE_INFINITY;
    const book = (amount: number) => {
      overshoot += Math.max(0, amount - available);
      available = Math.max(0, available - amount);
    };
    for (let second = 1; second <= o.rates.length && second <= stopAt; second += 1) {
      unseen += o.rates[second - 1] ?? 0;
      if (second % o.sample !== 0) continue;
      book(unseen);
      unseen = 0;
      if (available === 0) stopAt = Math.min(stopAt, second + o.reaction);
    }
    book(unseen);
    for (const amount of o.inFlight) book(amount);
    return overshoot;
  };

  test('is never more than rate × (interval + reaction) + what was in flight', () => {
    fc.assert(
      fc.property(
        fc.record({
          balance: fc.integer({ min: 1, max: 3000 }),
          sample: fc.integer({ min: 1, max: 60 }),
          reaction: fc.integer({ min: 0, max: 40 }),
          rates: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 400 }),
          inFlight: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 5 }),
        }),
        (world) => {
          const bound = overshootBound({
            ratePerSecond: 50,
            sampleSeconds: world.sample,
            reactionSeconds: world.reaction,
            inFlight: world.inFlight.reduce((sum, amount) => sum + amount, 0),
          });
          expect(run(world)).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('comes as near as one second’s use to the bound, so that the bound says no more than it must', () => {
    const rates = Array.from({ length: 100 }, () => 50);
    const measured = run({ balance: 1001, rates, sample: 20, reaction: 5, inFlight: [7] });
    const bound = overshootBound({ ratePerSecond: 50, sampleSeconds: 20, reactionSeconds: 5, inFlight: 7 });
    expect(measured).toBe(1256);
    expect(bound).toBe(1257);
  });

  test('of a stream business tenant in one five-minute sample is 60 cents at most', () => {
    const [product, plan] = [findProduct('stream'), findPlan('stream', 'business')];
    if (!product || !plan) throw new Error('no stream business');
    // 100 CPU at $0.05 and 200 GiB at $0.01 an hour.
    const perHour = maxSpendMicrosPerHour(product, plan);
    expect(perHour).toBe(5_000_000 + 2_147_484);
    const bound = overshootBound({
      ratePerSecond: perHour / 3600,
      sampleSeconds: 300,
      reactionSeconds: 0,
      inFlight: 0,
    });
    expect(bound).toBe(595_624);
  });
});

describe('credits', () => {
  test('of plans are those of the catalog', () => {
    expect(creditAllowance('browsers', 'starter')).toBe(0);
    expect(creditAllowance('browsers', 'professional')).toBe(5_000);
    expect(creditAllowance('browsers', 'enterprise')).toBe(50_000);
    expect(creditAllowance('inbox', 'starter')).toBeNull();
    expect(creditAllowance('browsers', 'nonsense')).toBeNull();
  });

  const [start, end] = [1_000_000, 1_003_000];
  const item = { id: 'si_1', current_period_start: start, current_period_end: end };
  const allowanceOf = (id: string) => ({ free: 0, pro: 5000, enterprise: 50_000 })[id] ?? null;
  const line = (
    price: string,
    from: number,
    to: number,
    more: { proration?: boolean; amount?: number } = {},
  ) => ({
    amount: more.amount ?? 4900,
    period: { start: from, end: to },
    pricing: { price_details: { price } },
    parent: { subscription_item_details: { proration: more.proration ?? false } },
  });
  const invoice = (id: string, lines: unknown[], status = 'paid', created = start) =>
    ({ id, status, created, lines: { data: lines } }) as unknown as Stripe.Invoice;

  test.each<[string, Stripe.Invoice[], [string, number, boolean][]]>([
    ['a paid period', [invoice('in_1', [line('pro', start, end)])], [['invoice:in_1', 5000, false]]],
    ['an open invoice', [invoice('in_1', [line('pro', start, end)], 'open')], []],
    ['an earlier period', [invoice('in_0', [line('pro', start - 3000, start)])], []],
    ['a coming period', [invoice('in_2', [line('pro', end, end + 3000)])], []],
    ['another product', [invoice('in_1', [line('else', start, end)])], []],
    ['a free plan', [invoice('in_1', [line('free', start, end)])], [['invoice:in_1', 0, false]]],
    [
      'a bigger plan for the last third',
      [
        invoice(
          'in_2',
          [
            line('pro', start + 2000, end, { proration: true, amount: -1633 }),
            line('enterprise', start + 2000, end, { proration: true, amount: 9000 }),
          ],
          'paid',
          start + 2000,
        ),
        invoice('in_1', [line('pro', start, end)]),
      ],
      [
        ['invoice:in_1', 5000, false],
        ['invoice:in_2:change', 16_666 - 1_666, true],
      ],
    ],
    [
      'a bigger plan twice, with a way back between',
      [1, -1, 1].map((sign, n) =>
        invoice(
          `in_${n}`,
          [line('pro', start + 1500, end, { proration: true, amount: sign * 2450 })],
          'paid',
          start + 1500 + n,
        ),
      ),
      [['invoice:in_0:change', 2500, true]],
    ],
    [
      'a smaller plan',
      [
        invoice('in_2', [
          line('enterprise', start + 2000, end, { proration: true, amount: -9000 }),
          line('pro', start + 2000, end, { proration: true, amount: 1633 }),
        ]),
      ],
      [],
    ],
  ])('%s gives what was paid', (_what, invoices, expected) => {
    const grants = grantsOf(item, invoices, allowanceOf);
    expect(grants.map(({ cause, amount, adds }) => [cause, amount, adds])).toEqual(expected);
  });
});
