import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '../../automation/keys/index.ts';
import { monthNamed } from '../../automation/metering/time.ts';
import { readToldOfMonth } from '../../automation/metering/usage-events.ts';
import { statusOfAnnounced } from '../support/announced-body.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

/** Use that a product's own application tells over HTTP. */

let service: Service;
let key: string;
beforeAll(async () => {
  service = await startService();
  key = await keyOf('inbox');
});
afterAll(() => service?.stop());

const keyOf = async (product: string | null, scope: 'usage:write' | 'checks:write' = 'usage:write') =>
  (
    await createKey(service.database, {
      name: 'the application',
      owner: { kind: 'service', product },
      scopes: [scope],
      expiresAt: null,
      createdBy: null,
    })
  ).text;
const tenantOf = async (product = 'inbox', plan = 'starter') =>
  (await addTenant(service.database, { product: product as never, plan, owner: 'ada' })).id;
const told = async (tenant: string, meter = 'inbox_emails') => {
  const { firstDay } = monthNamed(new Date().toISOString());
  return ((await readToldOfMonth(service.database, tenant, firstDay)).get(meter) ?? 0) / 1_000_000;
};
const post = (body: unknown, headers: Record<string, string> = {}, token = key): Promise<Answer> =>
  service.request('POST', '/v1/usage', { body, headers, token });
const statusOfLength = (bytes: number) => statusOfAnnounced(`${service.url}/v1/usage`, 'POST', key, bytes);
const single = { 'content-type': 'application/cloudevents+json' };
const batch = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };

describe('events of use', () => {
  test('count once each, and one that cannot count is refused alone with the reason', async () => {
    const tenant = await tenantOf();
    const agents = await tenantOf('agents', 'free');
    const day = 24 * 3_600_000;
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    const event = { tenant, meter: 'inbox_emails' };
    const events = [
      { ...event, id: '1', quantity: 2, at: ago(60_000) },
      { ...event, id: '2', quantity: '0.5' },
      { ...event, id: '3' },
      { ...event, id: '1', quantity: 2 },
      { ...event, id: '1', quantity: 3 },
      { ...event, id: '4', tenant: 'nobodys1' },
      { ...event, id: '5', tenant: agents, meter: 'agents_tasks_claude' },
      { ...event, id: '6', meter: 'inbox_letters' },
      { ...event, id: '7', quantity: '-1' },
      { ...event, id: '8', at: ago(-day) },
      { ...event, id: '9', at: ago(36 * day) },
      { ...event, id: '10', quantity: true },
      { ...event, id: 'a b' },
      'nothing',
    ];
    const answer = await post({ source: 'app', events });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ accepted: 3, repeated: 1, refused: 10 });
    const { results } = answer.body as { results: { id: string; outcome: string; reason?: string }[] };
    expect(results.map(({ id, outcome, reason }) => [id, reason ?? outcome])).toEqual([
      ['1', 'accepted'],
      ['2', 'accepted'],
      ['3', 'accepted'],
      ['1', 'repeated'],
      ['1', 'id_reused'],
      ['4', 'unknown_tenant'],
      ['5', 'unknown_tenant'],
      ['6', 'unknown_meter'],
      ['7', 'invalid_quantity'],
      ['8', 'in_future'],
      ['9', 'too_late'],
      ['10', 'malformed'],
      ['a b', 'malformed'],
      [null, 'malformed'],
    ]);
    expect(await told(tenant)).toBe(3.5);
    const again = await post({ source: 'app', events: events.slice(0, 3) });
    expect(again.body).toMatchObject({ accepted: 0, repeated: 3, refused: 0 });
    expect(await told(tenant)).toBe(3.5);
  });

  test('of a meter that the cluster is sampled for are refused by its name', async () => {
    const tenant = await tenantOf('stream', 'business');
    const answer = await post(
      { events: [{ id: '1', tenant, meter: 'stream_vcpu_hours' }] },
      {},
      await keyOf('stream'),
    );
    expect(answer.body).toMatchObject({
      refused: 1,
      results: [
        {
          reason: 'sampled_meter',
          message: 'meter: is none that is told of a tenant of stream: it is sampled from the cluster',
        },
      ],
    });
  });

  test('are taken 500 at once, and no more', async () => {
    const tenant = await tenantOf();
    const events = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        id: `${'x'.repeat(190)}${n}`,
        tenant,
        meter: 'inbox_emails',
        at: new Date(Date.now() - n * 60_000).toISOString(),
      }));
    const many = await post({ events: events(501) });
    expect(many.status).toBe(400);
    expect(many.body).toMatchObject({ errors: [{ field: 'events' }] });
    expect((await post({ events: events(500) })).body).toMatchObject({ accepted: 500 });
    expect(await statusOfLength(512 * 1024 + 1)).toBe(413);
  });

  test('count against the limit of the plan', async () => {
    const tenant = await tenantOf();
    await post({ events: [{ id: '1', tenant, meter: 'inbox_emails', quantity: 499 }] });
    const check = (id: string) =>
      service.request('POST', `/v1/tenants/${tenant}/check`, { body: { key: id, meter: 'inbox_emails' } });
    expect((await check('a')).status).toBe(201);
    expect((await check('b')).status).toBe(429);
  });
});

