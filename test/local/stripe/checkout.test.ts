import type { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { day, idOf, priceOf, receiveWebhooks, simulate, subscribe, webhookSecret } from './simulated.ts';

const successUrl = 'http://localhost/done?session={CHECKOUT_SESSION_ID}';

async function openSession(stripe: Stripe, given: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
  const price = await priceOf(stripe, 'small');
  return stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: successUrl,
    ...given,
  });
}

function press(url: string | null, fields: Record<string, string>): Promise<Response> {
  return fetch(url ?? '', { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
}

describe('checkout', () => {
  test('a paid session becomes an active subscription with a paid invoice', async () => {
    const it = await simulate();
    const { session, subscription, customer } = await subscribe(it, 'small', {
      client_reference_id: 'ref-1',
      customer_email: 'ada@example.com',
      metadata: { slug: 'ada' },
      subscription_data: { metadata: { tenant: 'a1' } },
    });
    expect(session).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      client_reference_id: 'ref-1',
      metadata: { slug: 'ada' },
      amount_total: 1500,
      customer_details: { email: 'ada@example.com' },
    });
    expect(subscription).toMatchObject({
      status: 'active',
      customer,
      metadata: { tenant: 'a1' },
      cancel_at_period_end: false,
      billing_mode: { type: 'flexible' },
    });
    const item = subscription.items.data[0];
    expect(item).toMatchObject({ quantity: 1, price: { lookup_key: 'tenantry:workspace:small' } });
    expect(item?.current_period_end).toBeGreaterThanOrEqual((item?.current_period_start ?? 0) + 28 * day);
    const invoice = await it.stripe.invoices.retrieve(idOf(subscription.latest_invoice));
    expect(invoice).toMatchObject({
      status: 'paid',
      amount_paid: 1500,
      billing_reason: 'subscription_create',
      parent: { subscription_details: { subscription: subscription.id } },
    });
  });

  test('deliveries carry a signature that the client verifies, for every change in between', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({ webhookUrl: receiver.url });
    const { session } = await subscribe(it);
    await it.simulator.flushDeliveries();
    expect([...new Set(receiver.types())].sort()).toEqual([
      'checkout.session.completed',
      'customer.created',
      'customer.subscription.created',
      'customer.updated',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'payment_method.attached',
    ]);
    for (const { body, signature } of receiver.received) {
      expect(it.stripe.webhooks.constructEvent(body, signature, webhookSecret).object).toBe('event');
      expect(() => it.stripe.webhooks.constructEvent(`${body} `, signature, webhookSecret)).toThrow();
    }
    const completed = receiver.received.find(({ type }) => type === 'checkout.session.completed');
    expect(JSON.parse(completed?.body ?? '{}').data.object.id).toBe(session.id);
  });

  test('the page shows product and price, and its Pay button leads to the success address', async () => {
    const { stripe } = await simulate();
    const session = await openSession(stripe, { cancel_url: 'http://localhost/prices' });
    const page = await (await fetch(session.url ?? '')).text();
    expect(page).toContain('Workspaces: Small');
    expect(page).toContain('$15.00');
    expect(page).toContain('http://localhost/prices');
    const answer = await press(session.url, { card: 'works', email: 'eve@example.com' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`http://localhost/done?session=${session.id}`);
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer', 'line_items'] });
    expect(paid).toMatchObject({ status: 'complete', customer: { email: 'eve@example.com' } });
    expect(paid.line_items?.data[0]).toMatchObject({ quantity: 1, amount_total: 1500 });
  });

  test('a declined card creates nothing and the customer may try again', async () => {
    const { stripe, simulator } = await simulate();
    const session = await openSession(stripe);
    const declined = await press(session.url, { card: 'declines', email: 'eve@example.com' });
    expect(declined.status).toBe(402);
    expect(await declined.text()).toContain('Your card was declined');
    expect(() => simulator.payCheckout(session.id, { decline: true })).toThrow('Your card was declined.');
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    expect((await stripe.customers.list()).data).toEqual([]);
    simulator.payCheckout(session.id);
    expect((await stripe.subscriptions.list()).data).toHaveLength(1);
  });

  test('paying twice makes one subscription', async () => {
    const { stripe, simulator } = await simulate();
    const session = await openSession(stripe);
    const first = simulator.payCheckout(session.id);
    expect(simulator.payCheckout(session.id)).toEqual(first);
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toHaveLength(1);
  });

  test('an expired session, by request or by time, cannot be paid', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ webhookUrl: receiver.url });
    const byRequest = await openSession(stripe);
    expect((await stripe.checkout.sessions.expire(byRequest.id)).status).toBe('expired');
    const byTime = await openSession(stripe);
    await simulator.advanceClock({ seconds: day });
    expect((await stripe.checkout.sessions.retrieve(byTime.id)).status).toBe('expired');
    expect(() => simulator.payCheckout(byTime.id)).toThrow('expired');
    await simulator.flushDeliveries();
    expect(receiver.types()).toEqual(['checkout.session.expired', 'checkout.session.expired']);
  });

  test('a trial begins without a charge', async () => {
    const it = await simulate();
    const { subscription, session } = await subscribe(it, 'small', {
      subscription_data: { trial_period_days: 14 },
    });
    expect(session.payment_status).toBe('no_payment_required');
    expect(subscription.status).toBe('trialing');
    expect((subscription.trial_end ?? 0) - (subscription.trial_start ?? 0)).toBe(14 * day);
    expect(subscription.items.data[0]?.current_period_end).toBe(subscription.trial_end);
    expect((await it.stripe.invoices.retrieve(idOf(subscription.latest_invoice))).amount_due).toBe(0);
  });

  test('an existing customer keeps its id, and seats multiply the price', async () => {
    const it = await simulate();
    const customer = await it.stripe.customers.create({ email: 'org@example.com' });
    const price = await priceOf(it.stripe, 'team');
    const { subscription } = await subscribe(it, 'team', {
      customer: customer.id,
      line_items: [{ price: price.id, quantity: 7 }],
    });
    expect(subscription.customer).toBe(customer.id);
    expect(subscription.items.data[0]?.quantity).toBe(7);
    expect((await it.stripe.invoices.retrieve(idOf(subscription.latest_invoice))).amount_paid).toBe(7 * 2900);
  });

  test.each([
    [{ success_url: 'javascript:alert(1)' }, 'url_invalid'],
    [{ customer: 'cus_nobody' }, 'resource_missing'],
    [{ line_items: [{ price: 'price_nothing', quantity: 1 }] }, 'resource_missing'],
    [{ expires_at: 5 }, undefined],
  ])('a session with %j is refused', async (given, code) => {
    const { stripe } = await simulate();
    await expect(openSession(stripe, given)).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      code,
    });
  });

  test('text from outside is shown as text', async () => {
    const { stripe } = await simulate();
    const session = await openSession(stripe, { customer_email: '"><script>alert(1)</script>@x' });
    expect(await (await fetch(session.url ?? '')).text()).not.toContain('<script>');
  });
});
