import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stripe } from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startStripeSimulator } from '../../../automation/local/stripe/index.ts';
import { openStore } from '../../../automation/local/stripe/store.ts';
import {
  clientOf,
  day,
  idOf,
  priceOf,
  secretKey,
  simulate,
  subscribe,
  tinyCatalog,
  webhookSecret,
} from './simulated.ts';

describe('the catalog', () => {
  test('has one price per plan that has one, found by its lookup key', async () => {
    const { stripe } = await simulate();
    const prices = await stripe.prices.list({ type: 'recurring', active: true, limit: 100 });
    expect(prices.data.map(({ lookup_key }) => lookup_key).sort()).toEqual([
      'tenantry-meter:workspace:cpu_hours',
      'tenantry:workspace:free',
      'tenantry:workspace:large',
      'tenantry:workspace:small',
      'tenantry:workspace:team',
    ]);
    expect(await priceOf(stripe, 'team')).toMatchObject({
      unit_amount: 2900,
      currency: 'usd',
      recurring: { interval: 'month', usage_type: 'licensed' },
      metadata: { tenantry_product: 'workspace', tenantry_plan: 'team' },
    });
    const product = await stripe.products.retrieve(idOf((await priceOf(stripe, 'team')).product));
    expect(product.name).toBe('Workspaces: Team');
    const names = (await stripe.products.list({ limit: 100 })).data.map(({ name }) => name);
    expect(names).toContain('Workspaces: Enterprise');
  });

  test('a metered dimension is a meter with a price of fractions of a cent', async () => {
    const { stripe } = await simulate();
    const [price] = (await stripe.prices.list({ lookup_keys: ['tenantry-meter:workspace:cpu_hours'] })).data;
    expect(price?.unit_amount_decimal?.toString()).toBe('5');
    const meter = await stripe.billing.meters.retrieve(price?.recurring?.meter ?? '');
    expect(meter).toMatchObject({ event_name: 'cpu_hours', status: 'active' });
  });
});

