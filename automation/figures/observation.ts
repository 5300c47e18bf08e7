/** Observations of a subscription: what Stripe said, and as of which instant. Pure. */
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import { type Discount, type Rate, ratesOf, type Unknown } from './recurring.ts';
import type { SubscriptionShape } from './stripe-shapes.ts';

/** Reads a subscription's owner and checkout, as `desired/subscription-facts.ts` does for tenants. */
export type ReadOrigin = (
  metadata: Readonly<Record<string, string>>,
  customerId: string,
) => { readonly owner: string; readonly checkoutId: string | null };

/** Terms of a subscription at one instant. */
export interface Terms {
  readonly status: string;
  /** The owner that checkout wrote on it, else its Stripe customer. */
  readonly account: string;
  readonly checkoutId: string | null;
  /** Null while it contains nothing from the catalog. */
  readonly product: string | null;
  readonly plan: string | null;
  readonly seats: number;
  readonly currency: string;
  /** What its prices and discounts bring in a month, whether or not it counts. */
  readonly rates: readonly Rate[];
}

/** What invoices say about the past, snapshots in events, and fetches. */
export const sources = ['invoice', 'event', 'fetch'] as const;
export type Source = (typeof sources)[number];

/** One line of the append-only log: Stripe's terms of this subscription as of `at`. */
export interface Observation extends Terms {
  readonly subscriptionId: string;
  readonly at: Date;
  readonly source: Source;
  /** Unique with the source: the event, the invoice line, the fetch. */
  readonly sourceId: string;
  /** Order within a second, the precision of Stripe's times. */
  readonly rank: number;
}

/** Events cause fetches, so a fetch is newer than the events of its second. */
export const ranks = { invoice: 0, created: 1, updated: 2, deleted: 3, fetch: 4 } as const;

/** The rank of an event by its type. */
export function eventRank(type: string): number {
  if (type === 'customer.subscription.created') return ranks.created;
  return type === 'customer.subscription.deleted' ? ranks.deleted : ranks.updated;
}

/**
 * Reads the terms of a subscription.
 * @param known discounts with known terms; any other makes the amount unknown
 */
export function termsOf(
  subscription: SubscriptionShape,
  known: ReadonlyMap<string, Discount>,
  originOf: ReadOrigin,
): Terms | Unknown {
  const rates = ratesOf(subscription, known);
  if ('unknown' in rates) return rates;
  const plans = subscription.items.data.flatMap((item) => {
    const bought = planOfPrice(item.price);
    return bought ? [{ ...bought, seats: item.quantity ?? 1 }] : [];
  });
  const [base] = plans;
  const { owner, checkoutId } = originOf(subscription.metadata ?? {}, subscription.customer ?? 'nobody');
  return {
    status: subscription.status,
    account: owner,
    checkoutId,
    product: base?.product.id ?? null,
    plan: base?.plan.id ?? null,
    seats: base?.seats ?? 1,
    currency: subscription.currency,
    rates,
  };
}

/** Order in time, independent of the order of arrival. */
export function compareObservations(a: Observation, b: Observation): number {
  return (
    a.at.getTime() - b.at.getTime() ||
    a.rank - b.rank ||
    (a.sourceId < b.sourceId ? -1 : a.sourceId > b.sourceId ? 1 : 0)
  );
}

/** Whether two observations say the same. */
export function sameTerms(a: Terms, b: Terms): boolean {
  const of = ({ status, account, checkoutId, product, plan, seats, currency, rates }: Terms) =>
    JSON.stringify([
      status,
      account,
      checkoutId,
      product,
      plan,
      seats,
      currency,
      rates.map((r) => [r.from, r.micros]),
    ]);
  return of(a) === of(b);
}
