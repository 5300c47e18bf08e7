import type { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { proxyToStripeMock, type StripeMock, startStripeMock, teeToStripeMock } from './conformance.ts';
import { clientOf, idOf, priceOf, secretKey, simulate, subscribe } from './simulated.ts';

let mock: StripeMock;
beforeAll(async () => {
  mock = await startStripeMock(inject('tools')['stripe-mock']);
});
afterAll(() => mock?.stop());

async function teed() {
  const { simulator } = await simulate();
  const tee = teeToStripeMock(mock);
  return { simulator, stripe: tee.clientOf(simulator), tee };
}

describe("what the simulator takes, Stripe's own description takes", () => {
  test('from a checkout to a deleted customer', async () => {
    const { simulator, stripe, tee } = await teed();
    const price = await priceOf(stripe, 'team');
    const large = await priceOf(stripe, 'large');
    const [usage] = (await stripe.prices.list({ recurring: { usage_type: 'metered' }, active: true })).data;
    const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { tenant: 't1' } });
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: customer.id,
      line_items: [{ price: price.id, quantity: 2 }, { price: usage?.id ?? '' }],
      client_reference_id: 'ref',
      metadata: { a: 'b' },
      subscription_data: { metadata: { tenant: 't1' }, trial_period_days: 7 },
      success_url: 'http://localhost/{CHECKOUT_SESSION_ID}',
      cancel_url: 'http://localhost/',
      expand: ['line_items'],
    });
    simulator.payCheckout(session.id);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription.latest_invoice'],
    });
    await stripe.checkout.sessions.list({ subscription: idOf(paid.subscription) });
    await stripe.checkout.sessions.listLineItems(session.id);
    const subscription = await stripe.subscriptions.retrieve(idOf(paid.subscription));
    const item = subscription.items.data[0]?.id ?? '';
    await stripe.subscriptions.list({
      customer: customer.id,
      status: 'all',
      limit: 100,
      expand: ['data.customer'],
    });
    await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items: [{ id: item, price: large.id }], proration_behavior: 'always_invoice' },
    });
    await stripe.subscriptions.update(subscription.id, { trial_end: 'now' });
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: large.id, quantity: 1 }],
      proration_behavior: 'always_invoice',
      metadata: { tenant: 't2' },
    });
    await stripe.billing.meterEvents.create({
      event_name: 'cpu_hours',
      identifier: 'x',
      payload: { stripe_customer_id: customer.id, value: '3' },
    });
    await stripe.billing.meterEventAdjustments.create({
      event_name: 'cpu_hours',
      type: 'cancel',
      cancel: { identifier: 'x' },
    });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    const invoices = await stripe.invoices.list({ subscription: subscription.id, limit: 10 });
    await stripe.invoices.retrieve(invoices.data[0]?.id ?? '', { expand: ['customer'] });
    await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://localhost/' });
    await stripe.billingPortal.configurations.list({ is_default: true });
    await stripe.webhookEndpoints.list();
    await stripe.events.list({ types: ['customer.subscription.updated'], limit: 5 });
    await stripe.subscriptions.cancel(subscription.id, { cancellation_details: { comment: 'bye' } });
    await stripe.customers.del(customer.id);
    expect(await tee.problems()).toEqual([]);
    expect(tee.repeated.length).toBeGreaterThanOrEqual(25);
  });

  test('what Stripe rejects is told', async () => {
    const { stripe, tee } = await teed();
    await stripe.customers.list({ limit: 5 });
    await expect(stripe.customers.create({ nonsense: 'x' } as Stripe.CustomerCreateParams)).rejects.toThrow();
    const problems = await tee.problems();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      verdict: 'rejected',
      method: 'POST',
      path: '/v1/customers',
      status: 400,
    });
  });

  test('what stripe-mock cannot judge is not taken for accepted', async () => {
    const it = await teed();
    const { subscription } = await subscribe(it);
    await it.stripe.subscriptions.pause(subscription.id);
    await it.stripe.v2.core.events.list();
    const problems = await it.tee.problems();
    expect(problems.map(({ verdict, path }) => `${verdict} ${path}`).sort()).toEqual([
      `unknown address /v1/subscriptions/${subscription.id}/pause`,
      'unknown address /v2/core/events',
    ]);
  });

  test('another process is heard through a proxy', async () => {
    const { simulator } = await simulate();
    const proxy = await proxyToStripeMock(mock, simulator.url);
    onTestFinished(() => proxy.stop());
    const stripe = clientOf({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) });
    const made = await stripe.customers.create({ email: 'p@example.com' }, { idempotencyKey: 'k' });
    expect((await stripe.customers.list({ limit: 1 })).data[0]?.id).toBe(made.id);
    await expect(stripe.customers.retrieve('cus_nobody')).rejects.toMatchObject({ code: 'resource_missing' });
    expect(await proxy.problems()).toEqual([]);
    expect(proxy.repeated).toHaveLength(3);
    expect(proxy.repeated[0]?.caller).toMatch(/^test\/local\/stripe\/conformance\.test\.ts:\d+$/);
  });
});

