import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';

const rotatedSecret = 'whsec_the_secret_before_rotation';
let service: Service;

beforeAll(async () => {
  const current = 'whsec_the_secret_after_rotation';
  service = await startService({ stripeWebhookSecrets: [current, rotatedSecret] });
  Object.assign(service, { webhookSecret: current });
});
afterAll(() => service?.stop());

interface Delivery {
  readonly secret?: string;
  /** Seconds that the signature's time lies in the past. */
  readonly ageSeconds?: number;
  readonly header?: string | null;
  readonly headers?: Record<string, string>;
}

function sign(body: string, secret: string, timestamp: number): string {
  const mac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return `t=${timestamp},v1=${mac}`;
}

async function deliver(event: unknown, delivery: Delivery = {}) {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const timestamp = Math.floor(Date.now() / 1000) - (delivery.ageSeconds ?? 0);
  const header =
    delivery.header === undefined
      ? sign(body, delivery.secret ?? service.webhookSecret, timestamp)
      : delivery.header;
  return service.request('POST', '/webhooks/stripe', {
    token: null,
    body,
    headers: { ...(header !== null && { 'stripe-signature': header }), ...delivery.headers },
  });
}

const newId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

function snapshot(object: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return {
    object: 'event',
    id: newId('evt'),
    type: 'customer.subscription.updated',
    api_version: '2026-09-30.dahlia',
    created: Math.floor(Date.now() / 1000),
    data: { object },
    ...more,
  };
}

function thin(related: { id: string; type: string } | null, more: Record<string, unknown> = {}) {
  return {
    object: 'v2.core.event',
    id: newId('evt'),
    type: 'v1.customer.subscription.updated',
    related_object: related && { ...related, url: `/v1/x/${related.id}` },
    ...more,
  };
}

