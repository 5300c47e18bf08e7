import type { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  clientOf,
  day,
  idOf,
  priceOf,
  receiveWebhooks,
  type Simulated,
  simulate,
  subscribe,
} from './simulated.ts';

async function customerWith(stripe: Stripe, card: string | null): Promise<string> {
  const method =
    card === null ? {} : { payment_method: card, invoice_settings: { default_payment_method: card } };
  const { id } = await stripe.customers.create({ email: 'api@example.com' });
  if (card !== null) {
    const attached = await stripe.paymentMethods.attach(method.payment_method ?? '', { customer: id });
    await stripe.customers.update(id, { invoice_settings: { default_payment_method: attached.id } });
  }
  return id;
}

async function invoicesOf({ stripe }: Simulated, subscription: string): Promise<Stripe.Invoice[]> {
  return (await stripe.invoices.list({ subscription, limit: 100 })).data;
}

const itemOf = (subscription: Stripe.Subscription): Stripe.SubscriptionItem => {
  const [item] = subscription.items.data;
  if (!item) throw new Error('no item');
  return item;
};

describe('subscriptions made through the API', () => {
  test('a good card makes an active subscription', async () => {
    const { stripe } = await simulate();
    const price = await priceOf(stripe, 'small');
    const customer = await customerWith(stripe, 'pm_card_visa');
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: price.id }],
      expand: ['latest_invoice'],
    });
    expect(subscription).toMatchObject({
      status: 'active',
      latest_invoice: { status: 'paid', amount_paid: 1500 },
    });
  });

  test('a failing card leaves it incomplete, and it expires after 23 hours', async () => {
    const it = await simulate();
    const { stripe, simulator } = it;
    const price = await priceOf(stripe, 'small');
    const customer = await customerWith(stripe, 'pm_card_chargeCustomerFail');
    const made = await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
    expect(made.status).toBe('incomplete');
    const [invoice] = await invoicesOf(it, made.id);
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: null });
    await simulator.advanceClock({ seconds: 23 * 3600 });
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe('incomplete_expired');
    expect((await invoicesOf(it, made.id))[0]?.status).toBe('void');
  });

  test('an incomplete one becomes active when its invoice is paid', async () => {
    const it = await simulate();
    const { stripe, simulator } = it;
    const price = await priceOf(stripe, 'small');
    const customer = await customerWith(stripe, 'pm_card_chargeCustomerFail');
    const made = await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
    const invoice = idOf(made.latest_invoice);
    await expect(stripe.invoices.pay(invoice)).rejects.toMatchObject({
      type: 'StripeCardError',
      code: 'card_declined',
      statusCode: 402,
    });
    simulator.setCard(customer, { works: true });
    expect((await stripe.invoices.pay(invoice)).status).toBe('paid');
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe('active');
  });

  test('error_if_incomplete leaves nothing behind', async () => {
    const { stripe } = await simulate();
    const price = await priceOf(stripe, 'small');
    const customer = await customerWith(stripe, 'pm_card_chargeCustomerFail');
    const items = [{ price: price.id }];
    await expect(
      stripe.subscriptions.create({ customer, items, payment_behavior: 'error_if_incomplete' }),
    ).rejects.toMatchObject({ code: 'card_declined' });
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    expect((await stripe.invoices.list()).data).toEqual([]);
  });

  test('a paid plan needs a payment method, a free one does not', async () => {
    const { stripe } = await simulate();
    const customer = await customerWith(stripe, null);
    const small = await priceOf(stripe, 'small');
    const free = await priceOf(stripe, 'free');
    await expect(
      stripe.subscriptions.create({ customer, items: [{ price: small.id }] }),
    ).rejects.toMatchObject({
      code: 'resource_missing',
    });
    const made = await stripe.subscriptions.create({ customer, items: [{ price: free.id }] });
    expect(made.status).toBe('active');
  });
});

