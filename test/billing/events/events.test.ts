import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { wantedCatalog } from '../../../automation/billing/catalog/wanted.ts';
import { checkCatalog } from '../../../automation/billing/events/check-catalog.ts';
import { keepInbox } from '../../../automation/billing/events/keep-inbox.ts';
import { closeAlert, listOpenAlerts } from '../../../automation/billing/events/notices-rows.ts';
import { readEvent } from '../../../automation/billing/events/read-event.ts';
import { receiveEvents } from '../../../automation/billing/events/received-events.ts';
import { planReplay, replay } from '../../../automation/billing/events/replay.ts';
import { resolveStripeEvent } from '../../../automation/billing/events/resolve-event.ts';
import { catalog } from '../../../tenants/catalog/index.ts';
import { unrepeated } from '../../local/stripe/call-sites.ts';
import {
  type ClientTee,
  type StripeMock,
  startStripeMock,
  teeToStripeMock,
} from '../../local/stripe/conformance.ts';
import { subscribe } from '../../local/stripe/simulated.ts';
import { jobContext } from '../../support/job-context.ts';
import { type Account, startAccount } from '../../support/stripe.ts';

let account: Account;
let mock: StripeMock;
let tee: ClientTee;
/** The product's client: each of its requests is repeated to stripe-mock. */
let stripe: Stripe;
beforeAll(async () => {
  [account, mock] = await Promise.all([startAccount(), startStripeMock(inject('tools')['stripe-mock'])]);
  tee = teeToStripeMock(mock);
  stripe = tee.clientOf(account.simulator);
});
afterAll(async () => {
  await mock?.stop();
  await account?.stop();
});

const context = () => jobContext({ database: account.database, stripe, now: account.now });

/** A paid subscription that is known, as a sync leaves it. */
async function customerWithSubscription() {
  const { subscription, customer } = await subscribe(account, 'byoc');
  const { database } = account;
  await database.query('insert into tenantry.subscription (id, customer_id) values ($1, $2)', [
    subscription.id,
    customer,
  ]);
  return { subscription, customer };
}

/** The newest event of a type, as Stripe would send it. */
async function sent(type: string, form: 'snapshot' | 'thin'): Promise<string> {
  if (form === 'snapshot') {
    const { data } = await account.stripe.events.list({ type, limit: 1 });
    return JSON.stringify(data[0]);
  }
  const { data } = await account.stripe.v2.core.events.list({ types: [`v1.${type}`], limit: 1 });
  return JSON.stringify(data[0]);
}

/** Receives an event and does what its job does. Returns its id. */
async function take(body: string): Promise<string> {
  const event = readEvent(body);
  await receiveEvents(account.database, [event]);
  await resolveStripeEvent(context(), event.id);
  return event.id;
}

async function trail(subscriptionId: string) {
  const { rows } = await account.database.query<{ kind: string; message: string; audience: string }>(
    `select kind, message, audience from tenantry.audit
     where subscription_id = $1 and kind like 'stripe.%' order by id`,
    [subscriptionId],
  );
  return rows;
}

const alerts = async () => (await listOpenAlerts(account.database, 100)).map(({ key }) => key);

async function eventRow(id: string) {
  const { rows } = await account.database.query<{
    resolved: boolean;
    attempts: number;
    problem: string | null;
  }>(
    'select resolved_at is not null as resolved, attempts, problem from tenantry.stripe_event where id = $1',
    [id],
  );
  return rows[0];
}

async function marks(subscriptionId: string): Promise<number> {
  const { rows } = await account.database.query<{ seq: number }>(
    'select seq from tenantry.subscription_mark where subscription_id = $1',
    [subscriptionId],
  );
  return rows[0]?.seq ?? 0;
}