describe('CloudEvents', () => {
  const cloudEvent = (tenant: string, id: string, data?: object) => ({
    specversion: '1.0',
    id,
    source: '/app/mail',
    type: 'inbox_emails',
    subject: tenant,
    time: new Date().toISOString(),
    extension: 'is left alone',
    ...(data && { data }),
  });

  test('are taken one by one, with the answer of the one', async () => {
    const tenant = await tenantOf();
    const event = cloudEvent(tenant, '1', { quantity: '1.25', subject: 'Hello' });
    expect((await post(event, single)).body).toMatchObject({ accepted: 1 });
    expect((await post(event, single)).body).toMatchObject({ repeated: 1 });
    const changed = await post({ ...event, data: { quantity: 7 } }, single);
    expect(changed.status).toBe(409);
    expect(changed.body).toMatchObject({ code: 'cause_reused' });
    const unknown = await post({ ...event, id: '2', type: 'inbox_letters' }, single);
    expect(unknown.status).toBe(400);
    expect((await post({ ...event, specversion: '0.3' }, single)).status).toBe(400);
    expect(await told(tenant)).toBe(1.25);
  });

  test('are taken in batches, with what became of each', async () => {
    const tenant = await tenantOf();
    const events = [cloudEvent(tenant, '1'), cloudEvent(tenant, '2', { quantity: 4 }), { id: '3' }];
    const answer = await post(events, batch);
    expect(answer.body).toMatchObject({
      accepted: 2,
      refused: 1,
      results: [{}, {}, { reason: 'malformed' }],
    });
    expect(await told(tenant)).toBe(5);
  });

  test('are taken with their attributes as headers', async () => {
    const tenant = await tenantOf();
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/app/mail',
      'ce-type': 'inbox_emails',
      'ce-subject': tenant,
    };
    expect((await post({ quantity: 3 }, headers)).body).toMatchObject({ accepted: 1 });
    const event = cloudEvent(tenant, '1', { quantity: 3 });
    expect((await post(event, single)).body).toMatchObject({ repeated: 1 });
    const bare = await fetch(`${service.url}/v1/usage`, {
      method: 'POST',
      headers: { ...headers, 'ce-id': '%32', authorization: `Bearer ${key}` },
    });
    expect(await bare.json()).toMatchObject({ accepted: 1, results: [{ id: '2' }] });
    expect(await told(tenant)).toBe(4);
  });
});

describe('a source of the platform’s own', () => {
  const percented = (text: string) => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`;

  test.each(['tenantry:reservation', 'service:inbox'])('%s is refused in every form', async (source) => {
    const tenant = await tenantOf();
    const why = /^source: must not begin with tenantry: or service:/;
    const event = {
      specversion: '1.0',
      id: 'res_1',
      source,
      type: 'inbox_emails',
      subject: tenant,
      data: { quantity: 1 },
    };
    const own = await post({ source, events: [{ id: 'res_1', tenant, meter: 'inbox_emails' }] });
    expect(own.status).toBe(400);
    expect(own.body).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringMatching(why),
      errors: [{ field: 'source' }],
    });
    const several = await post([event, { ...event, source: `app/${source}` }], batch);
    expect(several.body).toMatchObject({
      accepted: 1,
      refused: 1,
      results: [{ reason: 'malformed', message: expect.stringMatching(why) }, { outcome: 'accepted' }],
    });
    const binary = (encoded: string) =>
      post(event.data, {
        'ce-specversion': '1.0',
        'ce-id': event.id,
        'ce-source': encoded,
        'ce-type': event.type,
        'ce-subject': tenant,
      });
    for (const answer of [await post(event, single), await binary(source), await binary(percented(source))]) {
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ detail: expect.stringMatching(why) });
    }
    expect(await told(tenant)).toBe(1);
  });
});

describe('who tells', () => {
  test('is an operator or an application with a key for it, and for its own product’s tenants only', async () => {
    const tenant = await tenantOf();
    const body = (id: string) => ({ events: [{ id, tenant, meter: 'inbox_emails' }] });
    const ask = async (token: string | null, id: string) =>
      service.request('POST', '/v1/usage', { body: body(id), token });
    expect((await ask(null, '1')).status).toBe(401);
    expect((await ask(await service.identity.token('ada'), '2')).status).toBe(403);
    expect((await ask(await keyOf('inbox', 'checks:write'), '3')).status).toBe(403);
    expect((await ask(await keyOf('agents'), '4')).body).toMatchObject({
      results: [{ reason: 'unknown_tenant' }],
    });
    expect((await ask(await keyOf(null), '5')).body).toMatchObject({ accepted: 1 });
    expect((await ask(await service.identity.token('root', 'operator'), '6')).body).toMatchObject({
      accepted: 1,
    });
  });
});

describe('a request that cannot be read', () => {
  test.each([
    ['{', {}, 'no JSON'],
    ['[]', {}, ''],
    ['{}', batch, ''],
    ['[]', batch, ''],
    ['a,b', { 'content-type': 'text/csv' }, 'content-type: must be'],
    [{ events: [], more: 1 }, {}, 'events'],
  ])('%j with %j is refused', async (body, headers, detail) => {
    const answer = await post(body, headers as Record<string, string>);
    expect(answer.status).toBe(400);
    expect((answer.body as { code: string }).code).toBe('invalid_request');
    expect((answer.body as { detail: string }).detail).toContain(detail);
  });
});
