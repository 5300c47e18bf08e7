import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { EntryView, TenantView } from '../../api/contract/tenant.ts';
import { createKey, type NewKey } from '../../automation/keys/index.ts';
import { putMember } from '../../automation/organizations/organizations.ts';
import { record } from '../../automation/store/audit.ts';
import { signToken } from '../support/identity.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let service: Service;
let ada: string;
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
});
afterAll(() => service?.stop());

interface Stream {
  readonly entries: EntryView[];
  readonly tenants: TenantView[];
  readonly events: EventSourceMessage[];
  /** The service has ended it. */
  readonly ended: () => boolean;
  close(): void;
}

/** Follows a tenant until the end of the test. */
async function follow(id: string, options: { token?: string; after?: number } = {}): Promise<Stream> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const answer = await fetch(`${service.url}/v1/tenants/${id}/events`, {
    headers: {
      authorization: `Bearer ${options.token ?? ada}`,
      ...(options.after !== undefined && { 'last-event-id': String(options.after) }),
    },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  let ended = false;
  const stream: Stream = {
    entries: [],
    tenants: [],
    events: [],
    ended: () => ended,
    close: () => abort.abort(),
  };
  const parser = createParser({
    onEvent(event) {
      stream.events.push(event);
      if (event.event === 'tenant') stream.tenants.push(JSON.parse(event.data));
      else stream.entries.push(JSON.parse(event.data));
    },
  });
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    ended = true;
  })().catch(() => {});
  return stream;
}

const note = (tenantId: string, message: string) =>
  record(service.database, { tenantId, kind: 'test.note', message });
const messages = ({ entries }: Stream) => entries.map(({ message }) => message);

test('a stream begins with what was, in order, then the tenant, then goes on live', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  await note(id, 'one');
  await note(id, 'two');
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  expect(messages(stream)).toEqual(['one', 'two']);
  expect(stream.events.map(({ event }) => event)).toEqual(['test.note', 'test.note', 'tenant']);
  expect(stream.events.map(({ id }) => id)).toEqual([
    ...stream.entries.map(({ id }) => String(id)),
    undefined,
  ]);
  const askedAt = performance.now();
  await note(id, 'three');
  await until(() => messages(stream).at(-1) === 'three', { intervalMs: 2 });
  // The stream's own rhythm is 15 s: anything faster was pushed, not polled.
  expect(performance.now() - askedAt).toBeLessThan(5000);
});

test('a stream that fails is told to the log, not to whoever follows', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  // No row looks like this, so no view can be made of it.
  await service.database.query(
    `update tenantry.tenant set desired_spec = 'null', phase = 'active' where id = $1`,
    [id],
  );
  await until(() => service.log().includes('an event stream failed'));
  expect(stream.events).toHaveLength(1);
});

test('a change of phase or generation comes as the whole tenant', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  for (const phase of ['provisioning', 'active']) {
    await service.database.query('update tenantry.tenant set phase = $2 where id = $1', [id, phase]);
    await until(() => stream.tenants.at(-1)?.phase === phase);
  }
  await service.database.query(
    'update tenantry.tenant set desired_generation = desired_generation + 1 where id = $1',
    [id],
  );
  await until(() => stream.tenants.at(-1)?.desired.generation === 2);
  expect(stream.tenants.map(({ phase }) => phase)).toEqual(['pending', 'provisioning', 'active', 'active']);
});

test('a change of what runs comes as the whole tenant', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  await service.database.query(`insert into tenantry.cell_watch values ('local', now() + interval '1 h')`);
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  await service.database.query(
    `insert into tenantry.tenant_health (tenant_id, state, wanted, ready, sizes) values ($1, 'crash', 1, 0, '[]')`,
    [id],
  );
  await until(() => stream.tenants.length === 2, { timeoutMs: 5_000 });
  await service.database.query(
    `update tenantry.tenant_health set state = 'running', ready = 1 where tenant_id = $1`,
    [id],
  );
  await until(() => stream.tenants.length === 3, { timeoutMs: 5_000 });
  expect(stream.tenants.map(({ health }) => health?.state)).toEqual(['starting', 'crash', 'running']);
  await service.database.query('delete from tenantry.cell_watch');
});

