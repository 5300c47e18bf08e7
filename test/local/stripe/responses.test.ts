import { Stripe } from 'stripe';
import { beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../../automation/local/stripe/http/routes.ts';
import { type Answered, type Description, readDescription } from './description.ts';
import { idOf, priceOf, type Simulated, secretKey, simulate } from './simulated.ts';

let description: Description;
beforeAll(async () => {
  description = await readDescription();
});

/** Addresses that the description does not have: it is one version behind, and has no `/v2`. */
const notDescribed = new Set([
  'POST /v1/subscriptions/:id/pause',
  'GET /v2/core/events',
  'GET /v2/core/events/:id',
  'GET /v2/core/event_destinations',
  'GET /v2/core/event_destinations/:id',
]);

/** Fields of the version that the client speaks, which is later than the one described, and of old that still are sent. */
const otherFields = [
  'allowed_payment_method_types',
  'billing_cycle_anchor',
  'current_trial',
  'intended_submission_method',
  'plan',
  'source',
  'subscription_pause',
  'tax_details',
  'trial_period_days',
  'type',
];

/** A client whose every answer is kept. */
async function watched(): Promise<Simulated & { answers: Answered[] }> {
  const { simulator } = await simulate();
  const answers: Answered[] = [];
  const httpClient = Stripe.createFetchHttpClient(
    async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      const answer = await fetch(request);
      const { pathname } = new URL(request.url);
      const body: unknown = JSON.parse(await answer.clone().text());
      answers.push({ method: request.method, path: pathname, status: answer.status, body });
      return answer;
    },
  );
  const { host, port } = simulator;
  const stripe = new Stripe(secretKey, {
    host,
    port,
    protocol: 'http',
    httpClient,
    telemetry: false,
    maxNetworkRetries: 0,
  });
  return { simulator, stripe, answers };
}

const routeOf = ({ method, path }: Answered): string | undefined => {
  const found = routes
    .filter(([ofMethod]) => ofMethod === method)
    .toSorted(([, a], [, b]) => a.split(':').length - b.split(':').length)
    .find(([, template]) => new RegExp(`^${template.replace(/:id/g, '[^/]+')}$`).test(path));
  return found && `${found[0]} ${found[1]}`;
};

/** Every answer that differs from the description, with what is wrong. */
function judged(answers: readonly Answered[]) {
  const wrong: string[] = [];
  const unknown = new Set<string>();
  for (const answer of answers) {
    const verdict = description.judge(answer);
    const route = routeOf(answer) ?? answer.path;
    if (verdict.template === null && !notDescribed.has(route)) wrong.push(`${route}: not described`);
    wrong.push(...verdict.wrong.map((text) => `${route} ${answer.status}: ${text}`));
    for (const field of verdict.unknown) unknown.add(`${kindOf(answer)}${field}`);
  }
  return { wrong: [...new Set(wrong)], unknown: [...unknown].sort() };
}

const kindOf = ({ body }: Answered) => String((body as { object?: unknown }).object ?? 'error');

