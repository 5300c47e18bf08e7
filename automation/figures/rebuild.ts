/**
 * Completes the log with what events never brought, from all subscriptions, invoices and events that Stripe still has.
 */
import type Stripe from 'stripe';
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import type { Database } from '../store/database.ts';
import {
  addCheckout,
  addObservations,
  addPayments,
  findDiscounts,
  keepDiscounts,
  linkRefunds,
  listObservations,
  listObservedSubscriptions,
} from './log.ts';
import { eventRank, type Observation, type ReadOrigin, ranks, termsOf } from './observation.ts';
import { observationsOfInvoice } from './past.ts';
import { type Payment, paymentOfInvoice, paymentsOfCreditNote, refundsOfCreditNote } from './payments.ts';
import {
  answeredAt,
  discountIds,
  endOf,
  isNews,
  readDiscounts,
  settleSegments,
  unknownMessage,
  withTerms,
} from './record.ts';
import type { Discount, Price } from './recurring.ts';
import {
  creditNoteShape,
  discountShape,
  type InvoiceShape,
  invoiceShape,
  priceShape,
  subscriptionShape,
} from './stripe-shapes.ts';

export interface RebuildOptions {
  readonly originOf: ReadOrigin;
  readonly graceMs: number;
  readonly warn: (about: Record<string, unknown>, message: string) => void;
}

export interface Rebuilt {
  readonly subscriptions: number;
  readonly invoices: number;
  readonly events: number;
  /** How many lines are new in the log. */
  readonly added: number;
}

/** Stripe gives 30 days of events. */
const eventTypes = [
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'customer.subscription.paused',
  'customer.subscription.resumed',
  'customer.discount.created',
  'customer.discount.deleted',
];

/**
 * Adds to the log what only Stripe knows, and recomputes all segments. Existing lines stay, because they may come from
 * events that Stripe no longer has. Safe to repeat, and to run during syncs.
 * @see https://docs.stripe.com/api/events — events are listed for 30 days; invoices for good
 */
export async function rebuildFigures(
  db: Database,
  stripe: Stripe,
  { originOf, graceMs, warn }: RebuildOptions,
): Promise<Rebuilt> {
  let added = 0;
  const startedAt = answeredAt(await stripe.prices.list({ limit: 1 }), new Date());
  const prices = await listPrices(stripe);
  const invoices = await listInvoices(stripe);
  added += await addPayments(
    db,
    [...invoices.values()].flat().flatMap((invoice) => paymentOfInvoice(invoice) ?? []),
  );
  const now = new Map<string, Observation>();

  let subscriptions = 0;
  for await (const subscription of stripe.subscriptions.list({
    status: 'all',
    limit: 100,
    expand: ['data.discounts'],
  })) {
    subscriptions += 1;
    const parsed = subscriptionShape.safeParse(subscription);
    if (!parsed.success) {
      warn({ subscription: subscription.id }, 'cannot count a subscription');
      continue;
    }
    const discounts = await readDiscounts(db, stripe, subscription);
    await keepDiscounts(db, discounts);
    const known = new Map<string, Discount>(discounts.map((discount) => [discount.id, discount]));
    const terms = termsOf(parsed.data, known, originOf);
    if ('unknown' in terms) {
      warn({ subscription: subscription.id, ...terms }, unknownMessage(terms));
      continue;
    }
    now.set(subscription.id, {
      ...terms,
      subscriptionId: subscription.id,
      at: endOf(parsed.data) ?? startedAt,
      source: 'fetch',
      sourceId: `rebuild:${startedAt.toISOString()}`,
      rank: ranks.fetch,
    });
    const { account, checkoutId } = terms;
    const observations: Observation[] = (invoices.get(subscription.id) ?? []).flatMap((invoice) =>
      observationsOfInvoice(invoice, parsed.data, { account, checkoutId }, (id) => prices.get(id), known),
    );
    added += await addObservations(db, observations);
  }

  const events = await addEvents(db, stripe, originOf);
  added += events.added;
  added += await addCreditNotes(db, stripe, warn);
  await addCheckouts(db, stripe);
  for (const id of new Set([...now.keys(), ...(await listObservedSubscriptions(db))])) {
    const fetched = now.get(id);
    await db.transaction(async (client) => {
      if (fetched && isNews(fetched, await listObservations(client, id)))
        added += await addObservations(client, [fetched]);
      await settleSegments(client, id, graceMs);
    });
  }
  const count = [...invoices.values()].reduce((sum, { length }) => sum + length, 0);
  return { subscriptions, invoices: count, events: events.seen, added };
}