test('nothing of a transaction comes before its commit, and nothing of one that is rolled back', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  await service.database
    .transaction(async (client) => {
      await record(client, { tenantId: id, kind: 'test.note', message: 'undone' });
      throw new Error('roll back');
    })
    .catch(() => {});
  await note(id, 'done');
  await until(() => messages(stream).length === 1);
  expect(messages(stream)).toEqual(['done']);
});

test('who comes back with Last-Event-ID misses and repeats nothing, while others write all the time', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const total = 120;
  const seen: EntryView[] = [];
  const writing = (async () => {
    // Several writers at once, each in a transaction of its own.
    await Promise.all(
      [0, 1, 2].map(async (writer) => {
        for (let n = 0; n < total / 3; n += 1) await note(id, `${writer}.${n}`);
      }),
    );
  })();
  while (seen.length < total) {
    const stream = await follow(id, { after: seen.at(-1)?.id ?? 0 });
    const enough = Math.min(total - seen.length, 17);
    await until(() => stream.entries.length >= enough);
    stream.close();
    seen.push(...stream.entries);
  }
  await writing;
  const numbers = seen.map((entry) => entry.id);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  const { rows } = await service.database.query<{ id: number }>(
    'select id from tenantry.audit where tenant_id = $1 order by id',
    [id],
  );
  expect(numbers).toEqual(rows.map((row) => row.id));
});

test('a stream of more entries than one page holds brings all of them', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const entries = Array.from({ length: 2500 }, (_, n) => ({
    tenantId: id,
    kind: 'test.note',
    message: `${n}`,
  }));
  await record(service.database, ...entries);
  const stream = await follow(id);
  await until(() => stream.entries.length >= 2500, { what: 'all 2,500 entries' });
  expect(messages(stream)).toEqual(entries.map(({ message }) => message));
});

test('tenants are not sent what is for operators, neither entries nor causes', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada', set: { cause: 'internals' } });
  await record(
    service.database,
    { tenantId: id, kind: 'operation.cause', message: 'internals', audience: 'operator' },
    { tenantId: id, kind: 'test.note', message: 'for all' },
  );
  const own = await follow(id);
  const operators = await follow(id, { token: await service.identity.token('op', 'operator') });
  await until(() => own.tenants.length > 0 && operators.tenants.length > 0);
  expect(messages(own)).toEqual(['for all']);
  expect(own.tenants[0]).not.toHaveProperty('cause');
  expect(messages(operators)).toEqual(['internals', 'for all']);
  expect(operators.tenants[0]).toMatchObject({ cause: 'internals' });
});

test('text with line breaks and marks of the protocol stays inside its entry', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  await note(id, 'a\n\nevent: tenant\ndata: {}\r\rid: 0');
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  expect(messages(stream)).toEqual(['a\n\nevent: tenant\ndata: {}\r\rid: 0']);
  expect(stream.tenants[0]?.id).toBe(id);
});

test('a client that goes leaves nothing behind, and the connections of the database stay few', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const streams = await Promise.all(Array.from({ length: 40 }, () => follow(id)));
  await until(() => streams.every(({ tenants }) => tenants.length === 1));
  await note(id, 'to all');
  await until(() => streams.every((stream) => messages(stream).length === 1));
  for (const stream of streams) stream.close();
  // The API still answers, and a new stream works.
  const again = await follow(id);
  await until(() => messages(again).length === 1);
  const { rows } = await service.database.query<{ count: number }>(
    `select count(*) from pg_stat_activity where datname = current_database() and application_name like 'tenantry-%'`,
  );
  expect(rows[0]?.count).toBeLessThanOrEqual(17);
});

