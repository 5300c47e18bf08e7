/** Webhook endpoints over HTTP and by the command line, while a worker's queue takes the jobs. */
import { once } from 'node:events';
import { Logger as QueueLogger, run as runQueue } from 'graphile-worker';
import pino from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { verifyWebhook } from '../../api/client/index.ts';
import { createKey, type KeyOwner, type KeyScope } from '../../automation/keys/index.ts';
import { emit, notificationsWork } from '../../automation/notify/index.ts';
import { listAudit } from '../../automation/store/audit.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { command, homeOf } from '../cli/command.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';
import { startReceiver, status, verified } from './receiver.ts';

/** Names that resolve otherwise than to this machine's public self. */
const names: Record<string, readonly string[]> = {
  'inner.example.com': ['10.0.0.7'],
  'metadata.example.com': ['169.254.169.254'],
  'public.example.com': ['8.8.8.8'],
};
const rules = {
  allowPrivate: true,
  resolve: async (name: string, signal: AbortSignal) => {
    if (name === 'hangs.example.com') await once(signal, 'abort');
    return names[name] ?? Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));
  },
  lookupTimeoutMs: 300,
};

let service: Service;
let strict: Service;
let home: string;
let tenant: Tenant;
let tokens: Record<'ada' | 'bob', string>;
const releasers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  service = await startService({ addressRules: rules });
  strict = await startService({ addressRules: { ...rules, allowPrivate: false } });
  releasers.push(service.stop, strict.stop);
  tokens = { ada: await service.identity.token('ada'), bob: await service.identity.token('bob') };
  tenant = await addTenant(service.database, { owner: 'ada' });
  const worker = notificationsWork({
    database: service.database,
    rules,
    log: pino({ level: 'silent' }),
    now: () => new Date(),
    random: () => 0,
  });
  const queue = await runQueue({
    connectionString: service.databaseUrl,
    concurrency: 1,
    noHandleSignals: true,
    logger: new QueueLogger(() => () => {}),
    taskList: { ...worker.tasks?.doorbells },
  });
  releasers.push(
    async () => worker.close?.(),
    () => queue.stop(),
  );
  home = await homeOf(service);
});
afterAll(async () => {
  for (const release of releasers.reverse()) await release();
});

const path = '/v1/notifications/endpoints';

async function receiver(answer = status(200)) {
  const started = await startReceiver(answer);
  onTestFinished(started.stop);
  return started;
}

interface Made {
  readonly endpoint: { readonly id: string; readonly state: string; readonly tenant: string | null };
  readonly secret: string;
}

async function make(body: object, token?: string): Promise<Made> {
  const answer = await service.request('POST', path, { body, ...(token !== undefined && { token }) });
  expect(answer.text).toContain('whsec_');
  expect(answer.status).toBe(201);
  const made = answer.body as Made;
  onTestFinished(async () => {
    await service.request('DELETE', `${path}/${made.endpoint.id}`);
  });
  return made;
}

const tell = () =>
  emit(
    service.database,
    'credits.low',
    { tenantId: tenant.id },
    { tenantId: tenant.id, available: 1, lowBelow: 2 },
  );

test("a tenant's owner registers an endpoint, and a job delivers what happens to the client's own check", async () => {
  const hook = await receiver();
  const { endpoint, secret } = await make({ url: hook.url, tenant: tenant.id }, tokens.ada);
  const event = await tell();
  const [got] = await until(() => hook.received.length === 1 && hook.received);
  if (!got) throw new Error('nothing was received');
  const told = await verifyWebhook(got.body, got.headers, secret);
  expect(told).toMatchObject({ type: 'credits.low', data: { tenantId: tenant.id, available: 1 } });

  const log = await until(async () => {
    const answer = await service.request('GET', `/v1/notifications?endpoint=${endpoint.id}`, {
      token: tokens.ada,
    });
    const { notifications } = answer.body as { notifications: { id: number; state: string }[] };
    return notifications[0]?.state === 'delivered' && notifications;
  });
  expect(log).toMatchObject([{ event, type: 'credits.low', tenant: tenant.id, attempts: 1, status: 200 }]);
  const detail = await service.request('GET', `/v1/notifications/${log[0]?.id}`, { token: tokens.ada });
  expect(detail.body).toMatchObject({ body: told, tries: [{ attempt: 1, status: 200, problem: null }] });
});

test('a secret is shown once, by what makes it, and by no list, log or entry', async () => {
  const hook = await receiver(status(500, {}, 'no'));
  const { endpoint, secret } = await make({ url: hook.url, tenant: tenant.id }, tokens.ada);
  await tell();
  await until(() => hook.received.length === 1);
  const rotated = await service.request('POST', `${path}/${endpoint.id}/rotate`, { token: tokens.ada });
  const { secret: fresh } = rotated.body as Made;
  expect(fresh).not.toBe(secret);
  const seen = [
    (await service.request('GET', `${path}?tenant=${tenant.id}`, { token: tokens.ada })).text,
    (await service.request('GET', `${path}/${endpoint.id}`, { token: tokens.ada })).text,
    (await service.request('GET', `/v1/notifications?tenant=${tenant.id}`, { token: tokens.ada })).text,
    JSON.stringify(await listAudit(service.database, tenant.id, { audience: 'operator' })),
    service.log(),
  ];
  expect(seen[0]).toContain(endpoint.id);
  for (const text of seen) for (const shown of [secret, fresh]) expect(text).not.toContain(shown);
});

