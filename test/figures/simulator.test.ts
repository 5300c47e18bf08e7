/**
 * The log against the Stripe simulator and its clock: customers' actions over months, with events in any order or
 * missing.
 */
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvent } from '../../api/stripe/event.ts';
import { receiveEvent } from '../../automation/billing/events/received-events.ts';
import { originOf, subscriptionMetadata } from '../../automation/desired/subscription-facts.ts';
import { listCheckouts, listReceipts, listSegments, revenueAt } from '../../automation/figures/read.ts';
import { rebuildFigures } from '../../automation/figures/rebuild.ts';
import { figuresOf } from '../../automation/figures/report.ts';
import type { Segment } from '../../automation/figures/segments.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { jobContext } from '../support/job-context.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { graceMs } from './sample.ts';

let told: Account;
beforeAll(async () => {
  told = await startAccount();
});
afterAll(() => told?.stop());

const dayS = 86_400;
const context = () =>
  jobContext({ database: told.database, stripe: told.stripe, policy: { graceMs }, now: told.now });

async function priceOf(plan: string): Promise<string> {
  const { data } = await told.stripe.prices.list({ lookup_keys: [`tenantry:${plan}`] });
  if (!data[0]) throw new Error(`no price of ${plan}`);
  return data[0].id;
}

interface Wish {
  readonly owner: string;
  readonly plan: string;
  readonly seats?: number;
  readonly trialDays?: number;
  readonly coupon?: string;
}

async function buy({ owner, plan, seats = 1, trialDays, coupon }: Wish): Promise<string> {
  const opened = await told.stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: await priceOf(plan), quantity: seats }],
    success_url: 'http://localhost/',
    ...(coupon && { discounts: [{ coupon }] }),
    subscription_data: {
      metadata: { [subscriptionMetadata.owner]: owner },
      ...(trialDays && { trial_period_days: trialDays }),
    },
  });
  told.simulator.payCheckout(opened.id);
  const { subscription } = await told.stripe.checkout.sessions.retrieve(opened.id);
  if (typeof subscription !== 'string') throw new Error('not subscribed');
  return subscription;
}

const pass = (days: number) => told.simulator.advanceClock({ seconds: days * dayS });

async function changeTo(id: string, plan: string, quantity = 1): Promise<void> {
  const { items } = await told.stripe.subscriptions.retrieve(id);
  const [item] = items.data;
  await told.stripe.subscriptions.update(id, {
    items: [{ id: item?.id ?? '', price: await priceOf(plan), quantity }],
  });
}

/** Every event so far, oldest first. */
async function events(): Promise<Stripe.Event[]> {
  return (await told.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 })).reverse();
}

async function sync(id: string): Promise<void> {
  await markSubscription(told.database, id);
  await syncSubscription(context(), id);
}

async function lines(): Promise<unknown> {
  const { rows } = await told.database.query(
    `select (select count(*) from tenantry.figures_observation) as observations,
       (select count(*) from tenantry.figures_payment) as payments`,
  );
  return rows[0];
}

const summary = (segments: readonly Segment[], id: string) =>
  segments
    .filter((one) => one.subscriptionId === id)
    .map(({ standing, plan, micros }) => `${standing} ${plan} ${micros / 10_000}`);

