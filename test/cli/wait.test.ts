import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { afterEach, expect, test } from 'vitest';
import { createApiClient } from '../../automation/cli/api-client.ts';
import type { Tenant } from '../../automation/cli/api-types.ts';
import { waitForTenant } from '../../automation/cli/wait.ts';
import { sampleEntry, sampleTenant } from './sample.ts';

type Message = { event: string; id?: string; data: string };

const servers: ReturnType<typeof serve>[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(() => resolve(undefined)))),
  );
});

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
  const url = await new Promise<string>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    servers.push(server);
  });
  return { api: createApiClient(url), resumedAfter };
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
  const { api } = await service([
    [tenantMessage({ phase: 'provisioning' }), entryMessage(1), entryMessage(2), tenantMessage({})],
  ]);
  const { told, options } = untilActive();
  expect((await waitForTenant(api, 'abcd1234', options)).phase).toBe('active');
  expect(told).toEqual([1, 2]);
});

test('a stream that breaks is taken up again after the last entry', async () => {
  const { api, resumedAfter } = await service([
    [entryMessage(1), entryMessage(2)],
    [entryMessage(3), tenantMessage({})],
  ]);
  const { told, options } = untilActive();
  await waitForTenant(api, 'abcd1234', options);
  expect(told).toEqual([1, 2, 3]);
  expect(resumedAfter).toEqual(['0', '2']);
});

test('a tenant that fails ends the waiting with its reason, its cause and exit code 4', async () => {
  const reason = { code: 'quota_exceeded', message: 'The region is full.' };
  const { api } = await service([
    [tenantMessage({ phase: 'failed', reason, cause: 'pods: exceeded quota' })],
  ]);
  await expect(waitForTenant(api, 'abcd1234', untilActive().options)).rejects.toMatchObject({
    exitCode: 4,
    code: 'tenant_failed',
    message: expect.stringMatching(/The region is full\. \(quota_exceeded\) Cause: pods: exceeded quota/),
  });
});

test('a deadline that passes says in which phase the tenant is, and why', async () => {
  const reason = { code: 'cluster_unreachable', message: 'The cluster does not answer.' };
  const { api } = await service([[tenantMessage({ phase: 'provisioning', reason })]], { stays: true });
  await expect(waitForTenant(api, 'abcd1234', untilActive(300).options)).rejects.toMatchObject({
    exitCode: 1,
    code: 'timeout',
    message: expect.stringMatching(/it is provisioning \(The cluster does not answer\.\)/),
  });
});

test('a tenant that does not exist is not waited for', async () => {
  const app = new Hono().all('*', (c) => c.json({ code: 'not_found', detail: 'There is no tenant.' }, 404));
  const url = await new Promise<string>((resolve) => {
    servers.push(
      serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      ),
    );
  });
  await expect(waitForTenant(createApiClient(url), 'abcd1234', untilActive().options)).rejects.toMatchObject({
    exitCode: 5,
    code: 'not_found',
    message: 'There is no tenant.',
  });
});
