import { readFileSync } from 'node:fs';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createReadiness } from '../../api/readiness.ts';
import { cancelSubscription, reactivateSubscription } from '../../automation/billing/cancel.ts';
import { receiveEvent } from '../../automation/billing/events/received-events.ts';
import { resolveStripeEvent } from '../../automation/billing/events/resolve-event.ts';
import { originOf } from '../../automation/desired/subscription-facts.ts';
import { rebuildFigures } from '../../automation/figures/rebuild.ts';
import { takeReturns } from '../../automation/figures/returns.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { lookInStripe } from '../../automation/offboarding/look/stripe.ts';
import { moneyArea } from '../../automation/reconcile/context.ts';
import { approveFinding } from '../../automation/reconcile/decide.ts';
import { listFindings } from '../../automation/reconcile/findings.ts';
import { lookAt } from '../../automation/reconcile/look.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { createStripeClient } from '../../automation/stripe-client.ts';
import { callers, callSites, misnamedClients, unrepeated } from '../local/stripe/call-sites.ts';
import {
  type ProxyTee,
  proxyToStripeMock,
  type StripeMock,
  startStripeMock,
} from '../local/stripe/conformance.ts';
import { testContext } from '../reconcile/context.ts';
import { jobContext } from '../support/job-context.ts';
import { type Service, startService } from '../support/service.ts';
import { sweep } from '../support/sweep.ts';

let mock: StripeMock;
let setup: Service;
let tee: ProxyTee;
let service: Service;
let client: Stripe;

/**
 * The service's Stripe is a proxy in front of the simulator, which repeats each request to Stripe's own stripe-mock.
 * The simulator belongs to another service, started only for that.
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

/** Buys a plan as somebody, and pays. */
async function buy(token: string, body: Record<string, unknown>) {
  const answer = await service.request('POST', '/v1/checkout', { token, body });
  expect(answer.status).toBe(201);
  const session = /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '';
  setup.simulator.payCheckout(session);
  const paid = await setup.stripe.checkout.sessions.retrieve(session, { expand: ['subscription'] });
  return { session, subscription: paid.subscription as Stripe.Subscription };
}

async function synchronize(subscription: string): Promise<void> {
  const { database } = service;
  await markSubscription(database, subscription);
  await syncSubscription(jobContext({ database, stripe: client }), subscription);
}

test('everything that checkout, jobs, sweep and probes send to Stripe is what Stripe describes', async () => {
  const { database, identity } = service;
  // A new customer with an e-mail address, then the same one, whom Stripe knows; with a name, seats and addresses.
  const ada = await identity.token('ada', 'tenant', { email: 'ada@example.com' });
  const { session, subscription } = await buy(ada, { product: 'workspace', plan: 'byoc' });
  const context = jobContext({ database, stripe: client });
  await synchronize(subscription.id);
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
  await synchronize(credited.subscription.id);
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
  await createReadiness({ database, stripe: client, issuer: identity.issuer, cell: 'local', warnings: [] })();
  expect(await tee.problems()).toEqual([]);
});

test('a cancellation in each of its ways, and taking it back', async () => {
  const { stripe, simulator } = setup;
  const token = await service.identity.token('dora');
  const { subscription } = await buy(token, { product: 'workspace', plan: 'byoc' });
  const { id } = subscription;
  await cancelSubscription(client, id, 'period_end');
  await reactivateSubscription(client, id);
  await stripe.subscriptions.update(id, { cancel_at: simulator.clock().now + 86_400 });
  expect((await reactivateSubscription(client, id)).subscription.cancel_at).toBeNull();
  await cancelSubscription(client, id, 'now');

  const [price] = (await stripe.prices.list({ lookup_keys: ['tenantry:workspace:byoc'] })).data;
  const tried = await stripe.subscriptions.create({
    customer: (await stripe.customers.create()).id,
    items: [{ price: price?.id ?? '' }],
    trial_period_days: 1,
    trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
  });
  await simulator.advanceClock({ seconds: 2 * 86_400 });
  expect((await reactivateSubscription(client, tried.id)).changed).toBe(true);

  // Somebody else ends it between the look and the request.
  const { id: contended } = (await buy(token, { product: 'workspace', plan: 'byoc' })).subscription;
  const subscriptions = Object.create(client.subscriptions, {
    update: {
      value: async (...given: Parameters<Stripe['subscriptions']['update']>) => {
        await stripe.subscriptions.cancel(contended);
        return client.subscriptions.update(...given);
      },
    },
  });
  const late: Stripe = Object.create(client, { subscriptions: { value: subscriptions } });
  expect(await cancelSubscription(late, contended, 'period_end')).toMatchObject({ changed: false });
  expect(await tee.problems()).toEqual([]);
});

test('what figures, the reconciler and offboarding ask', async () => {
  const { database } = service;
  const { stripe } = setup;
  const token = await service.identity.token('emil');
  const { subscription } = await buy(token, { product: 'workspace', plan: 'byoc' });
  const invoice = String(subscription.latest_invoice);
  await rebuildFigures(database, client, { originOf, graceMs: 0, warn: () => {} });

  const [payment] = (await stripe.invoicePayments.list({ invoice })).data;
  const intent = String(payment?.payment.payment_intent);
  const refund = await stripe.refunds.create({ payment_intent: intent, amount: 100 });
  for (const [objectType, objectId] of [
    ['refund', refund.id],
    ['credit_note', 'cn_1QnobodyEvtkwdCNYb0'],
  ] as const) {
    const told = { subscriptionId: null, needsLookup: false, body: '{}', type: `${objectType}.updated` };
    await receiveEvent(database, { id: `evt_${objectId}`, objectType, objectId, ...told });
  }
  await takeReturns(database, client);

  await synchronize(subscription.id);
  await database.query(`update tenantry.tenant set desired_state = 'deleted' where subscription_id = $1`, [
    subscription.id,
  ]);
  const now = () => new Date(setup.simulator.clock().now * 1000);
  const context = testContext({ database, stripe: client, now });
  try {
    for (const _look of [1, 2]) await lookAt(context, moneyArea, { heals: true });
    const [billed] = await listFindings(database, { kind: 'billed-after-deletion' }, firstPage(1, 'id'));
    const decision = { id: billed?.id ?? 0, by: 'ops@example.com', note: 'seen' };
    expect(
      await approveFinding({ ...context, followers: [], policy: { retentionMs: 1000 } }, decision),
    ).toMatchObject({
      outcome: 'done',
    });
  } finally {
    context.close();
  }
  expect((await lookInStripe(client, [subscription.id])).remains).toEqual([]);
  expect(await tee.problems()).toEqual([]);
});

test('no call is left that these and the other tests of `callers` did not repeat to stripe-mock', async () => {
  const isListed = Object.values(callers).flat() as readonly string[];
  expect(callSites().filter(({ file }) => !isListed.includes(file))).toEqual([]);
  expect(misnamedClients()).toEqual([]);
  expect(await unrepeated('test/api/stripe-conformance.test.ts', tee)).toEqual([]);
  for (const test of Object.keys(callers))
    expect(readFileSync(test, 'utf8')).toContain(`expect(await unrepeated('${test}', tee)).toEqual([])`);
});

test('every request names the API version that the client was made for, and so does a first deployment', () => {
  expect(new Stripe('sk_test_x').getApiField('version')).toBe(Stripe.API_VERSION);
  expect(readFileSync('docs/first-deployment.md', 'utf8')).toContain(`--api-version ${Stripe.API_VERSION}`);
});