test('stripe-mock describes an earlier version than the client speaks, and says so when strict', async () => {
  const strict = await startStripeMock(inject('tools')['stripe-mock'], { strictVersion: true });
  onTestFinished(() => strict.stop());
  const stripe = clientOf(strict, 'sk_test_123');
  await expect(stripe.customers.list()).rejects.toThrow("doesn't match version in OpenAPI specification");
});

async function aCode(stripe: Stripe): Promise<string> {
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  const promotion = { type: 'coupon' as const, coupon: coupon.id };
  return (await stripe.promotionCodes.create({ promotion, code: 'TEN' })).id;
}

describe("the simulator's objects", () => {
  /** Fields that the description has and the objects here leave out, each for its reason. */
  const left: Record<string, readonly string[]> = {
    // Shown only when expanded, or deprecated.
    '/v1/customers/x': [
      'cash_balance',
      'invoice_credit_balance',
      'sources',
      'subscriptions',
      'tax',
      'tax_ids',
    ],
    '/v1/checkout/sessions/x': ['line_items', 'after_expiration'],
    '/v1/charges/x': ['refunds'],
    // Optional, of the kind of payment.
    '/v1/disputes/x': ['payment_method_details'],
    '/v1/refunds/x': ['destination_details'],
    '/v1/invoices/x': ['payments', 'confirmation_secret', 'threshold_reason'],
  };

  test('have every required field of the description', async () => {
    const it = await simulate();
    const { session, subscription, customer } = await subscribe(it);
    const invoice = idOf(subscription.latest_invoice);
    const item = subscription.items.data[0];
    const paths = [
      `/v1/customers/${customer}`,
      `/v1/subscriptions/${subscription.id}`,
      `/v1/checkout/sessions/${session.id}`,
      `/v1/invoices/${invoice}`,
      `/v1/prices/${item?.price.id}`,
      `/v1/products/${idOf(item?.price.product as string)}`,
      `/v1/subscription_items/${item?.id}`,
    ];
    const discounted = await subscribe(it, 'large', {
      discounts: [{ promotion_code: await aCode(it.stripe) }],
    });
    const dispute = it.simulator.disputeInvoice(idOf(discounted.subscription.latest_invoice), 'general');
    const [payment] = (await it.stripe.invoicePayments.list({ invoice })).data;
    const intent = payment?.payment.payment_intent as string;
    const refund = await it.stripe.refunds.create({ payment_intent: intent, amount: 100 });
    const [code] = (await it.stripe.promotionCodes.list()).data;
    paths.push(
      `/v1/charges/${dispute.charge}`,
      `/v1/disputes/${dispute.id}`,
      `/v1/refunds/${refund.id}`,
      `/v1/coupons/${code?.promotion.coupon}`,
      `/v1/promotion_codes/${code?.id}`,
    );
    const get = async (base: string, path: string, key: string): Promise<Record<string, unknown>> => {
      const answer = await fetch(base + path, { headers: { authorization: `Bearer ${key}` } });
      return (await answer.json()) as Record<string, unknown>;
    };
    for (const path of paths) {
      const ours = Object.keys(await get(it.simulator.url, path, secretKey));
      const theirs = Object.keys(await get(`http://${mock.host}:${mock.port}`, path, 'sk_test_123'));
      const known = left[path.replace(/[^/]+$/, 'x')] ?? [];
      const missing = theirs.filter((field) => !ours.includes(field) && !known.includes(field));
      expect({ path, missing }).toEqual({ path, missing: [] });
    }
  });
});
