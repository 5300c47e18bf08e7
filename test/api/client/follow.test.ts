import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { describe, expect, test } from 'vitest';
import {
  createTenantryClient,
  type FollowPace,
  followTenant,
  type Happening,
  type Tenant,
  waitForTenant,
} from '../../../api/client/index.ts';
import { sampleEntry, sampleTenant } from '../../cli/sample.ts';
import { listening } from './server.ts';

type Message = { event: string; id?: string; data: string };

const entry = (id: number) => sampleEntry(id, '2026-11-30T10:00:00.000Z', `entry ${id}`);
const entryMessage = (id: number): Message => ({
  event: 'tenant.created',
  id: String(id),
  data: JSON.stringify(entry(id)),
});
const tenantMessage = (changes: Partial<Tenant>): Message => ({
  event: 'tenant',
  data: JSON.stringify(sampleTenant(changes)),
});

const pace: Partial<FollowPace> = {
  firstWaitMs: 1,
  longestWaitMs: 20,
  pollMs: 5,
  pollsBetweenStreams: 3,
};

/**
 * A service whose event stream sends `connections[n]` to the n-th connection and then ends, or stays silent; null
 * answers 503. Its other answers can be set, and its requests are counted.
 */
async function service(
  connections: (Message[] | null)[],
  options: { stays?: boolean; answers?: () => { tenant: Tenant; entries: number[] } } = {},
) {
  const resumedAfter: string[] = [];
  let asked = 0;
  const app = new Hono()
    .get('/v1/tenants/:id/events', (c) => {
      const messages = connections[Math.min(resumedAfter.length, connections.length - 1)] ?? null;
      resumedAfter.push(c.req.header('last-event-id') ?? '');
      if (messages === null) return c.json({ code: 'unavailable' }, 503);
      return streamSSE(c, async (stream) => {
        for (const message of messages) await stream.writeSSE(message);
        if (options.stays) await new Promise<void>((resolve) => stream.onAbort(resolve));
      });
    })
    .get('/v1/tenants/:id/timeline', (c) => {
      if (!options.answers) return c.json({ code: 'unavailable' }, 503);
      const after = Number(c.req.query('after'));
      const ids = options.answers().entries.filter((id) => id > after);
      return c.json({ entries: ids.map(entry) });
    })
    .get('/v1/tenants/:id', (c) => {
      asked += 1;
      return options.answers ? c.json(options.answers().tenant) : c.json({ code: 'unavailable' }, 503);
    });
  const client = createTenantryClient({ baseUrl: await listening(app), retry: { retries: 0 } });
  return { client, resumedAfter, asked: () => asked };
}

/** What the follower reports until it is enough. */
async function told(
  client: Parameters<typeof followTenant>[0],
  enough: (all: readonly Happening[]) => boolean,
  otherPace: Partial<FollowPace> = {},
): Promise<Happening[]> {
  const ending = new AbortController();
  const all: Happening[] = [];
  for await (const happening of followTenant(client, 'abcd1234', {
    signal: ending.signal,
    pace: { ...pace, ...otherPace },
  })) {
    all.push(happening);
    if (enough(all)) break;
  }
  ending.abort();
  return all;
}

const entriesOf = (all: readonly Happening[]) =>
  all.flatMap((happening) => (happening.kind === 'entry' ? happening.entry.id : []));
const phasesOf = (all: readonly Happening[]) =>
  all.flatMap((happening) => (happening.kind === 'tenant' ? happening.tenant.phase : []));
const linksOf = (all: readonly Happening[]) =>
  all.flatMap((happening) => (happening.kind === 'link' ? happening.link : []));
const isActive = (all: readonly Happening[]) => phasesOf(all).includes('active');

