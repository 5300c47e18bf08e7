/** Logs what a sync of a subscription has seen, in the sync's own transaction. */
import Stripe from 'stripe';
import type { z } from 'zod';
import type { Queryable } from '../store/database.ts';
import {
  addObservations,
  addPayments,
  findDiscounts,
  findPaidSince,
  keepDiscounts,
  listObservations,
  listUntakenEvents,
  listUntoldDiscounts,
  replaceSegments,
} from './log.ts';
import {
  compareObservations,
  eventRank,
  type Observation,
  type ReadOrigin,
  ranks,
  sameTerms,
  type Terms,
  termsOf,
} from './observation.ts';
import { type Payment, paymentOfInvoice } from './payments.ts';
import type { Coupon, Discount, Unknown } from './recurring.ts';
import { segmentsOf } from './segments.ts';
import {
  couponShape,
  discountShape,
  eventShape,
  invoiceShape,
  type SubscriptionShape,
  subscriptionShape,
} from './stripe-shapes.ts';

/** What a fetch of a subscription must expand for its figures. */
export const figuresExpand = ['latest_invoice', 'discounts', 'items.data.discounts'];

/** A subscription as it was fetched for its figures. */
export interface FetchedSubscription {
  /** The answer, with `figuresExpand`. */
  readonly subscription: Stripe.Subscription;
  /** By Stripe's clock. */
  readonly at: Date;
  /** Terms of the discounts that it has. */
  readonly discounts: readonly Discount[];
}

export interface RecordOptions {
  readonly originOf: ReadOrigin;
  readonly graceMs: number;
  /** Unique, and greater with each fetch of the subscription. */
  readonly ticket: number;
  /** Gets what cannot be counted. */
  readonly warn: (about: Record<string, unknown>, message: string) => void;
}

/** When Stripe answered by its own clock; `otherwise` where it does not say. */
export function answeredAt(
  answer: { readonly lastResponse?: { readonly headers: Readonly<Record<string, string>> } },
  otherwise: Date,
): Date {
  const at = Date.parse(answer.lastResponse?.headers.date ?? '');
  return Number.isNaN(at) ? otherwise : new Date(at);
}

/**
 * Reads the terms of the subscription's discounts and of those in its events. Asks Stripe for unknown coupons.
 * @param subscription fetched with `figuresExpand`
 */
export async function readDiscounts(
  db: Queryable,
  stripe: Stripe,
  subscription: Pick<Stripe.Subscription, 'id' | 'discounts' | 'items'>,
): Promise<Discount[]> {
  const told = await listUntoldDiscounts(db, subscription.id);
  const given = [
    ...told.map((payload) => eventShape.safeParse(parseJson(payload)).data?.data.object),
    ...(subscription.discounts ?? []),
    ...subscription.items.data.flatMap((item) => item.discounts ?? []),
  ].flatMap((one) => discountShape.safeParse(one).data ?? []);
  return withTerms(db, stripe, given);
}

/** The discounts whose coupons' terms are available, with these terms. */
export async function withTerms(
  db: Queryable,
  stripe: Stripe,
  given: readonly z.infer<typeof discountShape>[],
): Promise<Discount[]> {
  const known = await findDiscounts(
    db,
    given.map(({ id }) => id),
  );
  const found: Discount[] = [];
  for (const { id, source, end } of given) {
    const coupon = known.get(id)?.coupon ?? (await couponOf(stripe, source?.coupon ?? null));
    if (coupon) found.push({ id, coupon, end: end ?? null });
  }
  return found;
}

/** The coupon, or null when Stripe no longer has it. */
async function couponOf(stripe: Stripe, coupon: string | Coupon | null): Promise<Coupon | null> {
  if (typeof coupon !== 'string') return coupon;
  try {
    return couponShape.parse(await stripe.coupons.retrieve(coupon));
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return null;
    throw error;
  }
}

/**
 * Adds what events and the fetch say about a subscription, and updates its segments. Adds nothing twice; the order of calls
 * does not matter, because each line says which instant it describes.
 */