async function eventRow(id: string) {
  const { rows } = await service.database.query<{
    subscription: string | null;
    objectType: string | null;
    objectId: string | null;
    resolved: boolean;
  }>(
    `select subscription_id as subscription, object_type as "objectType", object_id as "objectId",
       resolved_at is not null as resolved from tenantry.stripe_event where id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

async function marks(subscription: string): Promise<number> {
  const { rows } = await service.database.query<{ marked: number }>(
    'select seq as marked from tenantry.subscription_mark where subscription_id = $1',
    [subscription],
  );
  return rows[0]?.marked ?? 0;
}

async function jobs(key: string): Promise<number> {
  const { rows } = await service.database.query('select 1 from graphile_worker.jobs where key = $1', [key]);
  return rows.length;
}

const countEvents = async () =>
  (await service.database.query<{ count: number }>('select count(*) from tenantry.stripe_event')).rows[0]
    ?.count;

describe('a verified event', () => {
  test('of a subscription is stored, its subscription marked and its job rung', async () => {
    const subscription = newId('sub');
    const event = snapshot({ object: 'subscription', id: subscription });
    const answer = await deliver(event);
    expect([answer.status, answer.body]).toEqual([200, { received: true, duplicate: false }]);
    expect(await eventRow(event.id)).toEqual({
      subscription,
      objectType: 'subscription',
      objectId: subscription,
      resolved: true,
    });
    expect(await marks(subscription)).toBe(1);
    expect(await jobs(`sync-subscription:${subscription}`)).toBe(1);
    const audit = await service.database.query(
      'select kind, data from tenantry.audit where subscription_id = $1',
      [subscription],
    );
    expect(audit.rows).toEqual([
      { kind: 'event.received', data: { event: event.id, type: 'customer.subscription.updated' } },
    ]);
  });

  test.each([
    ['an invoice of today', (id: string) => ({ parent: { subscription_details: { subscription: id } } })],
    ['an invoice of old', (id: string) => ({ subscription: id })],
    ['a checkout session with its subscription expanded', (id: string) => ({ subscription: { id } })],
  ])('of %s marks the subscription it names', async (_name, reference) => {
    const subscription = newId('sub');
    const answer = await deliver(
      snapshot({ object: 'invoice', id: newId('in'), ...reference(subscription) }, { type: 'invoice.paid' }),
    );
    expect(answer.status).toBe(200);
    expect(await marks(subscription)).toBe(1);
  });

  test('that names no subscription is kept and marks nothing', async () => {
    const event = snapshot({ object: 'customer', id: newId('cus') }, { type: 'customer.created' });
    expect((await deliver(event)).status).toBe(200);
    expect(await eventRow(event.id)).toMatchObject({ subscription: null, resolved: true });
  });

  test('in the thin form marks the subscription it is about', async () => {
    const subscription = newId('sub');
    const event = thin({ id: subscription, type: 'subscription' });
    expect((await deliver(event)).status).toBe(200);
    expect(await eventRow(event.id)).toMatchObject({ subscription, resolved: true });
    expect(await marks(subscription)).toBe(1);
  });

  test.each(['invoice', 'checkout.session'])(
    'in the thin form about an %s is rung to be looked up',
    async (type) => {
      const event = thin({ id: newId('obj'), type });
      expect((await deliver(event)).status).toBe(200);
      expect(await eventRow(event.id)).toMatchObject({ subscription: null, resolved: false });
      expect(await jobs(`resolve-event:${event.id}`)).toBe(1);
    },
  );

  test('in the thin form about nothing is kept', async () => {
    const event = thin(null);
    expect((await deliver(event)).status).toBe(200);
    expect(await eventRow(event.id)).toMatchObject({ resolved: true, objectId: null });
  });

  test('that comes again changes nothing and is acknowledged', async () => {
    const subscription = newId('sub');
    const event = snapshot({ object: 'subscription', id: subscription });
    await deliver(event);
    const again = await deliver(event);
    expect([again.status, again.body]).toEqual([200, { received: true, duplicate: true }]);
    expect(await marks(subscription)).toBe(1);
  });

  test('that comes twenty times at once is taken once', async () => {
    const subscription = newId('sub');
    const event = snapshot({ object: 'subscription', id: subscription });
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(event)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(answers.filter(({ body }) => !(body as { duplicate: boolean }).duplicate)).toHaveLength(1);
    expect(await marks(subscription)).toBe(1);
  });

  test('of twenty events at once about one subscription none is lost', async () => {
    const subscription = newId('sub');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => deliver(snapshot({ object: 'subscription', id: subscription }))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await marks(subscription)).toBe(20);
    expect(await jobs(`sync-subscription:${subscription}`)).toBe(1);
  });

  test('is counted by outcome', async () => {
    const metrics = await service.request('GET', '/metrics', { token: null });
    expect(metrics.text).toMatch(/tenantry_webhooks_total\{outcome="received"\} [1-9]/);
    expect(metrics.text).toMatch(/tenantry_webhooks_total\{outcome="duplicate"\} [1-9]/);
  });
});

describe('a webhook that Stripe did not sign', () => {
  const event = () => snapshot({ object: 'subscription', id: newId('sub') });
  const now = () => Math.floor(Date.now() / 1000);

  test.each<[string, (body: string) => Delivery]>([
    ['with another secret', () => ({ secret: 'whsec_guessed' })],
    ['with the secret without its prefix', () => ({ secret: service.webhookSecret.slice(6) })],
    ['with an empty secret', () => ({ secret: '' })],
    ['without a header', () => ({ header: null })],
    ['with an empty header', () => ({ header: '' })],
    ['with a header of garbage', () => ({ header: 'not a signature' })],
    ['with a time and no signature', () => ({ header: `t=${now()}` })],
    ['with the signature of another body', () => ({ header: sign('{}', service.webhookSecret, now()) })],
    [
      'with a time that was not signed',
      (body) => ({ header: sign(body, service.webhookSecret, now() - 10).replace(/^t=\d+/, `t=${now()}`) }),
    ],
    [
      'under a scheme that is not secure',
      (body) => ({ header: sign(body, service.webhookSecret, now()).replace('v1=', 'v0=') }),
    ],
    [
      'with a signature cut short',
      (body) => ({ header: sign(body, service.webhookSecret, now()).slice(0, -2) }),
    ],
  ])('%s is refused and stores nothing', async (_name, forge) => {
    const before = await countEvents();
    const body = JSON.stringify(event());
    const answer = await deliver(body, forge(body));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'invalid_signature', status: 400 });
    expect(await countEvents()).toBe(before);
  });

  test('in time is refused once it is older than five minutes, and the answer says so', async () => {
    expect((await deliver(event(), { ageSeconds: 290 })).status).toBe(200);
    for (const secret of [service.webhookSecret, rotatedSecret]) {
      const stale = await deliver(event(), { ageSeconds: 310, secret });
      expect(stale.status).toBe(400);
      expect(stale.body).toMatchObject({
        code: 'invalid_signature',
        detail: 'The signature is older than five minutes.',
      });
    }
  });

  test('is told from one whose sender has a fast clock', async () => {
    expect((await deliver(event(), { ageSeconds: -120 })).status).toBe(200);
  });

  test('is told from one signed with the secret before the rotation', async () => {
    expect((await deliver(event(), { secret: rotatedSecret })).status).toBe(200);
  });

  test('is told from one that carries the signatures of both secrets', async () => {
    const body = JSON.stringify(event());
    const mine = sign(body, service.webhookSecret, now());
    const other = sign(body, 'whsec_of_another_endpoint', now()).split(',')[1];
    expect((await deliver(body, { header: `${mine},${other}` })).status).toBe(200);
  });

  test('never shows a secret in the answer or the log', async () => {
    const answer = await deliver(event(), { secret: 'whsec_guessed' });
    expect(answer.text).not.toContain(service.webhookSecret);
    expect(service.log()).not.toContain(service.webhookSecret);
    expect(service.log()).not.toContain(rotatedSecret);
  });
});

describe('a signed body that is no event', () => {
  test.each([
    ['of white space', ' '],
    ['no JSON', '{"object": "event", '],
    ['a number', '17'],
    ['null', 'null'],
    ['a list', '[]'],
    ['another object', '{"object":"customer","id":"cus_1"}'],
    ['without an id', JSON.stringify({ ...snapshot({}), id: undefined })],
    ['with a number for its id', JSON.stringify({ ...snapshot({}), id: 5 })],
    ['with an empty id', JSON.stringify({ ...snapshot({}), id: '' })],
    ['with an id of 300 characters', JSON.stringify({ ...snapshot({}), id: 'e'.repeat(300) })],
    ['with a NUL in its id', JSON.stringify({ ...snapshot({}), id: 'evt_\u0000' })],
    ['with a NUL in its type', JSON.stringify({ ...snapshot({}), type: 'a\u0000b' })],
    [
      'with half a character in its id',
      '{"object":"event","id":"evt_\\ud800","type":"x","data":{"object":{}}}',
    ],
    ['without data', JSON.stringify({ object: 'event', id: 'evt_1', type: 'x' })],
    ['thin with a related object of text', JSON.stringify(thin(null, { related_object: 'sub_1' }))],
    ['with a path for its id', JSON.stringify({ ...snapshot({}), id: '../evt' })],
  ])('(%s) is a clear 400 and stores nothing', async (_name, body) => {
    const before = await countEvents();
    const answer = await deliver(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_request' });
    expect(await countEvents()).toBe(before);
  });

  test('of more than one mebibyte is refused with 413, with its length told or not', async () => {
    const huge = JSON.stringify(snapshot({ object: 'customer', note: 'x'.repeat(1024 * 1024) }));
    const answer = await deliver(huge, { headers: { connection: 'close' } });
    expect([answer.status, answer.body]).toMatchObject([413, { code: 'payload_too_large' }]);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(huge));
        controller.close();
      },
    });
    const chunked = await fetch(`${service.url}/webhooks/stripe`, {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: {
        connection: 'close',
        'stripe-signature': sign(huge, service.webhookSecret, Math.floor(Date.now() / 1000)),
      },
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('is not asked for by another method', async () => {
    const answer = await service.request('GET', '/webhooks/stripe', { token: null });
    expect([answer.status, answer.body]).toMatchObject([405, { code: 'method_not_allowed' }]);
    expect(answer.headers.get('allow')).toBe('POST');
  });
});

describe('what Stripe may truly send although it looks odd', () => {
  const stored = async (body: string, id: string) => {
    const answer = await deliver(body);
    expect([answer.status, answer.text]).toEqual([200, '{"received":true,"duplicate":false}']);
    const { rows } = await service.database.query<{ payload: string }>(
      'select payload::text as payload from tenantry.stripe_event where id = $1',
      [id],
    );
    expect(rows).toHaveLength(1);
  };

  test.each([
    ['NUL characters in a customer’s name', { name: 'a\u0000b' }],
    ['SQL', { name: "'); drop table tenantry.stripe_event; --" }],
    ['text of every script', { name: '𝓣\u202e Ünïcodé 🙂' }],
    ['keys that are dangerous in JavaScript', { ['__proto__']: { polluted: true }, constructor: 1 }],
  ])('%s is stored', async (_name, object) => {
    const event = snapshot({ object: 'customer', id: newId('cus'), ...object });
    await stored(JSON.stringify(event), event.id);
  });

  test('half a character, a number beyond all bounds and 200,000 brackets are stored', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const extra of ['"\\ud800"', '1e999999', deep]) {
      const event = snapshot({ object: 'customer', id: 'cus_1', extra: 'HERE' });
      await stored(
        JSON.stringify(event).replace('"HERE"', () => extra),
        event.id,
      );
    }
  });

  test('a subscription id that is none marks nothing', async () => {
    for (const id of ['', '../customers', 'sub_\u0000', "sub'; --", 's'.repeat(300)]) {
      const event = snapshot({ object: 'subscription', id });
      expect((await deliver(event)).status).toBe(200);
      expect(await eventRow(event.id)).toMatchObject({ subscription: null });
    }
    const related = thin({ id: '../x', type: 'subscription' });
    expect((await deliver(related)).status).toBe(200);
    expect(await eventRow(related.id)).toMatchObject({ subscription: null, resolved: true });
  });

  test('an object with a type and id of no use is stored without them', async () => {
    const event = snapshot({ object: 'x\u0000', id: 17 });
    expect((await deliver(event)).status).toBe(200);
    expect(await eventRow(event.id)).toMatchObject({ objectType: null, objectId: null });
  });
});