/** A user of everything that the simulator serves. */
async function useEverything({ simulator, stripe }: Simulated): Promise<void> {
  const [price, team, free] = [
    await priceOf(stripe, 'small'),
    await priceOf(stripe, 'team'),
    await priceOf(stripe, 'free'),
  ];
  const customer = await stripe.customers.create({
    email: 'a@example.com',
    name: 'Ada',
    metadata: { a: 'b' },
  });
  await stripe.customers.update(customer.id, { metadata: { a: 'c' } });
  await stripe.customers.list({ limit: 3, expand: ['data.invoice_settings.default_payment_method'] });
  await stripe.customers.search({ query: "metadata['a']:'c'" });
  const card = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
  await stripe.paymentMethods.attach(card.id, { customer: customer.id });
  await stripe.paymentMethods.retrieve(card.id);
  await stripe.paymentMethods.update(card.id, { metadata: { a: 'b' } });
  await stripe.paymentMethods.list({ customer: customer.id });
  await stripe.customers.listPaymentMethods(customer.id);
  await stripe.paymentMethods.detach(card.id);
  const product = await stripe.products.create({ name: 'Another', metadata: { a: 'b' } });
  await stripe.products.update(product.id, { description: 'more' });
  await stripe.products.retrieve(product.id);
  await stripe.products.list({ active: true });
  const other = await stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: 1200,
    recurring: { interval: 'month' },
    lookup_key: 'other',
  });
  await stripe.prices.retrieve(other.id, { expand: ['product'] });
  await stripe.prices.update(other.id, { nickname: 'n' });
  const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once', name: 'Welcome' });
  await stripe.coupons.update(coupon.id, { metadata: { a: 'b' } });
  await stripe.coupons.retrieve(coupon.id);
  await stripe.coupons.list();
  const code = await stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: coupon.id },
    code: 'WELCOME20',
  });
  await stripe.promotionCodes.update(code.id, { metadata: { a: 'b' } });
  await stripe.promotionCodes.retrieve(code.id);
  await stripe.promotionCodes.list({ code: 'WELCOME20' });

  const opened = (given: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
    stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: customer.id,
      line_items: [{ price: team.id, quantity: 2 }],
      success_url: 'http://localhost/',
      ...given,
    });
  const left = await opened();
  await stripe.checkout.sessions.update(left.id, { metadata: { a: 'b' } });
  await stripe.checkout.sessions.expire(left.id);
  const session = await opened({
    discounts: [{ coupon: coupon.id }],
    subscription_data: { metadata: { a: 'b' } },
  });
  simulator.payCheckout(session.id);
  await stripe.checkout.sessions.listLineItems(session.id);
  const paid = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['line_items', 'subscription', 'customer'],
  });
  await stripe.checkout.sessions.list({ customer: customer.id });
  const id = (paid.subscription as Stripe.Subscription).id;
  const subscription = await stripe.subscriptions.retrieve(id, {
    expand: ['latest_invoice', 'default_payment_method'],
  });
  const first = (subscription.latest_invoice as Stripe.Invoice).id ?? '';
  await stripe.subscriptions.list({ status: 'all', expand: ['data.customer'] });
  const item = subscription.items.data[0]?.id ?? '';
  await stripe.invoices.createPreview({
    subscription: id,
    subscription_details: { items: [{ id: item, quantity: 5 }], proration_behavior: 'always_invoice' },
  });
  await stripe.subscriptions.update(id, {
    items: [{ id: item, quantity: 5 }],
    proration_behavior: 'always_invoice',
  });
  await stripe.subscriptionItems.list({ subscription: id });
  const added = await stripe.subscriptionItems.create({ subscription: id, price: other.id, quantity: 1 });
  await stripe.subscriptionItems.retrieve(added.id);
  await stripe.subscriptionItems.update(added.id, { quantity: 2 });
  await stripe.subscriptionItems.del(added.id);

  await stripe.invoices.list({ subscription: id });
  await stripe.invoices.retrieve(first, { expand: ['customer', 'lines'] });
  await stripe.invoices.update(first, { metadata: { a: 'b' } });
  await stripe.invoices.listLineItems(first);
  const payments = await stripe.invoicePayments.list({ invoice: first });
  expect(payments.data.length).toBeGreaterThan(0);
  const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
  await stripe.charges.retrieve(charge?.id ?? '', { expand: ['customer'] });
  const refund = await stripe.refunds.create({
    charge: charge?.id ?? '',
    amount: 100,
    reason: 'requested_by_customer',
  });
  await stripe.refunds.retrieve(refund.id);
  await stripe.refunds.list({ charge: charge?.id ?? '' });
  const dispute = simulator.disputeInvoice(first, 'fraudulent');
  await stripe.disputes.retrieve(dispute.id);
  await stripe.disputes.list();

  const incomplete = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    payment_behavior: 'default_incomplete',
  });
  await stripe.invoices.pay(idOf(incomplete.latest_invoice));
  // The renewal's invoice waits an hour as a draft; two of them are then closed by hand.
  for (const close of ['voidInvoice', 'markUncollectible'] as const) {
    await simulator.advanceClock({
      to: (await stripe.subscriptions.retrieve(id)).items.data[0]?.current_period_end ?? 0,
    });
    const [draft] = (await stripe.invoices.list({ subscription: id, status: 'draft' })).data;
    await stripe.invoices.finalizeInvoice(draft?.id ?? '', { auto_advance: false });
    await stripe.invoices[close](draft?.id ?? '');
  }
  const trial = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: free.id }],
    trial_period_days: 5,
  });
  await stripe.subscriptions.pause(trial.id);
  await stripe.subscriptions.resume(trial.id);

  const meter = await stripe.billing.meters.create({
    display_name: 'Things',
    event_name: 'things',
    default_aggregation: { formula: 'sum' },
    customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
    value_settings: { event_payload_key: 'value' },
  });
  await stripe.billing.meters.update(meter.id, { display_name: 'Other things' });
  await stripe.billing.meters.retrieve(meter.id);
  await stripe.billing.meters.list();
  await stripe.billing.meterEvents.create({
    event_name: 'things',
    identifier: 'x',
    payload: { stripe_customer_id: customer.id, value: '3' },
  });
  const now = Math.floor(simulator.clock().now / 60) * 60;
  await stripe.billing.meters.listEventSummaries(meter.id, {
    customer: customer.id,
    start_time: now - 3600,
    end_time: now + 60,
  });
  await stripe.billing.meterEventAdjustments.create({
    event_name: 'things',
    type: 'cancel',
    cancel: { identifier: 'x' },
  });
  await stripe.billing.meters.deactivate(meter.id);
  await stripe.billing.meters.reactivate(meter.id);

  await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://localhost/' });
  const portal = await stripe.billingPortal.configurations.create({
    features: { invoice_history: { enabled: true } },
  });
  await stripe.billingPortal.configurations.retrieve(portal.id);
  await stripe.billingPortal.configurations.update(portal.id, { metadata: { a: 'b' } });
  await stripe.billingPortal.configurations.list();

  const endpoint = await stripe.webhookEndpoints.create({
    url: 'http://localhost:9/x',
    enabled_events: ['*'],
  });
  await stripe.webhookEndpoints.retrieve(endpoint.id);
  await stripe.webhookEndpoints.update(endpoint.id, { description: 'd' });
  await stripe.webhookEndpoints.list();
  const [destination] = (await stripe.v2.core.eventDestinations.list()).data;
  await stripe.v2.core.eventDestinations.retrieve(destination?.id ?? '');
  await stripe.webhookEndpoints.del(endpoint.id);
  const [event] = (await stripe.events.list({ limit: 100 })).data;
  await stripe.events.retrieve(event?.id ?? '');
  const [thin] = (await stripe.v2.core.events.list()).data;
  await stripe.v2.core.events.retrieve(thin?.id ?? '');

  await stripe.promotionCodes.update(code.id, { active: false });
  await stripe.coupons.del(coupon.id);
  await stripe.subscriptions.cancel(id);
  await stripe.customers.del(customer.id);
  await stripe.customers.retrieve(customer.id);
}