test('what is done to an endpoint stands in the trail of its tenant', async () => {
  const own = await addTenant(service.database, { owner: 'ada' });
  const { endpoint } = await make({ url: 'http://127.0.0.1:9/', tenant: own.id }, tokens.ada);
  await service.request('POST', `${path}/${endpoint.id}/rotate`, { token: tokens.ada });
  await service.request('DELETE', `${path}/${endpoint.id}`, { token: tokens.ada });
  const entries = await listAudit(service.database, own.id, { audience: 'tenant' });
  expect(entries.map(({ kind }) => kind)).toEqual([
    'notifications.added',
    'notifications.rotated',
    'notifications.removed',
  ]);
  expect(entries[0]?.data).toMatchObject({ by: 'ada', endpoint: endpoint.id });
});

test("somebody else's endpoint looks like none at all", async () => {
  const { endpoint } = await make({ url: 'http://127.0.0.1:9/', tenant: tenant.id }, tokens.ada);
  const missing = `${path}/ep_aaaaaaaaaaaaaaaa`;
  for (const [method, rest, body] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/rotate'],
    ['POST', '/enable'],
    ['POST', '/test'],
    ['POST', '/replay', { since: '2026-11-01T00:00:00Z' }],
  ] as const) {
    const options = { token: tokens.bob, ...(body && { body }) };
    const other = await service.request(method, `${path}/${endpoint.id}${rest}`, options);
    const none = await service.request(method, `${missing}${rest}`, options);
    expect([other.status, none.status]).toEqual([404, 404]);
    expect(other.text.replaceAll(endpoint.id, 'ep_aaaaaaaaaaaaaaaa')).toBe(none.text);
  }
  for (const query of [`?tenant=${tenant.id}`, `?endpoint=${endpoint.id}`])
    expect((await service.request('GET', `/v1/notifications${query}`, { token: tokens.bob })).status).toBe(
      404,
    );
  expect(
    (
      await service.request('POST', path, {
        token: tokens.bob,
        body: { url: 'http://127.0.0.1:9/', tenant: tenant.id },
      })
    ).status,
  ).toBe(404);
});

test.each<[string, object, number]>([
  ['every tenant', {}, 403],
  ['a product', { product: 'workspace' }, 403],
])('an owner cannot have %s told to them', async (_name, scope, expected) => {
  const body = { url: 'http://127.0.0.1:9/', ...scope };
  expect((await service.request('POST', path, { token: tokens.ada, body })).status).toBe(expected);
});

test("a product's own application sees the endpoints of its product, and no others", async () => {
  const keyOf = async (owner: KeyOwner, scopes: readonly KeyScope[]) =>
    (
      await service.database.transaction((client) =>
        createKey(client, { name: 'app', owner, scopes, expiresAt: null, createdBy: null }),
      )
    ).text;
  const both = ['notifications:read', 'notifications:write'] as const;
  const token = await keyOf({ kind: 'service', product: 'workspace' }, both);
  const { endpoint } = await make({ url: 'http://127.0.0.1:9/' }, token);
  expect(endpoint).toMatchObject({ product: 'workspace' });
  const all = await make({ url: 'http://127.0.0.1:9/' });
  const stream = await make({ url: 'http://127.0.0.1:9/', product: 'stream' });
  const { body } = await service.request('GET', path, { token });
  expect((body as { endpoints: { id: string }[] }).endpoints.map(({ id }) => id)).toEqual([endpoint.id]);
  for (const { endpoint: other } of [all, stream])
    expect((await service.request('GET', `${path}/${other.id}`, { token })).status).toBe(404);
  expect(
    (await service.request('POST', path, { token, body: { url: 'http://127.0.0.1:9/', product: 'stream' } }))
      .status,
  ).toBe(403);

  const reader = await keyOf({ kind: 'tenant', tenantId: tenant.id }, ['notifications:read']);
  const write = { token: reader, body: { url: 'http://127.0.0.1:9/', tenant: tenant.id } };
  expect((await service.request('POST', path, write)).status).toBe(403);
  expect((await service.request('GET', `${path}?tenant=${tenant.id}`, { token: reader })).status).toBe(200);
});

test.each([
  ['http://public.example.com/', 'url: must begin with https://'],
  ['https://127.0.0.1/', 'url: must not be on 127.0.0.1, which is not an address of the public internet'],
  ['nonsense', 'url: must be a URL such as https://example.com/webhooks'],
])('%s is refused as an endpoint, with the reason', async (url, detail) => {
  const answer = await strict.request('POST', path, { body: { url } });
  expect([answer.status, answer.body]).toMatchObject([400, { detail, errors: [{ field: 'url' }] }]);
});