describe.each(['snapshot', 'thin'] as const)('in %s form', (form) => {
  test('a dispute is an alert until it is decided, told once', async () => {
    const { subscription } = await customerWithSubscription();
    const invoice = subscription.latest_invoice as string;
    const dispute = account.simulator.disputeInvoice(invoice, 'fraudulent');
    const opened = await sent('charge.dispute.created', form);
    await take(opened);
    await take(await sent('charge.dispute.funds_withdrawn', form));
    expect(await alerts()).toContain(`dispute:${dispute.id}`);
    const [entry, ...others] = await trail(subscription.id);
    expect(entry).toMatchObject({ kind: 'stripe.dispute', audience: 'operator' });
    expect(entry?.message).toMatch(
      /^A payment of \$15\.00 \(fraudulent\) is disputed: needs response; answer/,
    );
    expect(others).toEqual([]);

    account.simulator.closeDispute(dispute.id, 'lost');
    await take(await sent('charge.dispute.closed', form));
    expect(await alerts()).not.toContain(`dispute:${dispute.id}`);
    expect((await trail(subscription.id)).map(({ message }) => message)[1]).toBe(
      'The dispute over $15.00 (fraudulent) is over: lost',
    );
  });

  test('a refund is told to the tenant once, one that fails is an alert', async () => {
    const { subscription } = await customerWithSubscription();
    const { data } = await account.stripe.invoicePayments.list({
      invoice: subscription.latest_invoice as string,
    });
    const intent = data[0]?.payment.payment_intent as string;
    const refund = await account.stripe.refunds.create({ payment_intent: intent, amount: 500 });
    await take(await sent('refund.created', form));
    await take(await sent('charge.refunded', form));
    expect(await trail(subscription.id)).toEqual([
      { kind: 'stripe.refund', message: '$5.00 was paid back', audience: 'tenant' },
    ]);
    account.simulator.failRefund(refund.id);
    await take(await sent('refund.failed', form));
    expect(await alerts()).toContain(`refund:${refund.id}:failed`);
    expect(await closeAlert(account.database, `refund:${refund.id}:failed`)).toMatchObject({
      closedBecause: 'operator',
    });
    expect(await alerts()).not.toContain(`refund:${refund.id}:failed`);
  });

  test('a deleted customer is an alert, and each of their subscriptions is fetched', async () => {
    const { subscription, customer } = await customerWithSubscription();
    const before = await marks(subscription.id);
    await account.stripe.customers.del(customer);
    await take(await sent('customer.deleted', form));
    expect(await alerts()).toContain(`customer-deleted:${customer}`);
    expect(await marks(subscription.id)).toBe(before + 1);
  });

  test("a trial's end is told before it comes", async () => {
    const price = (await account.stripe.prices.list({ lookup_keys: ['tenantry:workspace:byoc'] })).data[0];
    const { subscription } = await subscribe(account, 'byoc', {
      line_items: [{ price: price?.id ?? '', quantity: 1 }],
      subscription_data: { trial_period_days: 2 },
    });
    await take(await sent('customer.subscription.trial_will_end', form));
    const [entry] = await trail(subscription.id);
    expect(entry).toMatchObject({ kind: 'stripe.trial-ends', audience: 'tenant' });
    expect(entry?.message).toMatch(/^The trial ends on \d{4}-\d\d-\d\d, and the first payment is due$/);
  });

  test('a payment that the bank wants confirmed is told to the tenant', async () => {
    const { subscription } = await customerWithSubscription();
    const open = await openInvoice(subscription.id);
    await take(ofInvoice('invoice.payment_action_required', open, form));
    expect((await trail(subscription.id)).map(({ kind, audience }) => [kind, audience])).toEqual([
      ['stripe.payment-action', 'tenant'],
    ]);
  });

  test('an invoice that could not be made final is no alert once it is', async () => {
    const { subscription } = await customerWithSubscription();
    const invoice = subscription.latest_invoice as string;
    await take(ofInvoice('invoice.finalization_failed', invoice, form));
    expect(await alerts()).not.toContain(`invoice-stuck:${invoice}`);
  });

  test('a paid invoice lets its subscription be fetched', async () => {
    const { subscription } = await customerWithSubscription();
    const before = await marks(subscription.id);
    await take(await sent('invoice.paid', form));
    expect(await marks(subscription.id)).toBe(before + 1);
  });
});

/** An event that the simulator does not send. */
function ofInvoice(type: string, invoice: string, form: 'snapshot' | 'thin'): string {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  return JSON.stringify(
    form === 'snapshot'
      ? { object: 'event', id, type, data: { object: { object: 'invoice', id: invoice } } }
      : { object: 'v2.core.event', id, type: `v1.${type}`, related_object: { id: invoice, type: 'invoice' } },
  );
}

/** An invoice of the subscription that could not be charged. */
async function openInvoice(subscriptionId: string): Promise<string> {
  const subscription = await account.stripe.subscriptions.retrieve(subscriptionId);
  account.simulator.setCard(subscription.customer as string, { works: false });
  await account.stripe.subscriptions.update(subscriptionId, { default_payment_method: '' });
  const item = subscription.items.data[0]?.id ?? '';
  const dearer = (await account.stripe.prices.list({ lookup_keys: ['tenantry:workspace:we-manage'] }))
    .data[0];
  await account.stripe.subscriptions.update(subscriptionId, {
    items: [{ id: item, price: dearer?.id ?? '' }],
    proration_behavior: 'always_invoice',
    payment_behavior: 'allow_incomplete',
  });
  const { data } = await account.stripe.invoices.list({ subscription: subscriptionId, limit: 1 });
  return data[0]?.id ?? '';
}