test('a broken connection of the listener is made anew, and what was written meanwhile comes', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const stream = await follow(id);
  await until(() => stream.tenants.length === 1);
  await service.database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenantry-live' and datname = current_database()",
  );
  await note(id, 'meanwhile');
  await until(() => messages(stream).includes('meanwhile'));
});

/** A stream of a tenant of Ada's, opened with a key of hers. */
async function followedByKey(more: Partial<NewKey> = {}) {
  const { id } = await addTenant(service.database, { owner: 'ada' });
  const { key, text } = await createKey(service.database, {
    name: 'a key',
    owner: { kind: 'person', subject: 'ada' },
    scopes: ['tenants:read'],
    expiresAt: null,
    createdBy: 'ada',
    ...more,
  });
  const stream = await follow(id, { token: text });
  await until(() => stream.tenants.length === 1);
  return { stream, key, id };
}

/** How long it takes until the service has ended the stream. */
async function endOf(stream: Stream): Promise<number> {
  const askedAt = performance.now();
  await until(stream.ended, { intervalMs: 2 });
  return performance.now() - askedAt;
}

test('a stream ends within a second when the key that opened it is revoked, and shows nothing more', async () => {
  const { stream, key, id } = await followedByKey();
  const other = await followedByKey();
  expect((await service.request('DELETE', `/v1/keys/${key.id}`, { token: ada })).status).toBe(200);
  expect(await endOf(stream)).toBeLessThan(1000);
  await note(id, 'later');
  await note(other.id, 'later');
  await until(() => messages(other.stream).length === 1);
  expect([messages(stream), other.stream.ended()]).toEqual([[], false]);
});

test.each([
  ['revoked', 'delete from tenantry.api_key where id = $1'],
  ['made to expire', "update tenantry.api_key set expires_at = now() - interval '1 s' where id = $1"],
  ['left without its scope', "update tenantry.api_key set scopes = '{usage:write}' where id = $1"],
])('a stream ends within a second when its key is %s by another process', async (_how, sql) => {
  const { stream, key } = await followedByKey();
  await service.database.query(sql, [key.id]);
  expect(await endOf(stream)).toBeLessThan(1000);
});

test('a stream ends when its key expires, and when its token does', async () => {
  const expiresAt = new Date(Date.now() + 1500);
  const { stream, id } = await followedByKey({ expiresAt });
  expect(stream.ended()).toBe(false);
  await endOf(stream);
  expect(Date.now() - expiresAt.getTime()).toBeLessThan(1000);

  const claims = { iss: service.identity.issuer, aud: 'tenantry', sub: 'ada', scope: 'tenant' };
  const endsAt = (Math.floor(Date.now() / 1000) + 2) * 1000;
  const byToken = await follow(id, { token: await signToken(service.identity.key, claims, 2) });
  await until(() => byToken.tenants.length === 1);
  await endOf(byToken);
  expect(Math.abs(Date.now() - endsAt)).toBeLessThan(1100);
});

test('a stream ends with the first change that its follower may not see any more', async () => {
  const { database } = service;
  await database.query(
    `insert into tenantry.organization (id, name, slug, customer_id)
     values ('org_a1b2c3d4e5f6g7h8', 'Acme', 'acme', 'cus_acme')`,
  );
  const { id } = await addTenant(database, { owner: 'boss' });
  await database.query(
    `update tenantry.tenant set desired_spec = jsonb_set(desired_spec, '{billingAccount}', '"cus_acme"') where id = $1`,
    [id],
  );
  const member = await putMember(
    database,
    'org_a1b2c3d4e5f6g7h8',
    { email: null, subject: 'vera' },
    'viewer',
  );
  const stream = await follow(id, { token: await service.identity.token('vera') });
  await until(() => stream.tenants.length === 1);
  await database.query('delete from tenantry.organization_member where id = $1', [member.id]);
  await note(id, 'not for her');
  await endOf(stream);
  expect(messages(stream)).toEqual([]);
  expect(service.log()).not.toContain(`"tenant":"${id}"`);
});