describe('following a tenant', () => {
  test('tells entries in order, and the tenant whenever it changed', async () => {
    const { client } = await service([
      [entryMessage(1), tenantMessage({ phase: 'provisioning' }), entryMessage(2), tenantMessage({})],
    ]);
    const all = await told(client, isActive);
    expect(entriesOf(all)).toEqual([1, 2]);
    expect(phasesOf(all)).toEqual(['provisioning', 'active']);
    expect(linksOf(all)).toEqual(['live']);
  });

  test('takes a stream that breaks up again after the last entry, and tells nothing twice', async () => {
    const { client, resumedAfter } = await service([
      [entryMessage(1), entryMessage(2), tenantMessage({ phase: 'provisioning' })],
      [entryMessage(2), tenantMessage({ phase: 'provisioning' }), entryMessage(3), tenantMessage({})],
    ]);
    const all = await told(client, isActive);
    expect(entriesOf(all)).toEqual([1, 2, 3]);
    expect(phasesOf(all)).toEqual(['provisioning', 'active']);
    expect(linksOf(all)).toEqual(['live', 'waiting', 'live']);
    expect(resumedAfter).toEqual(['0', '2']);
  });

  test('leaves a stream that has gone silent', async () => {
    const { client, resumedAfter } = await service(
      [[tenantMessage({ phase: 'provisioning' })], [tenantMessage({})]],
      { stays: true },
    );
    await told(client, isActive, { longestSilenceMs: 300 });
    expect(resumedAfter).toHaveLength(2);
  });

  test('stays with a stream that has begun, however long it says nothing until the service itself would', async () => {
    let connections = 0;
    const app = new Hono().get('/v1/tenants/:id/events', (c) => {
      connections += 1;
      return streamSSE(c, async (stream) => {
        await stream.writeSSE(tenantMessage({ phase: 'provisioning' }));
        await stream.sleep(600);
        await stream.writeSSE(tenantMessage({}));
      });
    });
    const client = createTenantryClient({ baseUrl: await listening(app) });
    await told(client, isActive, { longestBeginningMs: 300 });
    expect(connections).toBe(1);
  });

  test.each([
    ['is refused', [null]],
    ['is held back by something in between', [[]]],
  ])('asks every now and then where a stream %s, and tries the stream again', async (_, connections) => {
    let phase: Tenant['phase'] = 'provisioning';
    const { client, resumedAfter } = await service([...connections, ...connections, [tenantMessage({})]], {
      stays: true,
      answers: () => ({ tenant: sampleTenant({ phase }), entries: [1, 2] }),
    });
    const enough = (so: readonly Happening[]) => {
      if (phasesOf(so).includes('provisioning')) phase = 'updating';
      return isActive(so);
    };
    const all = await told(client, enough, { longestBeginningMs: 300 });
    expect(entriesOf(all)).toEqual([1, 2]);
    expect(phasesOf(all)).toEqual(['provisioning', 'updating', 'active']);
    expect(linksOf(all)).toEqual(['polling', 'live']);
    expect(resumedAfter.slice(0, 3)).toEqual(['0', '2', '2']);
  });

  test('waits where there is nobody at all, and goes on when somebody is there', async () => {
    const { client } = await service([null, null, [tenantMessage({})]]);
    const all = await told(client, isActive);
    expect(linksOf(all)).toEqual(['waiting', 'live']);
  });

  test.each([400, 401, 403, 404, 410] as const)(
    'ends at %i, which no further try changes',
    async (status) => {
      const app = new Hono().all('*', (c) => c.json({ code: 'refused', detail: 'No.' }, status));
      const client = createTenantryClient({ baseUrl: await listening(app) });
      await expect(told(client, () => false)).rejects.toMatchObject({ status, code: 'refused' });
    },
  );

  test('ends with its signal, also in the middle of a silent stream', async () => {
    const { client } = await service([[tenantMessage({})]], { stays: true });
    const ending = new AbortController();
    const all: Happening[] = [];
    for await (const happening of followTenant(client, 'abcd1234', { signal: ending.signal })) {
      all.push(happening);
      if (happening.kind === 'tenant') setTimeout(() => ending.abort(), 10);
    }
    expect(phasesOf(all)).toEqual(['active']);
  });
});

describe('waiting for a tenant', () => {
  test('resolves with it once it has the phase, its entries told on the way', async () => {
    const { client } = await service([
      [tenantMessage({ phase: 'provisioning' }), entryMessage(1), tenantMessage({})],
    ]);
    const seen: number[] = [];
    const tenant = await waitForTenant(client, 'abcd1234', {
      until: 'active',
      onEntry: ({ id }) => seen.push(id),
      pace,
    });
    expect(tenant.phase).toBe('active');
    expect(seen).toEqual([1]);
  });

  test('takes whatever else a tenant says, too', async () => {
    const plan = (name: string) => ({ generation: 1, plan: name });
    const { client } = await service([
      [tenantMessage({ observed: plan('free') }), tenantMessage({ observed: plan('team') })],
    ]);
    const tenant = await waitForTenant(client, 'abcd1234', {
      until: ({ observed }) => observed.plan === 'team',
      pace,
    });
    expect(tenant.observed.plan).toBe('team');
  });

  test('ends when the tenant fails, with its reason', async () => {
    const reason = { code: 'quota_exceeded', message: 'The region is full.' };
    const { client } = await service([[tenantMessage({ phase: 'failed', reason })]]);
    await expect(waitForTenant(client, 'abcd1234', { until: 'active', pace })).rejects.toMatchObject({
      name: 'WaitError',
      code: 'tenant_failed',
      message: 'Tenant abcd1234 failed: The region is full. (quota_exceeded)',
      tenant: { phase: 'failed' },
    });
  });

  test('ends when its time is over, with the tenant as it was last', async () => {
    const { client } = await service([[tenantMessage({ phase: 'provisioning' })]], { stays: true });
    await expect(
      waitForTenant(client, 'abcd1234', { until: 'active', timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: 'timeout',
      tenant: { phase: 'provisioning' },
    });
  });

  test('ends with the reason of its signal', async () => {
    const { client } = await service([[tenantMessage({ phase: 'provisioning' })]], { stays: true });
    const reason = new Error('not wanted any more');
    const ending = new AbortController();
    setTimeout(() => ending.abort(reason), 50);
    await expect(waitForTenant(client, 'abcd1234', { until: 'active', signal: ending.signal })).rejects.toBe(
      reason,
    );
  });
});