describe('a change of plan', () => {
  test('invoiced at once, it charges the rest of the period for the new price less the old', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { subscription } = await subscribe(it, 'small');
    const item = itemOf(subscription);
    const half = Math.round((item.current_period_end - item.current_period_start) / 2);
    await it.simulator.advanceClock({ to: item.current_period_start + half });
    const large = await priceOf(it.stripe, 'large');
    await it.simulator.flushDeliveries();
    const changed = await it.stripe.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: large.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(itemOf(changed)).toMatchObject({ id: item.id, price: { id: large.id }, quantity: 1 });
    expect(itemOf(changed).current_period_end).toBe(item.current_period_end);
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', status: 'paid' });
    expect(invoice.lines.data.map((line) => line.amount)).toEqual([-750, 2250]);
    expect(invoice.total).toBe(1500);
    await it.simulator.flushDeliveries();
    const update = receiver.received.find(({ type }) => type === 'customer.subscription.updated');
    expect(JSON.parse(update?.body ?? '{}').data.previous_attributes.items.data[0].price.lookup_key).toBe(
      'tenantry:workspace:small',
    );
  });

  test('prorated by default, the difference waits for the next invoice', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it, 'team');
    const item = itemOf(subscription);
    await it.stripe.subscriptions.update(subscription.id, { items: [{ id: item.id, quantity: 3 }] });
    expect(await invoicesOf(it, subscription.id)).toHaveLength(1);
    await it.simulator.advanceClock({ to: item.current_period_end + 3600 });
    const [renewal] = await invoicesOf(it, subscription.id);
    expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid' });
    const amounts = renewal?.lines.data.map((line) => line.amount) ?? [];
    expect(amounts.at(-1)).toBe(3 * 2900);
    expect(
      renewal?.lines.data.filter((line) => line.parent?.subscription_item_details?.proration),
    ).toHaveLength(2);
  });

  test('downwards, the credit pays for what comes next', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it, 'large');
    const small = await priceOf(it.stripe, 'small');
    await it.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: small.id }],
      proration_behavior: 'always_invoice',
    });
    const { balance } = (await it.stripe.customers.retrieve(customer)) as Stripe.Customer;
    expect(balance).toBeLessThan(-2990);
    await it.simulator.advanceClock({ to: itemOf(subscription).current_period_end + 3600 });
    const [renewal] = await invoicesOf(it, subscription.id);
    expect(renewal).toMatchObject({ total: 1500, amount_due: 0, status: 'paid', starting_balance: balance });
    expect(((await it.stripe.customers.retrieve(customer)) as Stripe.Customer).balance).toBe(balance + 1500);
  });

  test('from a free plan to a paid one, a new period begins and is charged', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it, 'free');
    await it.simulator.advanceClock({ seconds: 10 * day });
    const large = await priceOf(it.stripe, 'large');
    const changed = await it.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: large.id }],
    });
    expect(itemOf(changed).current_period_start).toBeGreaterThanOrEqual(subscription.created + 10 * day);
    expect((await invoicesOf(it, subscription.id))[0]).toMatchObject({ amount_paid: 4500 });
  });

  test('a preview says what it would cost and changes nothing', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it, 'small');
    const large = await priceOf(it.stripe, 'large');
    const preview = await it.stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: {
        items: [{ id: itemOf(subscription).id, price: large.id }],
        proration_behavior: 'always_invoice',
      },
    });
    expect(preview.total).toBeGreaterThan(2990);
    expect(await it.stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
    const next = await it.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(next).toMatchObject({ total: 1500, billing_reason: 'upcoming' });
    expect(await invoicesOf(it, subscription.id)).toHaveLength(1);
  });

  test('items can be added and removed, but not the last', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it, 'small');
    const team = await priceOf(it.stripe, 'team');
    const added = await it.stripe.subscriptionItems.create({
      subscription: subscription.id,
      price: team.id,
      quantity: 2,
    });
    expect((await it.stripe.subscriptionItems.list({ subscription: subscription.id })).data).toHaveLength(2);
    await it.stripe.subscriptionItems.update(added.id, { quantity: 4 });
    expect((await it.stripe.subscriptionItems.retrieve(added.id)).quantity).toBe(4);
    await it.stripe.subscriptionItems.del(itemOf(subscription).id);
    await expect(it.stripe.subscriptionItems.del(added.id)).rejects.toThrow('at least one active plan');
  });
});

describe('an end of a subscription', () => {
  test('at once', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { subscription } = await subscribe(it);
    const ended = await it.stripe.subscriptions.cancel(subscription.id, {
      cancellation_details: { comment: 'thanks', feedback: 'unused' },
    });
    expect(ended).toMatchObject({
      status: 'canceled',
      cancellation_details: { comment: 'thanks', feedback: 'unused', reason: 'cancellation_requested' },
    });
    expect(ended.ended_at).not.toBeNull();
    expect((await it.stripe.subscriptions.list()).data).toEqual([]);
    expect((await it.stripe.subscriptions.list({ status: 'all' })).data).toHaveLength(1);
    await it.simulator.flushDeliveries();
    expect(receiver.types()).toContain('customer.subscription.deleted');
    await expect(it.stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({ statusCode: 404 });
    await expect(
      it.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('at the end of the period, unless reactivated before', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it);
    const end = itemOf(subscription).current_period_end;
    const ending = await it.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(ending).toMatchObject({ status: 'active', cancel_at_period_end: true, cancel_at: end });
    const kept = await it.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    expect(kept).toMatchObject({ cancel_at_period_end: false, cancel_at: null, canceled_at: null });
    await it.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await it.simulator.advanceClock({ to: end - 1 });
    expect((await it.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    await it.simulator.advanceClock({ to: end });
    expect(await it.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: end,
    });
    expect(await invoicesOf(it, subscription.id)).toHaveLength(1);
  });

  test('with its customer, which stays known as deleted', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it);
    expect(await it.stripe.customers.del(customer)).toMatchObject({ id: customer, deleted: true });
    expect(await it.stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
    expect((await it.stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
    await expect(it.stripe.customers.update(customer, { name: 'x' })).rejects.toMatchObject({
      code: 'resource_missing',
    });
  });
});

test('a paused subscription neither renews nor charges until it is resumed', async () => {
  const receiver = await receiveWebhooks();
  const it = await simulate({ webhookUrl: receiver.url });
  const { subscription } = await subscribe(it);
  expect((await it.stripe.subscriptions.pause(subscription.id)).status).toBe('paused');
  await it.simulator.advanceClock({ seconds: 90 * day });
  expect(await invoicesOf(it, subscription.id)).toHaveLength(1);
  const resumed = await it.stripe.subscriptions.resume(subscription.id, {
    billing_cycle_anchor: { type: 'now' },
  });
  expect(resumed.status).toBe('active');
  expect(await invoicesOf(it, subscription.id)).toHaveLength(2);
  await it.simulator.flushDeliveries();
  expect(receiver.types()).toEqual(
    expect.arrayContaining(['customer.subscription.paused', 'customer.subscription.resumed']),
  );
});

test('a wrong key is refused and not repeated', async () => {
  const { simulator } = await simulate();
  await expect(clientOf(simulator, 'sk_test_someone_else').customers.list()).rejects.toMatchObject({
    type: 'StripeAuthenticationError',
    statusCode: 401,
    message: 'Invalid API Key provided: sk_test_********else',
  });
});
