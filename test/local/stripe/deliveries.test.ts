import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { retryWaitMs } from '../../../automation/local/stripe/delivery/record.ts';
import { startStripeSimulator } from '../../../automation/local/stripe/index.ts';
import { until } from '../../support/wait.ts';
import { clientOf, receiveWebhooks, secretKey, simulate, subscribe, webhookSecret } from './simulated.ts';

/** Stripe's five minutes between the first two attempts in five milliseconds. */
const fast = { deliveryTimeScale: 60_000 };

describe('retries', () => {
  test('an endpoint that fails is asked again until it answers 2xx', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ ...fast, webhookUrl: receiver.url });
    receiver.answers.push(500, 302);
    await stripe.customers.create({ email: 'a@example.com' });
    await until(() => receiver.received.length === 3);
    await until(() => simulator.deliveries()[0]?.state === 'delivered');
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
    expect(simulator.deliveries()[0]).toMatchObject({
      attempts: 3,
      responseStatus: 200,
      eventType: 'customer.created',
    });
  });

  test('an endpoint that is not there is asked again too', async () => {
    const { stripe, simulator } = await simulate({ ...fast, webhookUrl: 'http://127.0.0.1:1/nobody' });
    await stripe.customers.create({});
    await until(() => (simulator.deliveries()[0]?.attempts ?? 0) >= 2);
    expect(simulator.deliveries()[0]).toMatchObject({ state: 'pending', responseStatus: null });
    expect(simulator.deliveries()[0]?.error).not.toBeNull();
  });

  test('after three days of Stripe time the delivery is given up', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ deliveryTimeScale: 600_000, webhookUrl: receiver.url });
    receiver.answers.push(...Array<number>(100).fill(503));
    await stripe.customers.create({});
    await until(() => simulator.deliveries()[0]?.state === 'failed');
    expect(simulator.deliveries()[0]?.attempts).toBeGreaterThan(1);
  });

  test('the waits grow from minutes to half days and end after three', () => {
    const hours = (n: number) => n * 3_600_000;
    const waits: (number | null)[] = [];
    let since = 0;
    for (let attempt = 1; attempt < 20; attempt += 1) {
      const wait = retryWaitMs(attempt, since, 1);
      waits.push(wait);
      if (wait === null) break;
      since += wait;
    }
    expect(waits.slice(0, 6)).toEqual([hours(1 / 12), hours(0.5), hours(2), hours(5), hours(10), hours(12)]);
    expect(waits.at(-1)).toBeNull();
    expect(since).toBeLessThanOrEqual(hours(72));
    expect(since).toBeGreaterThan(hours(48));
  });
});

describe('faults on request', () => {
  async function deliverCustomers(count: number, faults: Record<string, number>) {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ webhookUrl: receiver.url });
    simulator.setFaults(faults);
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) ids.push((await stripe.customers.create({})).id);
    await until(() => simulator.state().deliveries.pending === 0, { what: 'all deliveries' }).catch(
      (cause: Error) => {
        throw new Error(JSON.stringify(simulator.deliveries()), { cause });
      },
    );
    const got = receiver.received.map(({ body }) => JSON.parse(body).data.object.id as string);
    return { ids, got, simulator };
  }

  test('duplicates come with the same event id', async () => {
    const { ids, got, simulator } = await deliverCustomers(3, { duplicate: 1 });
    expect(got.sort()).toEqual([...ids, ...ids].sort());
    const [event] = simulator.deliveries();
    expect(simulator.deliveries(event?.event)).toHaveLength(2);
  });

  test('dropped ones never come, and are on record', async () => {
    const { got, simulator } = await deliverCustomers(3, { drop: 1 });
    expect(got).toEqual([]);
    expect(simulator.state().deliveries).toMatchObject({ dropped: 3, pending: 0 });
  });

  test('reordered ones arrive all, in another order', async () => {
    const { ids, got } = await deliverCustomers(20, { reorder: 1, seed: 7 });
    expect(got).not.toEqual(ids);
    expect([...got].sort()).toEqual([...ids].sort());
  });

  test('delayed ones wait', async () => {
    const { simulator } = await deliverCustomers(1, { delayMs: 400, seed: 3 });
    const [delivery] = simulator.deliveries();
    const tookMs = Date.parse(delivery?.deliveredAt ?? '') - Date.parse(delivery?.createdAt ?? '');
    expect(delivery?.faults).toEqual(['delay']);
    expect(tookMs).toBeGreaterThan(20);
  });

  test('one that falls due while the due ones are looked for is not forgotten', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ webhookUrl: receiver.url });
    simulator.pauseDeliveries();
    simulator.setFaults({ delayMs: 4000, seed: 3 });
    await stripe.customers.create({});
    const early = Date.now();
    vi.spyOn(Date, 'now')
      .mockReturnValueOnce(early)
      .mockReturnValue(early + 10_000);
    onTestFinished(() => void vi.restoreAllMocks());
    simulator.resumeDeliveries();
    await until(() => receiver.received.length === 1);
  });

  test('the same seed decides the same', async () => {
    const decided = async () => {
      const { simulator } = await deliverCustomers(12, { drop: 0.4, duplicate: 0.3, seed: 42 });
      const order = simulator.deliveries().map(({ state, faults }) => `${state}:${faults.join()}`);
      return order.reverse();
    };
    expect(await decided()).toEqual(await decided());
  });
});

