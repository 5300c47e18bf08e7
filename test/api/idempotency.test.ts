import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimRequest, recordAnswer, releaseClaim } from '../../automation/idempotency/index.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let ada: string;
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
  await addTenant(service.database, { id: 'adaaaaa1', owner: 'ada', product: 'inbox', plan: 'starter' });
});
afterAll(() => service?.stop());

const post = (path: string, key: string, body: unknown, token: string = ada) =>
  service.request('POST', path, { token, body, headers: { 'idempotency-key': key } });
const newKey = { name: 'mine', scopes: ['tenants:read'] };
const count = async (table: string, where = 'true') => {
  const { rows } = await service.database.query<{ count: number }>(
    `select count(*) from tenantry.${table} where ${where}`,
  );
  return rows[0]?.count;
};

describe('a POST that is sent again with its Idempotency-Key', () => {
  test('is answered as it was the first time, and its work is done once', async () => {
    const before = Number(await count('api_key'));
    const first = await post('/v1/keys', 'again-1', newKey);
    const again = await post('/v1/keys', 'again-1', newKey);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(await count('api_key')).toBe(before + 1);
  });

  test('with another body is refused by name', async () => {
    await post('/v1/keys', 'other-body', newKey);
    expect(await post('/v1/keys', 'other-body', { ...newKey, name: 'other' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused', errors: [{ field: 'Idempotency-Key' }] },
    });
  });

  test('with other attributes of a CloudEvent, or another type of its body, is refused by name', async () => {
    const ce = {
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/app/mail',
      'ce-type': 'inbox_emails',
      'ce-subject': 'adaaaaa1',
    };
    const tell = (headers: Record<string, string>) =>
      service.request('POST', '/v1/usage', {
        body: { quantity: 1 },
        headers: { ...ce, ...headers, 'idempotency-key': 'binary' },
      });
    const events = () => count('usage_event', "tenant_id = 'adaaaaa1'");
    expect((await tell({})).body).toMatchObject({ accepted: 1 });
    expect((await tell({})).headers.get('idempotent-replayed')).toBe('true');
    for (const other of [{ 'ce-id': '2' }, { 'ce-time': '2026-11-21T09:30:00Z' }])
      expect(await tell(other)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await tell({ 'content-type': 'application/cloudevents+json' })).toMatchObject({ status: 422 });
    expect(await events()).toBe(1);
  });

  test('at another address of the same route is another request', async () => {
    await addTenant(service.database, { id: 'adaaaaa2', owner: 'ada' });
    expect((await post('/v1/tenants/adaaaaa1/retry', 'address', undefined)).status).toBe(202);
    expect((await post('/v1/tenants/adaaaaa2/retry', 'address', undefined)).status).toBe(422);
  });

  test('is somebody else’s own, though the key is the same', async () => {
    const eve = await service.identity.token('eve');
    const first = await post('/v1/keys', 'shared', newKey);
    const other = await post('/v1/keys', 'shared', newKey, eve);
    expect([first.status, other.status]).toEqual([201, 201]);
    expect(other.text).not.toBe(first.text);
    expect(other.headers.get('idempotent-replayed')).toBeNull();
  });

  test('at the same moment does its work once: the others are told to ask again', async () => {
    const before = Number(await count('api_key'));
    const answers = await Promise.all(Array.from({ length: 16 }, () => post('/v1/keys', 'at-once', newKey)));
    expect(await count('api_key')).toBe(before + 1);
    for (const answer of answers)
      if (answer.status !== 201) {
        expect([answer.status, answer.body]).toMatchObject([409, { code: 'request_in_progress' }]);
        expect(answer.headers.get('retry-after')).toBe('1');
      }
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text));
    expect(made.size).toBe(1);
    expect((await post('/v1/keys', 'at-once', newKey)).text).toBe([...made][0]);
  });

  test('after it was refused does its work, with what it lacked', async () => {
    expect((await post('/v1/keys', 'mended', { ...newKey, scopes: [] })).status).toBe(400);
    expect((await post('/v1/keys', 'mended', newKey)).status).toBe(201);
  });

  test('with a key that is none is refused by name', async () => {
    for (const key of ['', 'a b', 'x'.repeat(121)])
      expect(await post('/v1/keys', key, newKey)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'Idempotency-Key' }] },
      });
  });

  test('without a key does its work each time', async () => {
    const before = Number(await count('api_key'));
    for (let n = 0; n < 2; n += 1) await service.request('POST', '/v1/keys', { token: ada, body: newKey });
    expect(await count('api_key')).toBe(before + 2);
  });

  test('leads to one checkout at Stripe, also when the first answer was lost before it was recorded', async () => {
    const body = { product: 'inbox', plan: 'starter' };
    const first = await post('/v1/checkout', 'buy', body);
    // As if the process had died between the work and the record.
    await service.database.query(
      `update tenantry.idempotency set answer = null, claimed_until = now() where route = 'POST /v1/checkout'`,
    );
    const again = await post('/v1/checkout', 'buy', body);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    const sessions = await service.stripe.checkout.sessions.list({ limit: 100 });
    const { id } = first.body as { id: string };
    expect(sessions.data.filter((session) => session.client_reference_id === id)).toHaveLength(1);
  });
});