test('months of customers are told the same from late events in any order and from Stripe alone', async () => {
  const { database, stripe } = told;
  const start = new Date(told.now().getTime());
  const half = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
  const gift = await stripe.coupons.create({ percent_off: 100, duration: 'once' });
  const ids = {
    grows: await buy({ owner: 'ada', plan: 'stream:professional', seats: 2 }),
    tries: await buy({ owner: 'bob', plan: 'agents:pro', trialDays: 14 }),
    halved: await buy({ owner: 'cyd', plan: 'workspace:we-manage', coupon: half.id }),
    gifted: await buy({ owner: 'dan', plan: 'workspace:byoc', coupon: gift.id }),
    leaves: await buy({ owner: 'eve', plan: 'workspace:byoc' }),
  };
  await pass(10);
  await changeTo(ids.grows, 'stream:professional', 5);
  await pass(10);
  await changeTo(ids.grows, 'stream:business', 1);
  await stripe.subscriptions.cancel(ids.leaves);
  await pass(15);

  // The newest first, each twice, and those of one subscription never; a fetch in between, as sweeps make them.
  for (const event of (await events()).reverse()) {
    const body = JSON.stringify(event);
    if (body.includes(ids.halved)) continue;
    await receiveEvent(database, readEvent(body));
    await receiveEvent(database, readEvent(body));
    if (event.type === 'customer.subscription.updated') await sync(ids.grows);
  }
  for (const id of Object.values(ids)) await sync(id);
  const known = await lines();
  for (const id of Object.values(ids)) await sync(id);
  expect(await lines()).toEqual(known);

  const later = new Date(told.now().getTime() + dayS * 1000);
  const segments = await listSegments(database, later);
  expect(summary(segments, ids.grows).slice(-3)).toEqual([
    'paying professional 5800',
    'paying professional 14500',
    'paying business 9900',
  ]);
  expect(summary(segments, ids.tries)).toEqual([
    'trial pro 0',
    expect.stringMatching(/^pending pro 0$/),
    'paying pro 1900',
  ]);
  expect(summary(segments, ids.halved)).toEqual(['paying we-manage 1000']);
  expect(summary(segments, ids.gifted).at(-1)).toBe('paying byoc 1500');
  expect(summary(segments, ids.leaves).slice(-2)).toEqual(['paying byoc 1500', 'ended byoc 0']);
  const grows = segments.filter(({ subscriptionId }) => subscriptionId === ids.grows);
  expect(Math.round(((grows.at(-1)?.from.getTime() ?? 0) - start.getTime()) / 86_400_000)).toBe(20);

  // As of any day that is past.
  const mrr = async (days: number) =>
    (await revenueAt(database, new Date(start.getTime() + days * 86_400_000)))
      .filter(({ plan }) => plan !== 'we-manage')
      .reduce((sum, { micros }) => sum + micros / 10_000, 0);
  expect([await mrr(5), await mrr(12), await mrr(18), await mrr(22)]).toEqual([8800, 17_500, 19_400, 13_300]);

  // What changes hands is told by invoices; the gift was worth a month, and leaves MRR alone.
  const receipts = await listReceipts(database, start, later);
  const gifts = receipts.filter(({ product, plan }) => product === 'workspace' && plan === 'byoc');
  expect(gifts.map(({ cents }) => cents)).toEqual([1500, 1500]);

  const question = {
    fromDay: Math.floor(start.getTime() / 86_400_000) - 1,
    toDay: Math.floor(told.now().getTime() / 86_400_000) + 1,
    every: 'whole' as const,
    by: 'product' as const,
    currency: 'usd',
    now: told.now(),
  };
  const fromEvents = figuresOf(
    { segments, receipts, checkouts: await listCheckouts(database, start, later) },
    question,
  );

  // The same from Stripe alone, in a database that never received an event.
  const alone = await startAccount();
  try {
    await rebuildFigures(alone.database, stripe, { graceMs, originOf, warn: () => {} });
    const rebuilt = figuresOf(
      {
        segments: await listSegments(alone.database, later),
        receipts: await listReceipts(alone.database, start, later),
        checkouts: await listCheckouts(alone.database, start, later),
      },
      question,
    );
    const money = (rows: typeof rebuilt) =>
      rows.map(({ product, movementsMicros, closingMrrMicros, closingCustomers, revenueCents }) => ({
        product,
        movementsMicros,
        closingMrrMicros,
        closingCustomers,
        revenueCents,
      }));
    // The one that was only fetched, at the end, is known from its invoices on when it is rebuilt.
    const others = (rows: typeof rebuilt) => money(rows).filter(({ product }) => product !== 'workspace');
    expect(others(rebuilt)).toEqual(others(fromEvents));
    expect(others(rebuilt)).toHaveLength(2);
    await rebuildFigures(database, stripe, { graceMs, originOf, warn: () => {} });
    const mended = figuresOf(
      {
        segments: await listSegments(database, later),
        receipts: await listReceipts(database, start, later),
        checkouts: [],
      },
      question,
    );
    expect(money(mended)).toEqual(money(rebuilt));
  } finally {
    await alone.stop();
  }
});