test.each([
  ['inner', 'inner.example.com is 10.0.0.7'],
  ['metadata', 'metadata.example.com is 169.254.169.254'],
  ['nowhere', 'nowhere.example.com does not resolve (ENOTFOUND)'],
  ['hangs', 'hangs.example.com does not resolve (not within 300 ms)'],
])(
  '%s.example.com is refused in words that tell nothing of our network, which our own log does',
  async (name, detail) => {
    const answer = await strict.request('POST', path, { body: { url: `https://${name}.example.com/` } });
    const message = 'the name in the URL does not resolve to an address that events may be sent to';
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { detail: `url: ${message}`, errors: [{ field: 'url', message }] },
    ]);
    expect(strict.log()).toContain(detail);
  },
);

test.each<[object, string]>([
  [{}, 'url'],
  [{ url: 'https://public.example.com/', events: [] }, 'events'],
  [{ url: 'https://public.example.com/', events: ['tenant.exploded'] }, 'events.0'],
  [{ url: 'https://public.example.com/', email: 'nobody' }, 'email'],
  [{ url: 'https://public.example.com/', secret: 'whsec_mine' }, 'secret'],
])('%j is refused, and the field is named', async (body, field) => {
  const answer = await strict.request('POST', path, { body });
  expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field }] }]);
});

test('there are only so many endpoints for one tenant', async () => {
  const own = await addTenant(service.database, { owner: 'ada' });
  const body = { url: 'http://127.0.0.1:9/', tenant: own.id };
  const made = await Promise.all(
    Array.from({ length: 14 }, () => service.request('POST', path, { token: tokens.ada, body })),
  );
  expect(made.filter(({ status }) => status === 201)).toHaveLength(10);
  expect(made.find(({ status }) => status !== 201)?.body).toMatchObject({
    status: 409,
    code: 'limit_reached',
  });
});

test('the command line does what the API does, from adding to replay', async () => {
  const hook = await receiver();
  const own = await addTenant(service.database, { owner: 'ada' });
  const added = await command(home, ['notifications', 'add', hook.url, '--tenant', own.id, '--json']);
  expect(added.exitCode).toBe(0);
  const { endpoint, secret } = added.json() as Made;

  const tested = await command(home, ['notifications', 'test', endpoint.id]);
  expect([tested.exitCode, tested.stdout]).toEqual([0, expect.stringContaining('it answered 200')]);
  const [got] = hook.received;
  expect(got && verified(got, secret)).toMatchObject({
    type: 'notifications.test',
    data: { endpoint: endpoint.id },
  });

  hook.answerWith(status(410));
  const refused = await command(home, ['notifications', 'test', endpoint.id]);
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining('answered 410: it is gone'),
  ]);
  expect((await command(home, ['notifications', 'list', '--tenant', own.id])).stdout).toMatch(/disabled/);
  const replay = ['notifications', 'replay', endpoint.id, '--since', '2026-01-01T00:00:00Z'];
  expect((await command(home, replay)).stderr).toContain('enable it first');

  hook.answerWith(status(200));
  expect((await command(home, ['notifications', 'enable', endpoint.id])).exitCode).toBe(0);
  expect((await command(home, replay)).stdout).toContain('1 event is sent again, under its id.');
  const lines = await until(async () => {
    const { stdout } = await command(home, ['notifications', 'log', '--endpoint', endpoint.id]);
    return (stdout.match(/delivered/g) ?? []).length === 2 && stdout.split('\n');
  });
  const [id] = (lines[1] ?? '').split(' ');
  const shown = await command(home, ['notifications', 'show', id ?? '']);
  expect(shown.stdout).toMatch(/answered 410: it is gone[\s\S]*200/);

  const rotated = await command(home, ['notifications', 'rotate', endpoint.id]);
  expect(rotated.stdout).toMatch(/secret +whsec_[\s\S]*old secret +signs, too, until/);
  expect((await command(home, ['notifications', 'remove', endpoint.id])).exitCode).toBe(0);
  expect((await command(home, ['notifications', 'rotate', endpoint.id])).exitCode).toBe(5);
});

test.each([
  [['notifications', 'replay', 'ep_aaaaaaaaaaaaaaaa'], 2],
  [['notifications', 'replay', 'ep_aaaaaaaaaaaaaaaa', '--since', 'yesterday'], 2],
  [['notifications', 'remove', 'nonsense'], 2],
  [['notifications', 'add', 'http://127.0.0.1:9/', '--events', 'nonsense'], 2],
  [['notifications', 'add', 'http://127.0.0.1:9/', '--tenant', 'zzzzzzz1'], 5],
])('%j exits with %d', async (args, exitCode) => {
  expect((await command(home, args)).exitCode).toBe(exitCode);
});