async function listPrices(stripe: Stripe): Promise<Map<string, Price>> {
  const prices = new Map<string, Price>();
  for (const active of [true, false])
    for await (const price of stripe.prices.list({ limit: 100, active })) {
      const parsed = priceShape.safeParse(price);
      if (parsed.success) prices.set(price.id, parsed.data);
    }
  return prices;
}

/** Paid invoices by subscription. */
async function listInvoices(stripe: Stripe): Promise<Map<string, InvoiceShape[]>> {
  const invoices = new Map<string, InvoiceShape[]>();
  for await (const invoice of stripe.invoices.list({ status: 'paid', limit: 100 })) {
    const parsed = invoiceShape.safeParse(invoice);
    const subscription = parsed.data?.parent?.subscription_details?.subscription;
    if (!parsed.success || !subscription) continue;
    const known = invoices.get(subscription);
    if (known) known.push(parsed.data);
    else invoices.set(subscription, [parsed.data]);
  }
  return invoices;
}

async function addEvents(
  db: Database,
  stripe: Stripe,
  originOf: ReadOrigin,
): Promise<{ seen: number; added: number }> {
  let [seen, added] = [0, 0];
  const subscriptions: Stripe.Event[] = [];
  for await (const event of stripe.events.list({ types: eventTypes, limit: 100 })) {
    seen += 1;
    const discount = discountShape.safeParse(event.data.object);
    if (event.type.startsWith('customer.discount.') && discount.success)
      await keepDiscounts(db, await withTerms(db, stripe, [discount.data]));
    else subscriptions.push(event);
  }
  for (const event of subscriptions) {
    const snapshot = subscriptionShape.safeParse(event.data.object);
    if (!snapshot.success) continue;
    const terms = termsOf(snapshot.data, await findDiscounts(db, discountIds(snapshot.data)), originOf);
    if ('unknown' in terms) continue;
    added += await addObservations(db, [
      {
        ...terms,
        subscriptionId: snapshot.data.id,
        at: new Date(event.created * 1000),
        source: 'event',
        sourceId: event.id,
        rank: eventRank(event.type),
      },
    ]);
  }
  return { seen, added };
}

async function addCreditNotes(db: Database, stripe: Stripe, warn: RebuildOptions['warn']): Promise<number> {
  const payments: Payment[] = [];
  try {
    for await (const note of stripe.creditNotes.list({ limit: 100 })) {
      const parsed = creditNoteShape.safeParse(note);
      if (!parsed.success) continue;
      payments.push(...paymentsOfCreditNote(parsed.data));
      await linkRefunds(db, note.id, refundsOfCreditNote(parsed.data));
    }
  } catch (error) {
    warn({ error: String(error) }, 'cannot list credit notes');
  }
  return addPayments(db, payments);
}

/** Adds sessions of plans with a price that our own checkout opened: it gives them its own id. */
async function addCheckouts(db: Database, stripe: Stripe): Promise<void> {
  for await (const session of stripe.checkout.sessions.list({ limit: 100, expand: ['data.line_items'] })) {
    const id = session.client_reference_id;
    const price = session.line_items?.data[0]?.price;
    const bought = price && planOfPrice(price);
    if (!id || !bought || !price.unit_amount) continue;
    const at = new Date(session.created * 1000);
    await addCheckout(db, { id, product: bought.product.id, plan: bought.plan.id, at });
  }
}
