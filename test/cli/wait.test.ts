import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { afterEach, expect, test } from 'vitest';
import type { Tenant } from '../../api/client/index.ts';
import { subscribe } from '../../cli/commands/subscribe.ts';
import { clientOf } from '../../cli/connection.ts';
import { createOutput } from '../../cli/output.ts';
import { waitForTenant } from '../../cli/wait.ts';
import { sampleEntry, sampleTenant } from './sample.ts';

type Message = { event: string; id?: string; data: string };

const servers: ReturnType<typeof serve>[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(() => resolve(undefined)))),
  );
});

function listening(app: Hono): Promise<string> {
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    servers.push(server);
  });
}

/** A service whose event stream says `connections[n]` to the n-th connection, then ends it or stays silent. */
async function service(connections: Message[][], options: { stays?: boolean } = {}) {
  const resumedAfter: string[] = [];
  const app = new Hono().get('/v1/tenants/:id/events', (c) => {
    const messages = connections[Math.min(resumedAfter.length, connections.length - 1)] ?? [];
    resumedAfter.push(c.req.header('last-event-id') ?? '');
    return streamSSE(c, async (stream) => {
      for (const message of messages) await stream.writeSSE(message);
      if (options.stays) await new Promise<void>((resolve) => stream.onAbort(resolve));
    });
  });
  return { client: clientOf(await listening(app)), resumedAfter };
}

const entryMessage = (id: number): Message => ({
  event: 'tenant.created',
  id: String(id),
  data: JSON.stringify(sampleEntry(id, '2026-11-21T10:00:00.000Z', `entry ${id}`)),
});
const tenantMessage = (changes: Partial<Tenant>): Message => ({
  event: 'tenant',
  data: JSON.stringify(sampleTenant(changes)),
});
const untilActive = (timeoutMs = 10_000) => {
  const told: number[] = [];
  return {
    told,
    options: {
      isDone: ({ phase }: Tenant) => phase === 'active',
      onEntry: ({ id }: { id: number }) => told.push(id),
      deadlineMs: Date.now() + timeoutMs,
      wanted: 'active',
    },
  };
};

test('a tenant that becomes active is waited for, its entries told in order', async () => {
  const { client } = await service([
    [tenantMessage({ phase: 'provisioning' }), entryMessage(1), entryMessage(2), tenantMessage({})],
  ]);
  const { told, options } = untilActive();
  expect((await waitForTenant(client, 'abcd1234', options)).phase).toBe('active');
  expect(told).toEqual([1, 2]);
});

test('a stream that breaks is taken up again after the last entry', async () => {
  const { client, resumedAfter } = await service([
    [entryMessage(1), entryMessage(2)],
    [entryMessage(3), tenantMessage({})],
  ]);
  const { told, options } = untilActive();
  await waitForTenant(client, 'abcd1234', options);
  expect(told).toEqual([1, 2, 3]);
  expect(resumedAfter).toEqual(['0', '2']);
});

test('a tenant that fails ends the waiting with its reason, its cause and exit code 4', async () => {
  const reason = { code: 'quota_exceeded', message: 'The region is full.' };
  const { client } = await service([
    [tenantMessage({ phase: 'failed', reason, cause: 'pods: exceeded quota' })],
  ]);
  await expect(waitForTenant(client, 'abcd1234', untilActive().options)).rejects.toMatchObject({
    exitCode: 4,
    code: 'tenant_failed',
    message: expect.stringMatching(/The region is full\. \(quota_exceeded\) Cause: pods: exceeded quota/),
  });
});

test('a deadline that passes says in which phase the tenant is, and why', async () => {
  const reason = { code: 'cluster_unreachable', message: 'The cluster does not answer.' };
  const { client } = await service([[tenantMessage({ phase: 'provisioning', reason })]], { stays: true });
  await expect(waitForTenant(client, 'abcd1234', untilActive(300).options)).rejects.toMatchObject({
    exitCode: 1,
    code: 'timeout',
    message: expect.stringMatching(/it is provisioning \(The cluster does not answer\.\)/),
  });
});

test('a tenant that does not exist is not waited for', async () => {
  const app = new Hono().all('*', (c) => c.json({ code: 'not_found', detail: 'There is no tenant.' }, 404));
  const client = clientOf(await listening(app));
  await expect(waitForTenant(client, 'abcd1234', untilActive().options)).rejects.toMatchObject({
    exitCode: 5,
    code: 'not_found',
    message: 'There is no tenant.',
  });
});

test('a checkout that leads to no tenant is not waited for either: the reason is said', async () => {
  const reason = { code: 'cannot_be_set_up', message: 'What you subscribed to cannot be set up as it is.' };
  const price = { kind: 'flat', priceCents: 1500, currency: 'usd', interval: 'month' };
  const plan = { id: 'byoc', name: 'BYOC', price, features: [] };
  const product = { id: 'workspace', name: 'Workspace', description: '', plans: [plan] };
  const app = new Hono()
    .get('/v1/products', (c) => c.json({ products: [{ ...product, namespace: { from: 'tenantId' } }] }))
    .post('/v1/checkout', (c) => c.json({ id: 'co_1', url: 'https://checkout.example/1' }, 201))
    .get('/v1/tenants', (c) =>
      c.json({ tenants: [], nextCursor: null, ...(c.req.query('checkout') === 'co_1' && { reason }) }),
    );
  const url = await listening(app);
  const connection = {
    env: { home: '', token: 'of ada', stripeSecretKey: undefined },
    endpoints: {
      ...{ api: url, stripe: 'https://stripe.example', issuer: 'https://issuer.example' },
      ...{ kubeconfig: '', postgres: '', operatorToken: null },
    },
    client: clientOf(url),
  };
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const output = createOutput(false, { out: stream, err: stream });
  const subscribing = subscribe(connection, output, 'workspace', 'byoc', {
    as: 'ada@example.com',
    wait: true,
  });
  await expect(subscribing).rejects.toMatchObject({ exitCode: 4, ...reason });
  expect(said.join('')).toMatch(/Pay here: https:\/\/checkout\.example\/1/);
});

test('a tenant that is active already, while its latest change goes on, is not called inactive', async () => {
  const { client } = await service([[tenantMessage({ phase: 'active' })]], { stays: true });
  const waiting = waitForTenant(client, 'abcd1234', {
    isDone: () => false,
    onEntry: () => {},
    deadlineMs: Date.now() + 300,
    wanted: 'active',
  });
  await expect(waiting).rejects.toThrow(
    'Tenant abcd1234 was not active in the time given: its latest change is not done yet. It goes on',
  );
});
