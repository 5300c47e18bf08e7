/** What a subscription's items bring in a month, net of recurring discounts. Pure. */
import type { z } from 'zod';
import { monthlyMicros, share } from './month.ts';
import type { couponShape, priceShape, SubscriptionShape } from './stripe-shapes.ts';

export type Price = z.infer<typeof priceShape>;
export type Coupon = z.infer<typeof couponShape>;

/** A discount with the terms of its coupon. */
export interface Discount {
  readonly id: string;
  readonly coupon: Pick<Coupon, 'duration' | 'percent_off' | 'amount_off' | 'currency'>;
  /** Seconds; null where it does not end by itself. */
  readonly end: number | null;
}

/** The monthly amount in micro-units from an instant on (in seconds; 0 is from the beginning). */
export interface Rate {
  readonly from: number;
  readonly micros: number;
}

/** Why an amount is unknown. */
export type Unknown =
  | { readonly unknown: 'discount'; readonly id: string }
  | { readonly unknown: 'price'; readonly id: string };

/**
 * What a subscription brings in a month if nothing changes it, in order of time: one rate, and one more for each end of a
 * discount. Metered prices bring nothing, because use does not recur. A discount for one invoice (`once`) changes nothing.
 * Percentages apply one after the other; a fixed amount lowers each invoice; no rate is negative.
 * @param known discounts with known terms, by id
 */
export function ratesOf(
  subscription: Pick<SubscriptionShape, 'items' | 'discounts' | 'currency'>,
  known: ReadonlyMap<string, Discount>,
): readonly Rate[] | Unknown {
  const items: { micros: number; price: Price; discounts: readonly Discount[] }[] = [];
  for (const { price, quantity, discounts } of subscription.items.data) {
    if (!price.recurring || price.recurring.usage_type === 'metered') continue;
    const micros = itemMicros(price, quantity ?? 1);
    if (micros === null) return { unknown: 'price', id: price.id };
    const own = resolve(discounts, known);
    if ('unknown' in own) return own;
    items.push({ micros, price, discounts: own });
  }
  const whole = resolve(subscription.discounts, known);
  if ('unknown' in whole) return whole;
  const ends = [...whole, ...items.flatMap((item) => item.discounts)].flatMap(({ end }) =>
    end === null ? [] : [end],
  );
  const interval = items.find(({ micros }) => micros > 0)?.price ?? items[0]?.price;
  const at = (instant: number): number => {
    const lasting = (discount: Discount) => discount.end === null || discount.end > instant;
    const sum = items.reduce(
      (total, { micros, price, discounts }) =>
        total + discounted(micros, price, discounts.filter(lasting), subscription.currency),
      0,
    );
    return interval ? discounted(sum, interval, whole.filter(lasting), subscription.currency) : sum;
  };
  const rates: Rate[] = [];
  for (const from of [0, ...new Set(ends)].sort((a, b) => a - b)) {
    const micros = at(from);
    if (rates.at(-1)?.micros !== micros) rates.push({ from, micros });
  }
  return rates;
}

/** What a price brings in a month; null where it is not one amount per unit, or too large to add up exactly. */
export function itemMicros(price: Price, quantity: number): number | null {
  const cents = price.unit_amount_decimal ?? (price.unit_amount == null ? null : String(price.unit_amount));
  if (!price.recurring || cents === null || price.billing_scheme === 'tiered' || price.transform_quantity)
    return null;
  const micros = monthlyMicros(cents, quantity, price.recurring.interval, price.recurring.interval_count);
  return micros <= mostMicros ? micros : null;
}

/** A hundred million a month for one item keeps the sum of many exact. */
const mostMicros = 100_000_000_000_000;

/** Percentages have at most two decimal places. */
const wholePercent = 10_000;

function discounted(micros: number, price: Price, discounts: readonly Discount[], currency: string): number {
  let left = micros;
  for (const { coupon } of discounts) {
    if (coupon.percent_off != null) {
      left = share(left, wholePercent - Math.round(coupon.percent_off * 100), wholePercent);
    } else if (coupon.amount_off != null && coupon.currency === currency && price.recurring) {
      const { interval, interval_count: count } = price.recurring;
      left = Math.max(0, left - monthlyMicros(String(coupon.amount_off), 1, interval, count));
    }
  }
  return left;
}

/** The recurring discounts. */
function resolve(
  discounts: SubscriptionShape['discounts'],
  known: ReadonlyMap<string, Discount>,
): readonly Discount[] | Unknown {
  const found: Discount[] = [];
  for (const discount of discounts ?? []) {
    const id = typeof discount === 'string' ? discount : discount.id;
    const terms = known.get(id);
    if (!terms) return { unknown: 'discount', id };
    if (terms.coupon.duration !== 'once') found.push(terms);
  }
  return found;
}
