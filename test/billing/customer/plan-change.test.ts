import { describe, expect, test } from 'vitest';
import {
  type PlanWish,
  prorationDateOf,
  settlementOf,
  targetOf,
} from '../../../automation/billing/plan-change.ts';
import { BillingRefusal } from '../../../automation/billing/refusal.ts';
import { findPlan, findProduct } from '../../../tenants/catalog/index.ts';

function on(productId: string, planId: string, seats = 1) {
  const product = findProduct(productId);
  const plan = findPlan(productId, planId);
  if (!product || !plan) throw new Error(`${productId} ${planId} is not in the catalog`);
  return { product, plan, seats };
}

function refusalOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof BillingRefusal) return { code: error.code, field: error.errors[0]?.field };
    throw error;
  }
  return null;
}

describe('a wish', () => {
  const team = on('stream', 'professional', 7);

  test.each<[string, PlanWish, { plan: string; seats: number } | null]>([
    ['of another plan keeps the seats', { plan: 'business' }, { plan: 'business', seats: 7 }],
    ['of more seats keeps the plan', { seats: 9 }, { plan: 'professional', seats: 9 }],
    ['of a plan that is not sold by the seat has one', { plan: 'free' }, { plan: 'free', seats: 1 }],
    ['of what is there already is none', { plan: 'professional', seats: 7 }, null],
    ['of nothing is none', {}, null],
    ['of all seats that are sold is granted', { seats: 10_000 }, { plan: 'professional', seats: 10_000 }],
  ])('%s', (_what, wish, expected) => {
    const target = targetOf(team, wish);
    expect(target && { plan: target.plan.id, seats: target.seats }).toEqual(expected);
  });

  test.each<[PlanWish, string, string | undefined]>([
    [{ seats: 0 }, 'invalid_request', 'seats'],
    [{ seats: -3 }, 'invalid_request', 'seats'],
    [{ seats: 1.5 }, 'invalid_request', 'seats'],
    [{ seats: 10_001 }, 'invalid_request', 'seats'],
    [{ seats: Number.NaN }, 'invalid_request', 'seats'],
    [{ plan: 'free', seats: 2 }, 'invalid_request', 'seats'],
    [{ plan: 'gold' }, 'invalid_request', 'plan'],
    [{ plan: '__proto__' }, 'invalid_request', 'plan'],
    // A plan of another product.
    [{ plan: 'starter' }, 'invalid_request', 'plan'],
    [{ plan: 'enterprise' }, 'plan_not_for_sale', undefined],
  ])('%j is refused as %s', (wish, code, field) => {
    expect(refusalOf(() => targetOf(team, wish))).toEqual({ code, field });
  });

  test('cannot leave a plan that was agreed by hand', () => {
    expect(refusalOf(() => targetOf(on('stream', 'enterprise'), { plan: 'free' }))?.code).toBe(
      'plan_not_for_sale',
    );
  });
});

test('a change that costs more is paid at once; one that costs less is credited, unless it was spent as it came', () => {
  const stream = { product: 'stream', plan: 'business' };
  expect(settlementOf(2900, 9900, stream)).toBe('always_invoice');
  expect(settlementOf(9900, 2900, stream)).toBe('create_prorations');
  expect(settlementOf(2900, 2900, stream)).toBe('create_prorations');
  expect(settlementOf(4900, 0, { product: 'browsers', plan: 'professional' })).toBe('none');
});

test('only the instant of a recent preview is prorated by, or that of the change itself', () => {
  const [now, start] = [1_000_000, 500_000];
  expect(prorationDateOf(undefined, now, start)).toBe(now);
  expect(prorationDateOf(now - 600, now, start)).toBe(now - 600);
  // Later would make an upgrade cheaper, earlier a downgrade's credit bigger.
  for (const given of [now - 601, now + 6, now + 2_000_000, 0, start - 1])
    expect(refusalOf(() => prorationDateOf(given, now, start))?.field).toBe('prorationDate');
  expect(refusalOf(() => prorationDateOf(now - 10, now, now - 5))?.field).toBe('prorationDate');
});