export async function recordSubscription(
  db: Queryable,
  { subscription, at, discounts }: FetchedSubscription,
  options: RecordOptions,
): Promise<void> {
  await keepDiscounts(db, discounts);
  const parsed = subscriptionShape.safeParse(subscription);
  if (!parsed.success) {
    options.warn(
      { subscription: subscription.id, problem: parsed.error.message },
      'cannot count a subscription',
    );
    return;
  }
  const fetched = parsed.data;
  const snapshots: { shape: SubscriptionShape; line: Omit<Observation, keyof Terms> }[] = [];
  const payments: Payment[] = [];
  for (const event of await listUntakenEvents(db, fetched.id)) {
    const snapshot = eventShape.safeParse(parseJson(event.payload));
    if (!snapshot.success) continue;
    const { type, created, data } = snapshot.data;
    const object = subscriptionShape.safeParse(data.object);
    const invoice = invoiceShape.safeParse(data.object);
    if (object.success && object.data.id === fetched.id)
      snapshots.push({
        shape: object.data,
        line: {
          subscriptionId: fetched.id,
          at: new Date(created * 1000),
          source: 'event',
          sourceId: event.id,
          rank: eventRank(type),
        },
      });
    const payment = invoice.success && paymentOfInvoice(invoice.data);
    if (payment && payment.subscriptionId === fetched.id) payments.push(payment);
  }
  const latest = invoiceShape.safeParse(subscription.latest_invoice);
  const latestPayment = latest.success && paymentOfInvoice(latest.data);
  if (latestPayment) payments.push({ ...latestPayment, subscriptionId: fetched.id });

  const known = new Map([
    ...(await findDiscounts(
      db,
      snapshots.flatMap(({ shape }) => discountIds(shape)),
    )),
    ...discounts.map((discount) => [discount.id, discount] as const),
  ]);
  const observations: Observation[] = [];
  for (const { shape, line } of snapshots) {
    const terms = termsOf(shape, known, options.originOf);
    if (!('unknown' in terms)) observations.push({ ...terms, ...line });
  }
  const before = await listObservations(db, fetched.id);
  const terms = termsOf(fetched, known, options.originOf);
  if ('unknown' in terms) options.warn({ subscription: fetched.id, ...terms }, unknownMessage(terms));
  else {
    const fetch: Observation = {
      ...terms,
      subscriptionId: fetched.id,
      at: endOf(fetched) ?? at,
      source: 'fetch',
      sourceId: String(options.ticket).padStart(12, '0'),
      rank: ranks.fetch,
    };
    if (isNews(fetch, [...before, ...observations])) observations.push(fetch);
  }
  const added = (await addObservations(db, observations)) + (await addPayments(db, payments));
  if (added > 0) await settleSegments(db, fetched.id, options.graceMs);
}

/** Whether a fetch contradicts what was known about its instant. */
export function isNews(fetch: Observation, known: readonly Observation[]): boolean {
  const last = [...known].sort(compareObservations).findLast((one) => compareObservations(one, fetch) < 0);
  return !last || !sameTerms(last, fetch);
}

/** Recomputes a subscription's segments from its log. */
export async function settleSegments(db: Queryable, subscriptionId: string, graceMs: number): Promise<void> {
  const [observations, paidSince] = [
    await listObservations(db, subscriptionId),
    await findPaidSince(db, subscriptionId),
  ];
  await replaceSegments(db, subscriptionId, segmentsOf(observations, { paidSince, graceMs }));
}

/** When an ended subscription says that it ended, however late it is fetched; null while it runs. */
export function endOf({ status, ended_at: endedAt }: SubscriptionShape): Date | null {
  return status === 'canceled' && endedAt != null ? new Date(endedAt * 1000) : null;
}

export function unknownMessage(unknown: Unknown): string {
  return unknown.unknown === 'price'
    ? 'cannot count a subscription: its price is not one amount for each unit'
    : 'cannot count a subscription: the terms of its discount are unknown';
}

/** Ids of all discounts of a subscription. */
export function discountIds({ discounts, items }: SubscriptionShape): string[] {
  return [...(discounts ?? []), ...items.data.flatMap((item) => item.discounts ?? [])].map((one) =>
    typeof one === 'string' ? one : one.id,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
