import type { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { day, idOf, priceOf, receiveWebhooks, type Simulated, simulate, subscribe } from './simulated.ts';

const hour = 3600;
const periodEnd = (subscription: Stripe.Subscription): number =>
  subscription.items.data[0]?.current_period_end ?? 0;

async function look({ stripe }: Simulated, id: string) {
  const subscription = await stripe.subscriptions.retrieve(id);
  const invoice = await stripe.invoices.retrieve(idOf(subscription.latest_invoice));
  return { status: subscription.status, invoice, end: periodEnd(subscription), subscription };
}

describe('renewal', () => {
  test('an invoice is drafted at the end of the period and paid an hour later', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { subscription } = await subscribe(it);
    const end = periodEnd(subscription);
    await it.simulator.advanceClock({ to: end });
    const drafted = await look(it, subscription.id);
    expect(drafted).toMatchObject({
      status: 'active',
      invoice: { status: 'draft', billing_reason: 'subscription_cycle' },
    });
    expect(drafted.subscription.items.data[0]?.current_period_start).toBe(end);
    expect(drafted.end).toBeGreaterThan(end + 27 * day);
    receiver.received.length = 0;
    await it.simulator.advanceClock({ seconds: hour });
    const paid = await look(it, subscription.id);
    expect(paid.invoice).toMatchObject({ status: 'paid', amount_paid: 1500 });
    expect(paid.invoice.status_transitions.finalized_at).toBe(end + hour);
    await it.simulator.flushDeliveries();
    expect(receiver.types()).toEqual(expect.arrayContaining(['invoice.finalized', 'invoice.paid']));
  });

  test('a year passes in order, one invoice a month', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it);
    await it.simulator.advanceClock({ seconds: 366 * day });
    const invoices = await it.stripe.invoices.list({ subscription: subscription.id, limit: 100 });
    expect(invoices.data.filter((invoice) => invoice.status === 'paid')).toHaveLength(13);
    const starts = invoices.data.map((invoice) => invoice.created);
    expect(starts).toEqual([...starts].sort((a, b) => b - a));
  });

  test('notice is given before a renewal and before the end of a trial', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { subscription } = await subscribe(it, 'small', { subscription_data: { trial_period_days: 30 } });
    const end = subscription.trial_end ?? 0;
    await it.simulator.advanceClock({ to: end - 8 * day });
    await it.simulator.flushDeliveries();
    expect(receiver.types()).not.toContain('invoice.upcoming');
    await it.simulator.advanceClock({ to: end - 3 * day });
    await it.simulator.flushDeliveries();
    const told = receiver.types().filter((type) => /upcoming|trial_will_end/.test(type));
    expect(told.sort()).toEqual(['customer.subscription.trial_will_end', 'invoice.upcoming']);
    await it.simulator.advanceClock({ to: end + hour });
    expect(await look(it, subscription.id)).toMatchObject({
      status: 'active',
      invoice: { amount_paid: 1500 },
    });
  });
});

describe('a trial that ends without a payment method', () => {
  test.each([
    ['cancel', 'canceled'],
    ['pause', 'paused'],
    ['create_invoice', 'past_due'],
  ] as const)('with %s, the subscription is %s', async (missing_payment_method, status) => {
    const { stripe, simulator } = await simulate();
    const customer = await stripe.customers.create({ email: 't@example.com' });
    const price = await priceOf(stripe, 'small');
    const { id, trial_end } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 5,
      trial_settings: { end_behavior: { missing_payment_method } },
    });
    await simulator.advanceClock({ to: (trial_end ?? 0) + hour });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe(status);
  });
});

describe('a renewal that is not paid', () => {
  test('is past due, and active again when a later attempt succeeds', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { subscription, customer } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    await it.simulator.advanceClock({ to: periodEnd(subscription) + hour });
    const late = await look(it, subscription.id);
    expect(late).toMatchObject({ status: 'past_due', invoice: { status: 'open', attempt_count: 1 } });
    expect(late.invoice.next_payment_attempt).toBe(periodEnd(subscription) + hour + 3 * day);
    expect(await it.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true });
    it.simulator.setCard(customer, { works: true });
    expect((await look(it, subscription.id)).status).toBe('past_due');
    await it.simulator.advanceClock({ seconds: 3 * day });
    expect(await look(it, subscription.id)).toMatchObject({ status: 'active', invoice: { status: 'paid' } });
    expect(await it.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false });
    await it.simulator.flushDeliveries();
    expect(receiver.types()).toContain('invoice.payment_failed');
  });

  test('is canceled when every attempt has failed', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    const first = periodEnd(subscription) + hour;
    await it.simulator.advanceClock({ to: first + (3 + 5) * day });
    expect(await look(it, subscription.id)).toMatchObject({
      status: 'past_due',
      invoice: { attempt_count: 3 },
    });
    await it.simulator.advanceClock({ to: first + (3 + 5 + 7) * day });
    expect(await look(it, subscription.id)).toMatchObject({
      status: 'canceled',
      subscription: { cancellation_details: { reason: 'payment_failed' } },
      invoice: { status: 'open', attempt_count: 4, next_payment_attempt: null },
    });
  });

  test('stays unpaid where the settings say so, drafts further invoices, and recovers by payment', async () => {
    const it = await simulate({ dunning: { retryAfterDays: [1], afterwards: 'unpaid' } });
    const { subscription, customer } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    const end = periodEnd(subscription);
    await it.simulator.advanceClock({ to: end + hour + day });
    const unpaid = await look(it, subscription.id);
    expect(unpaid).toMatchObject({ status: 'unpaid', invoice: { status: 'open' } });
    await it.simulator.advanceClock({ to: unpaid.end + 2 * hour });
    expect(await look(it, subscription.id)).toMatchObject({ status: 'unpaid', invoice: { status: 'draft' } });
    it.simulator.setCard(customer, { works: true });
    await it.stripe.invoices.pay(unpaid.invoice.id ?? '');
    expect((await look(it, subscription.id)).status).toBe('active');
  });

  test('counts as paid when it was paid elsewhere', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    await it.simulator.advanceClock({ to: periodEnd(subscription) + hour });
    const { invoice } = await look(it, subscription.id);
    await it.stripe.invoices.pay(invoice.id ?? '', { paid_out_of_band: true });
    expect(await look(it, subscription.id)).toMatchObject({
      status: 'active',
      invoice: { amount_paid: 1500 },
    });
  });

  test('a declined attempt by hand is recorded although the request fails', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    await it.simulator.advanceClock({ to: periodEnd(subscription) });
    const { invoice } = await look(it, subscription.id);
    await expect(it.stripe.invoices.pay(invoice.id ?? '')).rejects.toMatchObject({ code: 'card_declined' });
    expect((await look(it, subscription.id)).invoice).toMatchObject({ status: 'open', attempt_count: 1 });
  });
});

test('the clock never moves backwards', async () => {
  const { simulator } = await simulate();
  const { now } = await simulator.advanceClock({ seconds: 1000 });
  expect(simulator.clock().aheadSeconds).toBeGreaterThanOrEqual(999);
  await expect(simulator.advanceClock({ to: now - 10 })).rejects.toThrow('only moves forward');
});