describe('state', () => {
  async function inFile() {
    const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const options = {
      dataFile: join(folder, 'stripe.sqlite'),
      secretKey,
      webhookSecret,
      catalog: tinyCatalog,
    };
    return async (changed: Partial<Parameters<typeof startStripeSimulator>[0]> = {}) => {
      const simulator = await startStripeSimulator({ ...options, ...changed });
      return { simulator, stripe: clientOf(simulator) };
    };
  }

  test('survives a restart: objects, clock, lists and what is due', async () => {
    const start = await inFile();
    const first = await start();
    const { subscription } = await subscribe(first);
    await first.simulator.advanceClock({ seconds: 5 * day });
    const events = await first.stripe.events.list({ limit: 100 });
    await first.simulator.stop();
    const second = await start();
    onTestFinished(() => second.simulator.stop());
    expect(await second.stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
    expect((await second.stripe.events.list({ limit: 100 })).data).toEqual(events.data);
    expect(second.simulator.clock().aheadSeconds).toBeGreaterThanOrEqual(5 * day - 1);
    const end = subscription.items.data[0]?.current_period_end ?? 0;
    await second.simulator.advanceClock({ to: end + 3600 });
    expect((await second.stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(2);
  });

  test('a new amount in the catalog makes a new price and leaves running subscriptions on the old', async () => {
    const start = await inFile();
    const first = await start();
    const { subscription } = await subscribe(first);
    await first.simulator.stop();
    const [product] = tinyCatalog;
    if (!product) throw new Error('no product');
    const plans = product.plans.map((plan) =>
      plan.id === 'small'
        ? { ...plan, price: { kind: 'flat', priceCents: 1900, interval: 'month' } as const }
        : plan,
    );
    const second = await start({ catalog: [{ ...product, plans }] });
    onTestFinished(() => second.simulator.stop());
    const price = await priceOf(second.stripe, 'small');
    expect(price.unit_amount).toBe(1900);
    const item = (await second.stripe.subscriptions.retrieve(subscription.id)).items.data[0];
    expect(item?.price.unit_amount).toBe(1500);
    expect(await second.stripe.prices.retrieve(item?.price.id ?? '')).toMatchObject({
      active: false,
      lookup_key: null,
    });
  });
});

describe('errors', () => {
  test.each([
    ['customers.retrieve', (s: Stripe) => s.customers.retrieve('cus_nobody'), 404, 'resource_missing', 'id'],
    [
      'a missing parameter',
      (s: Stripe) => s.subscriptions.create({ customer: 'cus_x' }),
      400,
      'parameter_missing',
      'items',
    ],
    [
      'an unknown parameter',
      (s: Stripe) => s.customers.create({ emale: 'x' } as Stripe.CustomerCreateParams),
      400,
      'parameter_unknown',
      'emale',
    ],
    ['a wrong number', (s: Stripe) => s.customers.list({ limit: 1000 }), 400, undefined, 'limit'],
    [
      'a wrong cursor',
      (s: Stripe) => s.customers.list({ starting_after: 'cus_no' }),
      400,
      'resource_missing',
      'starting_after',
    ],
    [
      'a field that is no reference',
      (s: Stripe) => s.customers.list({ expand: ['data.email'] }),
      200,
      undefined,
      undefined,
    ],
  ] as const)('%s', async (_name, call, status, code, param) => {
    const { stripe } = await simulate();
    if (status === 200) return expect((await call(stripe)).lastResponse.statusCode).toBe(200);
    await expect(call(stripe)).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: status,
      code,
      param,
      requestId: expect.stringMatching(/^req_/),
    });
  });

  test('an address the simulator does not know is a clear error', async () => {
    const { stripe } = await simulate();
    await expect(stripe.payouts.list()).rejects.toThrow('Unrecognized request URL (GET: /v1/payouts)');
  });

  test('hostile names stay names', async () => {
    const { simulator, stripe } = await simulate();
    const post = (body: string) =>
      fetch(`${simulator.url}/v1/customers`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${secretKey}` },
      });
    expect((await post('metadata[__proto__]=x')).status).toBe(400);
    expect((await post('a[b][c][d][e][f][g][h][i][j][k]=1')).status).toBe(400);
    expect((await post('email=a@b.c&email[x]=1')).status).toBe(400);
    const name = "Robert'); DROP TABLE documents;-- \u202e ✓";
    expect((await stripe.customers.create({ name })).name).toBe(name);
    await expect(stripe.customers.retrieve("' OR 1=1 --")).rejects.toMatchObject({ statusCode: 404 });
  });

  test('Basic authentication works as Bearer does', async () => {
    const { simulator } = await simulate();
    const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`;
    const answer = await fetch(`${simulator.url}/v1/customers`, { headers: { authorization } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('stripe-version')).toBe(Stripe.API_VERSION);
    expect((await fetch(`${simulator.url}/v1/customers`)).status).toBe(401);
  });
});

describe('idempotency', () => {
  test('the same key and parameters answer the same, and make one object', async () => {
    const { stripe } = await simulate();
    const first = await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k1' });
    const again = await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k1' });
    expect(again).toEqual(first);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect((await stripe.customers.list()).data).toHaveLength(1);
  });

  test('the same key with other parameters is an error', async () => {
    const { stripe } = await simulate();
    await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k1' });
    await expect(stripe.customers.create({ name: 'Eve' }, { idempotencyKey: 'k1' })).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
  });

  test('a decline is remembered, a refused request is not', async () => {
    const it = await simulate();
    const { customer, subscription } = await subscribe(it);
    it.simulator.setCard(customer, { works: false });
    await it.simulator.advanceClock({ to: subscription.items.data[0]?.current_period_end ?? 0 });
    const { latest_invoice } = await it.stripe.subscriptions.retrieve(subscription.id);
    const pay = () => it.stripe.invoices.pay(idOf(latest_invoice), {}, { idempotencyKey: 'pay-1' });
    await expect(pay()).rejects.toMatchObject({ code: 'card_declined' });
    it.simulator.setCard(customer, { works: true });
    await expect(pay()).rejects.toMatchObject({ code: 'card_declined' });
    const events = await it.stripe.events.list({ type: 'invoice.payment_failed' });
    expect(events.data).toHaveLength(1);
    const create = (email: string) => it.stripe.customers.create({ email }, { idempotencyKey: 'c-1' });
    await expect(create('not an address')).rejects.toMatchObject({ statusCode: 400 });
    expect((await create('fine@example.com')).email).toBe('fine@example.com');
  });
});

describe('lists', () => {
  test('go newest first, both ways, and page by themselves', async () => {
    const { stripe } = await simulate();
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.unshift((await stripe.customers.create({ name: `n${n}` })).id);
    const page = await stripe.customers.list({ limit: 3 });
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(page.has_more).toBe(true);
    const next = await stripe.customers.list({ limit: 3, starting_after: ids[2] ?? '' });
    expect(next.data.map(({ id }) => id)).toEqual(ids.slice(3, 6));
    const back = await stripe.customers.list({ limit: 2, ending_before: ids[3] ?? '' });
    expect(back.data.map(({ id }) => id)).toEqual(ids.slice(1, 3));
    expect(back.has_more).toBe(true);
    const all = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(ids);
  });

  test('expand follows references, through lists too', async () => {
    const it = await simulate();
    const { subscription, customer } = await subscribe(it);
    const { data } = await it.stripe.subscriptions.list({
      expand: ['data.latest_invoice.customer', 'data.customer'],
    });
    expect(data[0]).toMatchObject({
      customer: { id: customer },
      latest_invoice: { customer: { id: customer } },
    });
    const shown = await it.stripe.customers.retrieve(customer, { expand: ['subscriptions'] });
    expect((shown as Stripe.Customer).subscriptions?.data[0]?.id).toBe(subscription.id);
    await expect(it.stripe.subscriptions.retrieve(subscription.id, { expand: ['status'] })).rejects.toThrow(
      'This property cannot be expanded (status)',
    );
  });

  test('ten thousand subscriptions are listed fast', async () => {
    const it = await simulate();
    const { subscription } = await subscribe(it);
    const store = openStore(':memory:');
    onTestFinished(() => store.close());
    store.transaction(() => {
      for (let n = 0; n < 10_000; n += 1) {
        const body = JSON.parse(JSON.stringify(subscription));
        store.put('subscription', { ...body, id: `sub_${n}`, customer: `cus_${n % 100}` });
      }
    });
    const start = performance.now();
    let cursor: string | undefined;
    let seen = 0;
    for (;;) {
      const page = store.list(
        'subscription',
        { statusNot: 'canceled' },
        { limit: 100, starting_after: cursor },
      );
      seen += page?.data.length ?? 0;
      cursor = page?.data.at(-1)?.id;
      if (!page?.has_more) break;
    }
    expect(seen).toBe(10_000);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(store.list('subscription', { customer: 'cus_5' }, { limit: 100 })?.data).toHaveLength(100);
  });
});
