import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';

/* What somebody can do who has a delivery of Stripe's, or a secret that is not ours, or an account of their own. */

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

const nowSeconds = () => Math.floor(Date.now() / 1000);
const newId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

function signed(body: string, secret: string, at: number): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
}

const deliver = (body: string, header: string) =>
  service.request('POST', '/webhooks/stripe', { token: null, body, headers: { 'stripe-signature': header } });

function snapshot(subscription: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    object: 'event',
    id: newId('evt'),
    type: 'customer.subscription.updated',
    livemode: false,
    data: { object: { object: 'subscription', id: subscription } },
    ...more,
  });
}

function thin(subscription: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    object: 'v2.core.event',
    id: newId('evt'),
    type: 'v1.customer.subscription.updated',
    livemode: false,
    related_object: { id: subscription, type: 'subscription' },
    ...more,
  });
}

/** What follows from events about a subscription: its row, its marks and its job. */
async function traces(subscription: string): Promise<number> {
  const { rows } = await service.database.query<{ traces: number }>(
    `select (select count(*) from tenantry.subscription where id = $1)
       + (select count(*) from tenantry.subscription_mark where subscription_id = $1)
       + (select count(*) from graphile_worker.jobs where key = 'sync-subscription:' || $1) as traces`,
    [subscription],
  );
  return rows[0]?.traces ?? 0;
}

describe('a delivery that was recorded', () => {
  test('and is sent again later than five minutes is refused, with its own signature and with its time made new', async () => {
    const subscription = newId('sub');
    const body = snapshot(subscription);
    const at = nowSeconds() - 301;
    const recorded = signed(body, service.webhookSecret, at);
    const renewed = recorded.replace(/^t=\d+/, `t=${nowSeconds()}`);
    const both = `t=${nowSeconds()},${recorded}`;
    for (const header of [recorded, renewed, both]) {
      const answer = await deliver(body, header);
      expect([header, answer.status, answer.body]).toMatchObject([
        header,
        400,
        { code: 'invalid_signature' },
      ]);
    }
    expect(await traces(subscription)).toBe(0);
  });

  test('and is sent again at once changes nothing more', async () => {
    const subscription = newId('sub');
    const body = snapshot(subscription);
    const header = signed(body, service.webhookSecret, nowSeconds());
    const answers = [await deliver(body, header), await deliver(body, header)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const { rows } = await service.database.query(
      'select seq from tenantry.subscription_mark where subscription_id = $1',
      [subscription],
    );
    expect(rows).toEqual([{ seq: 1 }]);
  });

  test('and is changed is refused', async () => {
    const body = snapshot(newId('sub'));
    const header = signed(body, service.webhookSecret, nowSeconds());
    const other = newId('sub');
    const changed = body.replace(/sub_\w+/, other);
    expect((await deliver(changed, header)).status).toBe(400);
    expect(await traces(other)).toBe(0);
  });
});

test.each([
  ['of another endpoint', 'whsec_of_another_endpoint'],
  ['that is the key of the account', 'THE KEY'],
  ['that is empty', ''],
  ['that is ours with more behind it', 'OURS AND MORE'],
])('an event signed with a secret %s is refused', async (_name, given) => {
  const secret =
    given === 'THE KEY'
      ? service.simulator.secretKey
      : given === 'OURS AND MORE'
        ? `${service.webhookSecret}x`
        : given;
  const subscription = newId('sub');
  const body = snapshot(subscription);
  const answer = await deliver(body, signed(body, secret, nowSeconds()));
  expect([answer.status, answer.body]).toMatchObject([400, { code: 'invalid_signature' }]);
  expect(await traces(subscription)).toBe(0);
});

describe('an event that Stripe signed and that is not ours', () => {
  test.each<[string, (subscription: string) => string]>([
    ['of a connected account', (id) => snapshot(id, { account: 'acct_1Other' })],
    ['of a connected account, in the thin form', (id) => thin(id, { context: 'acct_1Other' })],
    ['of live mode', (id) => snapshot(id, { livemode: true })],
    ['of live mode, in the thin form', (id) => thin(id, { livemode: true })],
  ])('(%s) is acknowledged and nothing follows from it', async (_name, make) => {
    const subscription = newId('sub');
    const body = make(subscription);
    const answer = await deliver(body, signed(body, service.webhookSecret, nowSeconds()));
    expect(answer.status).toBe(200);
    expect(await traces(subscription)).toBe(0);
  });

  test('is told from ours, which is marked', async () => {
    for (const make of [snapshot, thin]) {
      const subscription = newId('sub');
      const body = make(subscription);
      expect((await deliver(body, signed(body, service.webhookSecret, nowSeconds()))).status).toBe(200);
      expect(await traces(subscription)).toBe(3);
    }
  });
});

test('a body larger than any event is refused before it is read', async () => {
  const body = snapshot(newId('sub'), { padding: 'x'.repeat(1_200_000) });
  const answer = await deliver(body, signed(body, service.webhookSecret, nowSeconds()));
  expect(answer.status).toBe(413);
});