describe('an answer that is kept', () => {
  test('shows nothing to whoever reads the database', async () => {
    const { body } = await post('/v1/keys', 'sealed', newKey);
    const { key } = body as { key: string };
    const { rows } = await service.database.query<{ row: string; answer: Buffer }>(
      'select i::text as row, answer from tenantry.idempotency i where answer is not null',
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { row, answer } of rows) {
      expect(row).not.toContain('sealed');
      expect(answer.includes(key.slice(16))).toBe(false);
    }
  });

  test('is forgotten after a day, and cleared away by later requests', async () => {
    const before = Number(await count('api_key'));
    await post('/v1/keys', 'old', newKey);
    await service.database.query("update tenantry.idempotency set expires_at = now() - interval '1 s'");
    expect((await post('/v1/keys', 'old', newKey)).headers.get('idempotent-replayed')).toBeNull();
    expect(await count('api_key')).toBe(before + 2);
    expect(await count('idempotency', 'expires_at < now()')).toBe(0);
  });
});

describe('a claim', () => {
  const request = { principal: 'person:ada', route: 'POST /v1/x', key: 'k', content: ['/v1/x', '{}'] };
  const answer = { status: 201, headers: {}, body: '{"id":1}' };
  const claimed = async (key: string) => {
    const result = await claimRequest(service.database, { ...request, key });
    if (result.outcome !== 'claimed') throw new Error(result.outcome);
    return result.claim;
  };
  const die = (key: string) =>
    service.database.query(
      `update tenantry.idempotency set claimed_until = now() - interval '1 ms'
       where route = 'POST /v1/x' and key_sha256 = sha256(convert_to(length($1)::text || ':' || $1, 'UTF8'))`,
      [key],
    );

  test('keeps others from the work until its process must be dead', async () => {
    await claimed('dead');
    expect(await claimRequest(service.database, { ...request, key: 'dead' })).toMatchObject({
      outcome: 'busy',
    });
    await die('dead');
    expect(
      await claimRequest(service.database, { ...request, key: 'dead', content: ['/v1/x', 'other'] }),
    ).toEqual({
      outcome: 'different',
    });
    expect(await claimRequest(service.database, { ...request, key: 'dead' })).toMatchObject({
      outcome: 'claimed',
    });
  });

  test('whose answer was recorded with the work is answered, though its process died before it answered', async () => {
    const claim = await claimed('with-the-work');
    await service.database.transaction((client) => recordAnswer(client, claim, answer));
    await die('with-the-work');
    expect(await claimRequest(service.database, { ...request, key: 'with-the-work' })).toEqual({
      outcome: 'answered',
      answer,
    });
    // What comes after the commit takes nothing back.
    await releaseClaim(service.database, claim);
    expect(await claimRequest(service.database, { ...request, key: 'with-the-work' })).toMatchObject({
      outcome: 'answered',
    });
  });

  test('records nothing when its transaction is rolled back, so that the work can be done', async () => {
    const claim = await claimed('rolled-back');
    await expect(
      service.database.transaction(async (client) => {
        await recordAnswer(client, claim, answer);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await releaseClaim(service.database, claim);
    expect(await claimRequest(service.database, { ...request, key: 'rolled-back' })).toMatchObject({
      outcome: 'claimed',
    });
  });

  test('that somebody took over records no answer any more', async () => {
    const late = await claimed('late');
    await die('late');
    const now = await claimed('late');
    expect(await recordAnswer(service.database, late, answer)).toBe(false);
    expect(await recordAnswer(service.database, now, answer)).toBe(true);
  });
});

test('every POST that changes something takes an Idempotency-Key', async () => {
  const { paths } = (await service.request('GET', '/openapi.json', { token: null })).body as {
    paths: Record<string, { post?: { 'x-access'?: object; parameters?: { name: string }[] } }>;
  };
  const without = Object.entries(paths).flatMap(([path, { post: operation }]) =>
    operation && !operation.parameters?.some(({ name }) => name === 'idempotency-key') ? [path] : [],
  );
  // Stripe's events have ids of their own; a preview changes nothing.
  expect(without.sort()).toEqual(['/v1/subscriptions/{id}/preview', '/webhooks/stripe']);
});