describe('by hand', () => {
  test('paused deliveries wait for a flush or for the resumption', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ webhookUrl: receiver.url });
    simulator.pauseDeliveries();
    await stripe.customers.create({});
    await stripe.customers.create({});
    expect(receiver.received).toEqual([]);
    expect(await simulator.flushDeliveries()).toEqual({ attempted: 2, delivered: 2 });
    await stripe.customers.create({});
    simulator.resumeDeliveries();
    await until(() => receiver.received.length === 3);
  });

  test('an event can be sent again', async () => {
    const receiver = await receiveWebhooks();
    const { stripe, simulator } = await simulate({ webhookUrl: receiver.url });
    await stripe.customers.create({});
    await simulator.flushDeliveries();
    const [event] = (await stripe.events.list({ type: 'customer.created' })).data;
    expect(simulator.replayEvent(event?.id ?? '')).toEqual({ deliveries: 1 });
    await until(() => receiver.received.length === 2);
    expect(receiver.received[1]?.id).toBe(event?.id);
  });
});

describe('thin events', () => {
  test('they parse, fetch their event and their object', async () => {
    const thin = await receiveWebhooks();
    const snapshot = await receiveWebhooks();
    const it = await simulate({
      webhookUrl: snapshot.url,
      destinations: [{ url: thin.url, secret: 'whsec_thin', form: 'thin' }],
    });
    const { subscription } = await subscribe(it);
    await it.simulator.flushDeliveries();
    const got = thin.received.find(({ type }) => type === 'customer.subscription.created');
    const notification = it.stripe.parseEventNotification(
      got?.body ?? '',
      got?.signature ?? '',
      'whsec_thin',
    );
    expect(notification).toMatchObject({
      type: 'v1.customer.subscription.created',
      related_object: {
        id: subscription.id,
        type: 'subscription',
        url: `/v1/subscriptions/${subscription.id}`,
      },
    });
    if (notification.type !== 'v1.customer.subscription.created') throw new Error('another type');
    expect((await notification.fetchRelatedObject()).status).toBe('active');
    const event = await notification.fetchEvent();
    expect(event.id).toBe(notification.id);
    expect(event.snapshot_event).toBe(
      snapshot.received.find(({ type }) => type === 'customer.subscription.created')?.id,
    );
    expect((await it.stripe.v2.core.events.retrieve(notification.id)).type).toBe(notification.type);
    expect(() =>
      it.stripe.webhooks.constructEvent(got?.body ?? '', got?.signature ?? '', 'whsec_thin'),
    ).toThrow();
    expect(() =>
      it.stripe.parseEventNotification(got?.body ?? '', got?.signature ?? '', webhookSecret),
    ).toThrow();
  });

  test('they are listed with pages, by object', async () => {
    const it = await simulate();
    const { customer } = await subscribe(it);
    await it.stripe.customers.update(customer, { name: 'Ada' });
    const seen: string[] = [];
    for await (const event of it.stripe.v2.core.events.list({ object_id: customer, limit: 1 }))
      seen.push(event.type);
    expect(seen).toEqual(['v1.customer.updated', 'v1.customer.updated', 'v1.customer.created']);
    expect((await it.stripe.v2.core.events.list({ types: ['v1.customer.created'] })).data).toHaveLength(1);
  });
});

