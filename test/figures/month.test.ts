import { describe, expect, test } from 'vitest';
import { originOf } from '../../automation/desired/subscription-facts.ts';
import { centsOf, monthlyMicros } from '../../automation/figures/month.ts';
import { termsOf } from '../../automation/figures/observation.ts';
import type { Discount } from '../../automation/figures/recurring.ts';
import { subscriptionShape } from '../../automation/figures/stripe-shapes.ts';
import { catalogMetadata } from '../../tenants/catalog/plan-of-price.ts';

test.each([
  ['1500', 1, 'month', 1, 15_000_000],
  ['2900', 7, 'month', 1, 203_000_000],
  // $100 / 12 = $8.33333…
  ['10000', 1, 'year', 1, 8_333_333],
  ['20000', 1, 'year', 1, 16_666_667],
  ['9000', 1, 'month', 3, 30_000_000],
  ['1200', 1, 'week', 1, 52_000_000],
  ['100', 1, 'day', 1, 30_416_667],
  ['0.5', 3, 'month', 1, 15_000],
  ['0', 5, 'month', 1, 0],
  // As much as Stripe takes for one price, for a thousand seats, without losing a micro-dollar.
  ['99999999', 1000, 'month', 1, 999_999_990_000_000],
] as const)(
  '%s cents x %d every %s (%d) is %i micro-units a month',
  (cents, quantity, interval, count, expected) => {
    expect(monthlyMicros(cents, quantity, interval, count)).toBe(expected);
  },
);

test('micro-units are shown in cents, halves away from zero', () => {
  expect([8_333_333, 5_000, 4_999, -5_000, -8_333_333].map(centsOf)).toEqual([833, 1, 0, -1, -833]);
});

interface Item {
  readonly price?: Record<string, unknown>;
  readonly recurring?: Record<string, unknown>;
  readonly quantity?: number;
  readonly discounts?: unknown[];
}

function subscription(items: readonly Item[], more: Record<string, unknown> = {}) {
  return subscriptionShape.parse({
    id: 'sub_1',
    object: 'subscription',
    status: 'active',
    customer: 'cus_1',
    currency: 'usd',
    created: 1,
    metadata: {},
    discounts: [],
    ...more,
    items: {
      data: items.map(({ price, recurring, ...item }, index) => ({
        id: `si_${index}`,
        created: 1,
        quantity: 1,
        ...item,
        price: {
          id: `price_${index}`,
          lookup_key: index === 0 ? 'tenantry:agents:pro' : null,
          currency: 'usd',
          billing_scheme: 'per_unit',
          unit_amount: 1900,
          unit_amount_decimal: '1900',
          ...price,
          recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed', ...recurring },
        },
      })),
    },
  });
}

const coupon = (terms: Partial<Discount['coupon']>): Discount['coupon'] => ({
  duration: 'forever',
  ...terms,
});
const discounts = new Map<string, Discount>(
  [
    { id: 'di_half', coupon: coupon({ percent_off: 50 }), end: null },
    { id: 'di_third', coupon: coupon({ percent_off: 33.33 }), end: null },
    { id: 'di_once', coupon: coupon({ percent_off: 50, duration: 'once' }), end: null },
    { id: 'di_while', coupon: coupon({ percent_off: 50, duration: 'repeating' }), end: 5_000 },
    { id: 'di_five', coupon: coupon({ amount_off: 500, currency: 'usd' }), end: null },
    { id: 'di_much', coupon: coupon({ amount_off: 50_000, currency: 'usd' }), end: null },
    { id: 'di_euro', coupon: coupon({ amount_off: 500, currency: 'eur' }), end: null },
  ].map((discount) => [discount.id, discount]),
);

describe('what a subscription brings in a month', () => {
  test.each<[string, readonly Item[], readonly string[], readonly number[]]>([
    ['is its price times its quantity', [{ quantity: 3 }], [], [57_000_000]],
    ['leaves use out', [{}, { recurring: { usage_type: 'metered' } }], [], [19_000_000]],
    ['adds what is sold beside the plan', [{}, { price: { unit_amount_decimal: '500' } }], [], [24_000_000]],
    [
      'is a twelfth of a year',
      [{ price: { unit_amount_decimal: '19000' }, recurring: { interval: 'year' } }],
      [],
      [15_833_333],
    ],
    ['is net of a share off', [{}], ['di_half'], [9_500_000]],
    ['is net of one share off after the other', [{}], ['di_half', 'di_third'], [6_333_650]],
    ['is net of an amount off', [{}], ['di_five'], [14_000_000]],
    [
      'is net of an amount off each invoice of a year',
      [{ recurring: { interval: 'year' } }],
      ['di_five'],
      [1_166_666],
    ],
    ['is never below nothing', [{}], ['di_much'], [0]],
    ['leaves a discount of one invoice out', [{}], ['di_once'], [19_000_000]],
    ['leaves an amount in another currency out', [{}], ['di_euro'], [19_000_000]],
    ['rises where a discount ends', [{}], ['di_while'], [9_500_000, 19_000_000]],
    ['is net of a discount on one of its items', [{ discounts: ['di_half'] }, {}], [], [28_500_000]],
  ])('%s', (_what, items, applied, expected) => {
    const terms = termsOf(subscription(items, { discounts: applied }), discounts, originOf);
    if ('unknown' in terms) throw new Error(`unknown ${terms.unknown}`);
    expect(terms.rates.map(({ micros }) => micros)).toEqual(expected);
  });

  test('is unknown, and never guessed, where a discount or a price cannot be read', () => {
    expect(termsOf(subscription([{}], { discounts: ['di_9'] }), discounts, originOf)).toEqual({
      unknown: 'discount',
      id: 'di_9',
    });
    for (const price of [
      { billing_scheme: 'tiered' },
      { transform_quantity: { divide_by: 10, round: 'up' } },
    ])
      expect(termsOf(subscription([{ price }]), discounts, originOf)).toEqual({
        unknown: 'price',
        id: 'price_0',
      });
  });
});

test('a price that another has replaced still is of its plan', () => {
  const replaced = {
    lookup_key: null,
    unit_amount_decimal: '1700',
    metadata: { [catalogMetadata.product]: 'agents', [catalogMetadata.plan]: 'pro' },
  };
  expect(termsOf(subscription([{ price: replaced }]), discounts, originOf)).toMatchObject({
    product: 'agents',
    plan: 'pro',
    rates: [{ from: 0, micros: 17_000_000 }],
  });
});

test('a subscription belongs to the owner that checkout wrote on it, else to its Stripe customer', () => {
  const whose = (metadata: Record<string, string>) =>
    termsOf(subscription([{}], { metadata }), discounts, originOf);
  expect(whose({ tenantry_owner: 'ada', tenantry_checkout: 'co_1' })).toMatchObject({
    account: 'ada',
    checkoutId: 'co_1',
    product: 'agents',
    plan: 'pro',
  });
  for (const metadata of [{}, { tenantry_owner: 'a\u0000b', tenantry_checkout: 'not one of ours' }])
    expect(whose(metadata)).toMatchObject({ account: 'stripe:cus_1', checkoutId: null });
});
