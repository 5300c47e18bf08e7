import Stripe from 'stripe';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createReadiness } from '../../api/readiness.ts';
import { resolveStripeEvent } from '../../automation/jobs/resolve-event.ts';
import { sweep } from '../../automation/jobs/sweep.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { receiveEvent } from '../../automation/store/events.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { createStripeClient } from '../../automation/stripe-client.ts';
import {
  type ProxyTee,
  proxyToStripeMock,
  type StripeMock,
  startStripeMock,
} from '../local/stripe/conformance.ts';
import { jobContext } from '../support/job-context.ts';
import { type Service, startService } from '../support/service.ts';

let mock: StripeMock;
let setup: Service;
let tee: ProxyTee;
let service: Service;
let client: Stripe;

/**
 * The service's Stripe is a proxy before the simulator, which repeats each request to Stripe's own stripe-mock. The
 * simulator belongs to another service, which is there for nothing else.
 */
beforeAll(async () => {
  mock = await startStripeMock(inject('tools')['stripe-mock']);
  setup = await startService();
  tee = await proxyToStripeMock(mock, setup.simulator.url);
  const stripeSecretKey = setup.simulator.secretKey;
  service = await startService({ stripeApiBase: tee.url, stripeSecretKey });
  client = createStripeClient({ secretKey: stripeSecretKey, apiBase: tee.url });
});
afterAll(async () => {
  await service?.stop();
  await tee?.stop();
  await setup?.stop();
  await mock?.stop();
});

const sent = () =>
  tee.repeated.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/_\w{8,}/g, '_…')}`);

test('everything that checkout, jobs, sweep and probes send to Stripe is what Stripe describes', async () => {
  const { database, identity } = service;
  const buy = async (token: string, body: Record<string, unknown>) => {
    const answer = await service.request('POST', '/v1/checkout', { token, body });
    expect(answer.status).toBe(201);
    const session = /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '';
    setup.simulator.payCheckout(session);
    const paid = await setup.stripe.checkout.sessions.retrieve(session, { expand: ['subscription'] });
    return { session, subscription: paid.subscription as Stripe.Subscription };
  };

  // A new customer with an e-mail address, then the same one, whom Stripe knows; with a name, seats and addresses.
  const ada = await identity.token('ada', 'tenant', { email: 'ada@example.com' });
  const { session, subscription } = await buy(ada, { product: 'workspace', plan: 'byoc' });
  const context = jobContext({ database, stripe: client });
  await markSubscription(database, subscription.id);
  await syncSubscription(context, subscription.id);
  await buy(ada, {
    product: 'stream',
    plan: 'professional',
    slug: 'acme',
    seats: 3,
    successUrl: 'https://app.example/done?session={CHECKOUT_SESSION_ID}',
    cancelUrl: 'https://app.example/',
  });
  // A product with credits whose plan was changed: they follow from the prices of all its invoices.
  const credited = await buy(ada, { product: 'browsers', plan: 'professional' });
  const { data: prices } = await setup.stripe.prices.list({ lookup_keys: ['tenantry:browsers:starter'] });
  await setup.stripe.subscriptions.update(credited.subscription.id, {
    items: [{ id: credited.subscription.items.data[0]?.id ?? '', price: prices[0]?.id ?? '' }],
    proration_behavior: 'always_invoice',
  });
  await markSubscription(database, credited.subscription.id);
  await syncSubscription(context, credited.subscription.id);
  // With a trial and a promotion code.
  const coupon = await setup.stripe.coupons.create({ percent_off: 20, duration: 'once' });
  await setup.stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'TRY' });
  const carol = await identity.token('carol');
  await buy(carol, { product: 'inbox', plan: 'starter', trial: true, promotionCode: 'TRY' });
  // Somebody without an e-mail address.
  await buy(await identity.token('bob'), { product: 'agents', plan: 'pro' });

  for (const [objectType, objectId] of [
    ['invoice', String(subscription.latest_invoice)],
    ['checkout.session', session],
  ] as const) {
    const id = `evt_${objectId}`;
    const about = { subscriptionId: null, needsLookup: true, body: '{}', type: 'v1.x' };
    await receiveEvent(database, { id, objectType, objectId, ...about });
    await resolveStripeEvent(context, id);
  }
  await sweep(context, 'shared');
  await createReadiness({ database, stripe: client, issuer: identity.issuer, cell: 'local' })();
  // What `tenantry cancel` sends.
  await client.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  await client.subscriptions.cancel(subscription.id);

  expect(await tee.problems()).toEqual([]);
  expect([...new Set(sent())].sort()).toEqual([
    'DELETE /v1/subscriptions/sub_…',
    'GET /v1/checkout/sessions/cs_…',
    'GET /v1/customers/search',
    'GET /v1/invoices',
    'GET /v1/invoices/in_…',
    'GET /v1/prices',
    'GET /v1/prices/price_…',
    'GET /v1/promotion_codes',
    'GET /v1/subscriptions',
    'GET /v1/subscriptions/sub_…',
    'POST /v1/checkout/sessions',
    'POST /v1/customers',
    'POST /v1/customers/cus_…',
    'POST /v1/subscriptions/sub_…',
  ]);
});

test('every request names the API version that the client was made for', () => {
  expect(new Stripe('sk_test_x').getApiField('version')).toBe(Stripe.API_VERSION);
});