describe('destinations', () => {
  test('each gets only the types it wants', async () => {
    const receiver = await receiveWebhooks();
    const it = await simulate({
      destinations: [
        { url: receiver.url, secret: 's', form: 'snapshot', events: ['invoice.*', 'customer.created'] },
      ],
    });
    await subscribe(it);
    await it.simulator.flushDeliveries();
    expect(receiver.types()).toContain('invoice.paid');
    expect(receiver.types()).toContain('customer.created');
    expect(receiver.types()).not.toContain('customer.subscription.created');
  });

  test('they are listed through the API, replaced by control and added by the API', async () => {
    const [first, second] = [await receiveWebhooks(), await receiveWebhooks()];
    const { stripe, simulator } = await simulate({ webhookUrl: first.url });
    expect((await stripe.webhookEndpoints.list()).data.map(({ url }) => url)).toEqual([first.url]);
    const made = await stripe.webhookEndpoints.create({
      url: second.url,
      enabled_events: ['customer.created'],
    });
    await stripe.customers.create({});
    await simulator.flushDeliveries();
    const [got] = second.received;
    expect(
      stripe.webhooks.constructEvent(got?.body ?? '', got?.signature ?? '', made.secret ?? '').type,
    ).toBe('customer.created');
    simulator.setDestinations([]);
    expect((await stripe.webhookEndpoints.list()).data.map(({ id }) => id)).toEqual([made.id]);
    await stripe.webhookEndpoints.del(made.id);
    expect((await stripe.v2.core.eventDestinations.list()).data).toEqual([]);
  });
});

describe('the control API', () => {
  test('does over HTTP what the handle does', async () => {
    const it = await simulate();
    const { customer } = await subscribe(it);
    const call = async (path: string, body?: unknown) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(`${it.simulator.url}/_simulator${path}`, init);
      return { status: answer.status, body: await answer.json() };
    };
    expect((await call('')).body).toMatchObject({
      subscriptions: { active: 1 },
      deliveries: { paused: false },
    });
    expect((await call('/clock/advance', { seconds: 60 })).body.aheadSeconds).toBeGreaterThanOrEqual(59);
    expect((await call('/faults', { drop: 0.5 })).body).toMatchObject({ drop: 0.5, duplicate: 0 });
    expect((await call(`/customers/${customer}/card`, { works: false })).status).toBe(200);
    expect((await call('/deliveries')).body).toEqual({ deliveries: [] });
    expect((await call('/faults', { drop: 7 })).status).toBe(400);
    expect((await call('/checkout/cs_test_nothing/pay', {})).status).toBe(404);
  });

  test('is closed to other names and to pages of other origins', async () => {
    const { simulator } = await simulate();
    const get = (headers: Record<string, string>) => fetch(`${simulator.url}/_simulator/clock`, { headers });
    expect((await get({})).status).toBe(200);
    expect((await get({ origin: 'https://elsewhere.example' })).status).toBe(403);
  });
});

test('deliveries that were pending go out after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const receiver = await receiveWebhooks();
  const options = {
    dataFile: join(folder, 'stripe.sqlite'),
    secretKey,
    webhookSecret,
    webhookUrl: receiver.url,
    catalog: [],
    ...fast,
  };
  const first = await startStripeSimulator(options);
  first.pauseDeliveries();
  await clientOf(first).customers.create({ email: 'late@example.com' });
  await first.stop();
  const second = await startStripeSimulator(options);
  onTestFinished(() => second.stop());
  expect(receiver.received).toEqual([]);
  second.resumeDeliveries();
  await until(() => receiver.received.length === 1);
});

test('an endpoint that never answers does not keep the simulator from stopping', async () => {
  let asked = false;
  const silent = createServer(() => {
    asked = true;
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const simulator = await startStripeSimulator({
    dataFile: ':memory:',
    secretKey,
    webhookSecret,
    webhookUrl: `http://127.0.0.1:${address.port}/`,
    catalog: [],
  });
  await clientOf(simulator).customers.create({});
  await until(() => asked);
  const start = performance.now();
  await simulator.stop();
  expect(performance.now() - start).toBeLessThan(6000);
});
