import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';
import { until } from '../support/wait.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

function deliver(id: string) {
  const body = JSON.stringify({
    object: 'event',
    id,
    type: 'customer.subscription.created',
    data: { object: { object: 'subscription', id: 'sub_1' } },
  });
  const time = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', service.webhookSecret).update(`${time}.${body}`).digest('hex');
  return service.request('POST', '/webhooks/stripe', {
    token: null,
    body,
    headers: { 'stripe-signature': `t=${time},v1=${mac}` },
  });
}

async function asAdministrator(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Ends all sessions of the database and refuses new ones, or accepts them again. */
async function allowConnections(allow: boolean): Promise<void> {
  const { name } = service.fresh;
  await asAdministrator(`alter database ${name} with allow_connections ${allow}`);
  if (!allow)
    await asAdministrator(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
}

test('an event that cannot be stored is answered 503, so that Stripe sends it again, and then it is stored', async () => {
  expect((await deliver('evt_before')).status).toBe(200);
  await allowConnections(false);
  try {
    for (let n = 0; n < 3; n += 1) {
      const answer = await deliver('evt_meanwhile');
      expect([answer.status, answer.body]).toMatchObject([503, { code: 'unavailable' }]);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.text).not.toMatch(/postgres|test_/i);
    }
    const ready = await service.request('GET', '/readyz', { token: null });
    expect([ready.status, ready.body]).toMatchObject([503, { ready: false }]);
    expect((ready.body as { checks: Record<string, string> }).checks.database).not.toBe('ok');
  } finally {
    await allowConnections(true);
  }
  const answer = await until(
    async () => {
      const answered = await deliver('evt_meanwhile');
      return answered.status === 200 && answered;
    },
    { what: 'the event being taken again' },
  );
  expect(answer.body).toEqual({ received: true, duplicate: false });
});

test('a database that answers but stores no events is not ready, and says why', async () => {
  const { name } = service.fresh;
  const readOnly = async (on: boolean) => {
    await asAdministrator(`alter database ${name} set default_transaction_read_only = ${on}`);
    await asAdministrator(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  };
  const stored = async () =>
    (await service.database.query('select count(*)::int as events from tenantry.stripe_event')).rows[0];
  await readOnly(true);
  try {
    const ready = await until(async () => {
      const answer = await service.request('GET', '/readyz?exclude=worker', { token: null });
      return /read-only/.test(answer.text) && answer;
    });
    expect([ready.status, ready.body]).toMatchObject([
      503,
      { checks: { database: expect.stringMatching(/^events cannot be stored: .* read-only transaction$/) } },
    ]);
  } finally {
    await readOnly(false);
  }
  const before = await until(stored);
  await until(
    async () => (await service.request('GET', '/readyz?exclude=worker', { token: null })).status === 200,
  );
  expect(await stored()).toEqual(before);
});

test('being ready includes that the database takes notifications, as storing an event does', async () => {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  const heard: string[] = [];
  client.on('notification', ({ channel }) => heard.push(channel));
  await client.query('listen tenantry_rehearsal');
  // One that was ready a moment ago is believed to be so.
  await until(
    async () => {
      await service.request('GET', '/readyz?exclude=worker', { token: null });
      return heard.length > 0;
    },
    { what: 'the notification' },
  );
  await client.end();
});

test('a database that hangs does not hold Stripe for ever and is answered 503', async () => {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    await client.query('begin; lock table tenantry.stripe_event in access exclusive mode');
    const answer = await deliver('evt_blocked');
    expect(answer.status).toBe(503);
  } finally {
    await client.end();
  }
  // Whether or not the late query still stored it: the second delivery succeeds, and there is one row.
  expect((await deliver('evt_blocked')).status).toBe(200);
  const { rows } = await service.database.query(
    "select 1 from tenantry.stripe_event where id = 'evt_blocked'",
  );
  expect(rows).toHaveLength(1);
});