test('the catalog changed in the dashboard is an alert until it is mended', async () => {
  const wanted = wantedCatalog(catalog);
  const check = () => checkCatalog(context(), wanted);
  await check();
  expect(await alerts()).not.toContain('catalog');
  const [price] = (await account.stripe.prices.list({ lookup_keys: ['tenantry:inbox:starter'] })).data;
  await account.stripe.prices.update(price?.id ?? '', { nickname: 'Cheap' });
  const event = readEvent(await sent('price.updated', 'snapshot'));
  await receiveEvents(account.database, [event]);
  const { rowCount } = await account.database.query(
    `select 1 from graphile_worker.jobs where key = 'check-catalog'`,
  );
  expect(rowCount).toBe(1);
  await check();
  await check();
  const open = (await listOpenAlerts(account.database, 100)).filter(({ key }) => key === 'catalog');
  expect(open.map(({ message }) => message)).toEqual([
    'Stripe differs from the catalog; `tenantry catalog sync` mends: update price tenantry:inbox:starter: nickname Cheap -> Starter',
  ]);
  await account.stripe.prices.update(price?.id ?? '', { nickname: 'Starter' });
  await check();
  expect(await alerts()).not.toContain('catalog');
});

test('an unknown event is stored and acknowledged', async () => {
  const body = { object: 'event', id: 'evt_unknown', type: 'moon.full', data: { object: { id: 'moon_1' } } };
  await take(JSON.stringify(body));
  expect(await eventRow('evt_unknown')).toEqual({ resolved: true, attempts: 0, problem: null });
});

describe('a replay', () => {
  test('fetches what never came and handles anew what came, each subscription once more', async () => {
    const { subscription } = await customerWithSubscription();
    const body = await sent('customer.subscription.created', 'snapshot');
    const { id } = readEvent(body);
    const plan = await planReplay(account.database, stripe, { id }, account.now());
    expect([plan.stored.length, plan.missed.map((event) => event.id)]).toEqual([0, [id]]);
    expect(await eventRow(id)).toBeUndefined();
    await replay(account.database, plan);
    expect(await eventRow(id)).toMatchObject({ resolved: true });
    expect(await marks(subscription.id)).toBe(1);

    const again = await planReplay(account.database, stripe, { id }, account.now());
    expect([again.stored.map((event) => event.id), again.missed]).toEqual([[id], []]);
    await replay(account.database, again);
    expect(await marks(subscription.id)).toBe(2);
  });

  test('takes an event that came in thin form for the one that the list shows', async () => {
    await customerWithSubscription();
    const id = await take(await sent('checkout.session.completed', 'thin'));
    const selection = { since: new Date(0), type: 'checkout.session.*' };
    const plan = await planReplay(account.database, stripe, selection, account.now());
    expect(plan.stored.map((event) => event.id)).toContain(id);
    const snapshot = readEvent(await sent('checkout.session.completed', 'snapshot')).id;
    expect(plan.missed.map((event) => event.id)).not.toContain(snapshot);
  });

  test('of failed ones takes just those, and they are handled then', async () => {
    const { subscription } = await customerWithSubscription();
    account.simulator.disputeInvoice(subscription.latest_invoice as string, 'general');
    const event = readEvent(await sent('charge.dispute.created', 'snapshot'));
    await receiveEvents(account.database, [event]);
    const away = new Stripe('sk_test_away', {
      host: '127.0.0.1',
      port: 9,
      protocol: 'http',
      maxNetworkRetries: 0,
    });
    await expect(resolveStripeEvent({ ...context(), stripe: away }, event.id)).rejects.toThrow();
    expect(await eventRow(event.id)).toMatchObject({ resolved: false, attempts: 1 });
    const plan = await planReplay(account.database, stripe, { failed: true }, account.now());
    expect([plan.stored.map(({ id }) => id), plan.missed]).toEqual([[event.id], []]);
    await replay(account.database, plan);
    await resolveStripeEvent(context(), event.id);
    expect(await eventRow(event.id)).toMatchObject({ resolved: true, problem: null });
  });
});

test('events are forgotten after their time, but none that waits, nor one whose subscription does', async () => {
  const { database } = account;
  const old = new Date(account.now().getTime() - 100 * 24 * 3_600_000);
  const insert = (id: string, subscriptionId: string | null, resolvedAt: Date | null, at = old) =>
    database.query(
      `insert into tenantry.stripe_event (id, type, payload, subscription_id, received_at, resolved_at)
       values ($1, 'invoice.paid', '{}', $2, $3, $4)`,
      [id, subscriptionId, at, resolvedAt],
    );
  await insert('evt_old', null, old);
  await insert('evt_waiting', null, null);
  await insert('evt_dirty', 'sub_dirty', old);
  await insert('evt_settled', 'sub_settled', old);
  await insert('evt_new', null, account.now(), account.now());
  await database.query(`select tenantry.mark_subscriptions(array['sub_dirty', 'sub_settled'])`);
  await database.query(`select tenantry.settle_subscription('sub_settled', 1)`);
  await keepInbox(context());
  const { rows } = await database.query<{ id: string }>(
    `select id from tenantry.stripe_event
     where id in ('evt_old', 'evt_waiting', 'evt_dirty', 'evt_settled', 'evt_new') order by id`,
  );
  expect(rows.map(({ id }) => id)).toEqual(['evt_dirty', 'evt_new', 'evt_waiting']);
});

test('every request of these is what Stripe describes', async () => {
  expect(await unrepeated('test/billing/events/events.test.ts', tee)).toEqual([]);
  expect(await tee.problems()).toEqual([]);
});