describe("the simulator's answers", () => {
  test('are as Stripe describes them, at every address that it serves', async () => {
    const it = await watched();
    await useEverything(it);
    const { wrong, unknown } = judged(it.answers);
    expect(wrong).toEqual([]);
    expect([...new Set(unknown.map((field) => field.split('.').at(-1)))].sort()).toEqual(otherFields);
    const used = new Set(it.answers.filter(({ status }) => status === 200).map(routeOf));
    const unused = routes.map(([method, path]) => `${method} ${path}`).filter((route) => !used.has(route));
    expect(unused).toEqual([]);
  });

  test('that refuse are as Stripe describes errors', async () => {
    const it = await watched();
    const { stripe } = it;
    const { id } = await stripe.customers.create();
    const refused: readonly (() => Promise<unknown>)[] = [
      () => stripe.customers.retrieve('cus_nobody'),
      () => stripe.subscriptions.retrieve('sub_nobody'),
      () => stripe.customers.create({ nonsense: 'x' } as Stripe.CustomerCreateParams),
      () => stripe.checkout.sessions.create({ mode: 'subscription', success_url: 'http://localhost/' }),
      () => stripe.paymentMethods.attach('pm_card_visa_chargeDeclined', { customer: id }),
    ];
    for (const ask of refused) await expect(ask()).rejects.toThrow();
    expect(it.answers.filter(({ status }) => status >= 400)).toHaveLength(refused.length);
    expect(judged(it.answers)).toEqual({ wrong: [], unknown: [] });
  });

  test('would be found out if they were not', async () => {
    const it = await watched();
    await it.stripe.customers.create({ email: 'a@example.com' });
    const [good] = it.answers;
    if (!good) throw new Error('no answer');
    const spoilt = (more: object) => judged([{ ...good, body: { ...(good.body as object), ...more } }]);
    expect(spoilt({ created: 'yesterday' }).wrong).toHaveLength(1);
    expect(spoilt({ object: 'client' }).wrong).toHaveLength(1);
    expect(spoilt({ livemode: undefined }).wrong).toHaveLength(1);
    expect(spoilt({ colour: 'blue' }).unknown).toEqual(['customer.colour']);
  });
});
