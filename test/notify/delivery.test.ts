import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createAuthority, createCertificate } from '../../automation/local/certificates.ts';
import { beginDelivery, noteAttempt } from '../../automation/notify/deliveries.ts';
import type { DispatchContext } from '../../automation/notify/dispatcher.ts';
import {
  emit,
  enableEndpoint,
  findEndpoint,
  keepNotifications,
  removeEndpoint,
  replay,
  rotateSecret,
} from '../../automation/notify/index.ts';
import { findDelivery } from '../../automation/notify/log.ts';
import { insertOrganization, putMember } from '../../automation/organizations/organizations.ts';
import { listAudit } from '../../automation/store/audit.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';
import { type Answer, startReceiver, status, verified } from './receiver.ts';
import { addEndpoint, dispatcherOf, logOf, turnableClock } from './setting.ts';

let control: ControlDatabase;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 20 });
});
afterAll(() => control?.drop());

const dayMs = 86_400_000;

async function receiver(answer?: Answer) {
  const started = await startReceiver(answer);
  onTestFinished(started.stop);
  return started;
}

function dispatcher(more: Partial<DispatchContext> = {}) {
  const made = dispatcherOf(control.database, more);
  onTestFinished(made.stop);
  return made;
}

const switchProtocols: Answer = (_response, request) =>
  request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');

/** An endpoint of a new tenant alone, so that tests do not see each other's events. */
async function endpointAt(url: string, email: string | null = null) {
  const { id: tenantId } = await addTenant(control.database);
  const endpoint = await addEndpoint(control.database, url, { scope: { kind: 'tenant', tenantId }, email });
  const tell = () =>
    emit(control.database, 'credits.low', { tenantId }, { tenantId, available: 3, lowBelow: 10 });
  return { ...endpoint, tenantId, tell };
}

test('a receiver verifies what it gets with the library of Standard Webhooks', async () => {
  const hook = await receiver();
  const { id, secret, tenantId, tell } = await endpointAt(hook.url);
  const eventId = await tell();
  dispatcher().ring([id]);
  const [got] = await until(() => hook.received.length === 1 && hook.received);
  if (!got) throw new Error('nothing was received');
  expect(verified(got, secret)).toEqual({
    type: 'credits.low',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    data: { tenantId, available: 3, lowBelow: 10 },
  });
  expect(got.headers).toMatchObject({ 'webhook-id': eventId, 'content-type': 'application/json' });
  expect(() => verified({ ...got, body: `${got.body} ` }, secret)).toThrow('No matching signature');
  await until(async () => (await logOf(control.database, id))[0]?.state === 'delivered');
});

test('what is told in a transaction that rolls back is never told', async () => {
  const hook = await receiver();
  const { id, tenantId, tell } = await endpointAt(hook.url);
  await control.database
    .transaction(async (client) => {
      await emit(client, 'credits.exhausted', { tenantId }, { tenantId, available: 0, held: 0 });
      throw new Error('changed its mind');
    })
    .catch(() => {});
  await tell();
  dispatcher().ring([id]);
  await until(() => hook.received.length === 1);
  expect((await logOf(control.database, id)).map(({ type }) => type)).toEqual(['credits.low']);
});

test('an endpoint that hangs does not delay another one, nor use more than its own lanes', async () => {
  const slow = await receiver(() => {});
  const fast = await receiver();
  const hanging = await endpointAt(slow.url);
  const quick = await endpointAt(fast.url);
  const { ring } = dispatcher();
  for (let event = 0; event < 40; event += 1) {
    await hanging.tell();
    await quick.tell();
    ring([hanging.id, quick.id]);
  }
  await until(() => fast.received.length === 40, { timeoutMs: 10_000 });
  expect(slow.received.length).toBe(4);
  expect((await logOf(control.database, hanging.id)).every(({ state }) => state === 'pending')).toBe(true);
});

test('an endpoint that does not answer in time is tried again, with the same id', async () => {
  const hook = await receiver(() => {});
  const clock = turnableClock();
  const { id, tell } = await endpointAt(hook.url);
  const eventId = await tell();
  const { ring } = dispatcher({ now: clock.now, timeoutMs: 200 });
  ring([id]);
  const [failed] = await until(async () => {
    const log = await logOf(control.database, id);
    return log[0]?.problem != null && log;
  });
  expect(failed).toMatchObject({
    state: 'pending',
    attempts: 1,
    problem: 'The endpoint did not answer within 0.2 s',
  });
  hook.answerWith(status(200));
  ring([id]);
  expect(hook.received.length).toBe(1);
  clock.forward(6_000);
  ring([id]);
  await until(async () => (await logOf(control.database, id))[0]?.state === 'delivered');
  expect(hook.received.map((got) => got.id)).toEqual([eventId, eventId]);
});

test.each<[string, Answer, string]>([
  ['answers an error', status(500, {}, 'out of order'), 'The endpoint answered 500'],
  [
    'resets the connection',
    (_response, request) => request.socket.resetAndDestroy(),
    'The endpoint could not be reached: read ECONNRESET',
  ],
  ['hangs up', (_response, request) => request.socket.destroy(), 'The endpoint could not be reached'],
  [
    'answers something that is not HTTP',
    (_response, request) => request.socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    'The endpoint could not be reached',
  ],
  ['switches protocols', switchProtocols, 'The endpoint could not be reached: the connection was closed'],
])('an endpoint that %s leaves the event to be tried again', async (_name, answer, problem) => {
  const hook = await receiver(answer);
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher().ring([id]);
  const log = await until(async () => {
    const entries = await logOf(control.database, id);
    return entries[0]?.problem != null && entries;
  });
  expect(log).toMatchObject([{ state: 'pending', attempts: 1, problem: expect.stringContaining(problem) }]);
});

test('a worker ends after an endpoint has switched protocols', async () => {
  const hook = await receiver(switchProtocols);
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  const { ring, stop } = dispatcherOf(control.database);
  ring([id]);
  await until(() => hook.received.length === 1);
  await stop();
  expect(await logOf(control.database, id)).toMatchObject([{ state: 'pending', attempts: 1, status: null }]);
});

test('an endpoint that is not there is tried again', async () => {
  const hook = await startReceiver();
  await hook.stop();
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher().ring([id]);
  await until(async () => (await logOf(control.database, id))[0]?.problem?.includes('ECONNREFUSED'));
});

test('a redirect is not followed', async () => {
  const inner = await receiver();
  const hook = await receiver(status(307, { location: inner.url }));
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher().ring([id]);
  await until(async () =>
    (await logOf(control.database, id))[0]?.problem?.includes('redirects are not followed'),
  );
  expect(inner.received).toEqual([]);
});

test('of an answer its beginning is kept, and one without an end is not waited for', async () => {
  const hook = await receiver((response) => {
    response.writeHead(200);
    response.write('x'.repeat(100_000));
  });
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher().ring([id]);
  const [entry] = await until(async () => {
    const log = await logOf(control.database, id);
    return log[0]?.state === 'delivered' && log;
  });
  const detail = await findDelivery(control.database, entry?.id ?? 0);
  expect(detail?.tries).toMatchObject([{ attempt: 1, status: 200, problem: null, answer: 'x'.repeat(1024) }]);
});

test('a worker that is killed between sending and noting has the event sent again, under the same id', async () => {
  const hook = await receiver();
  const clock = turnableClock();
  const { id, tell } = await endpointAt(hook.url);
  const eventId = await tell();
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./child-worker.ts', import.meta.url)), control.url, id],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  // The receiver has taken it; the worker never hears of that.
  hook.answerWith(() => child.kill('SIGKILL'));
  expect(await ended).toEqual([null, 'SIGKILL']);
  hook.answerWith(status(200));
  expect(hook.received.length).toBe(1);

  // The job that would have rung died with the worker: the sweep finds the row.
  clock.forward(61_000);
  await control.database.query('select graphile_worker.remove_job(key) from graphile_worker.jobs');
  const before = await jobsFor(id);
  await keepNotifications(control.database, clock.now(), 100);
  expect(await jobsFor(id)).toBe(before + 1);
  dispatcher({ now: clock.now }).ring([id]);
  await until(async () => (await logOf(control.database, id))[0]?.state === 'delivered');
  expect(hook.received.map((got) => got.id)).toEqual([eventId, eventId]);
});

async function jobsFor(endpointId: string): Promise<number> {
  const { rows } = await control.database.query<{ payload: { endpointIds: string[] } }>(
    `select j.payload from graphile_worker._private_jobs j`,
  );
  return rows.filter(({ payload }) => payload.endpointIds?.includes(endpointId)).length;
}

test('an answer that is noted late does not undo what a later attempt noted', async () => {
  const { database } = control;
  const { id, tell } = await endpointAt('http://127.0.0.1:9/');
  await tell();
  const now = new Date();
  const first = await beginDelivery(database, id, now, 1);
  const second = await beginDelivery(database, id, new Date(now.getTime() + 60_000), 1);
  if (!first || !second) throw new Error('an attempt is missing');
  expect([first.attempt, second.attempt]).toEqual([1, 2]);
  const note = { at: now, durationMs: 1, status: 200, problem: null, answer: null };
  expect(await noteAttempt(database, second, note, { state: 'delivered' })).toBe(true);
  const late = { ...note, status: 500, problem: 'The endpoint answered 500' };
  expect(await noteAttempt(database, first, late, { state: 'failed' })).toBe(false);
  expect((await logOf(database, id))[0]).toMatchObject({ state: 'delivered', status: 200 });
});

test('a worker that ends gives back what it was at, which the next one sends at once', async () => {
  const hook = await receiver(() => {});
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  const first = dispatcher();
  first.ring([id]);
  await until(() => hook.received.length === 1);
  await first.stop();
  hook.answerWith(status(200));
  dispatcher().ring([id]);
  await until(async () => (await logOf(control.database, id))[0]?.state === 'delivered');
  expect(hook.received.length).toBe(2);
});

test('after a rotation both secrets verify for a day, then the new one alone', async () => {
  const hook = await receiver();
  const clock = turnableClock();
  const { id, secret: old, tell } = await endpointAt(hook.url);
  const rotated = await rotateSecret(control.database, id, clock.now());
  const fresh = rotated?.secret ?? '';
  expect(fresh).not.toBe(old);
  const { ring } = dispatcher({ now: clock.now });
  const next = async () => {
    const before = hook.received.length;
    await tell();
    ring([id]);
    return until(() => hook.received[before]);
  };
  const during = await next();
  expect(verified(during, fresh)).toMatchObject({ type: 'credits.low' });
  expect(verified(during, old)).toMatchObject({ type: 'credits.low' });
  clock.forward(dayMs - 60_000);
  expect(String((await next()).headers['webhook-signature']).split(' ')).toHaveLength(2);
  clock.forward(120_000);
  expect(String((await next()).headers['webhook-signature']).split(' ')).toHaveLength(1);
  await keepNotifications(control.database, clock.now(), 100);
  expect(await findEndpoint(control.database, id)).toMatchObject({ previousSecretUntil: null });
  const { rows } = await control.database.query<{ secrets: number }>(
    `select num_nonnulls(secret, previous_secret) as secrets from tenantry.notify_endpoint where id = $1`,
    [id],
  );
  expect(rows).toEqual([{ secrets: 1 }]);
});

test('410 disables an endpoint at once: the trail and a mail say so, and nothing more is sent', async () => {
  const hook = await receiver(status(410));
  const { id, tenantId, tell } = await endpointAt(hook.url, 'ada@example.com');
  await tell();
  const { ring } = dispatcher();
  ring([id]);
  const endpoint = await until(async () => {
    const found = await findEndpoint(control.database, id);
    return found?.state === 'disabled' && found;
  });
  expect(endpoint.disabledReason).toBe('The endpoint answered 410: it is gone');
  await tell();
  ring([id]);
  expect((await logOf(control.database, id)).map(({ state }) => state)).toEqual(['failed']);
  expect(await listAudit(control.database, tenantId, { audience: 'tenant' })).toMatchObject([
    { kind: 'notifications.disabled', message: expect.stringContaining(hook.url) },
  ]);
  const { rows } = await control.database.query(
    `select recipient, body from tenantry.mail where key like $1 and state = 'pending'`,
    [`notifications-disabled:${id}:%`],
  );
  expect(rows).toMatchObject([
    { recipient: 'ada@example.com', body: expect.stringContaining(`tenantry notifications enable ${id}`) },
  ]);
});

test('an endpoint that takes nothing for three days is disabled, and one success begins the count anew', async () => {
  const hook = await receiver(status(500));
  const clock = turnableClock();
  const { id, tell } = await endpointAt(hook.url);
  const { ring } = dispatcher({ now: clock.now });
  const attempt = async (code: number) => {
    hook.answerWith(status(code));
    const before = hook.received.length;
    await tell();
    ring([id]);
    await until(() => hook.received.length > before);
    // Nothing is due and nothing is under way.
    await until(async () => {
      const { rows } = await control.database.query(
        `select from tenantry.notify_delivery d where endpoint_id = $1
           and ((state = 'pending' and next_attempt_at <= greatest($2, clock_timestamp()))
             or attempts <> (select count(*) from tenantry.notify_attempt a where a.delivery_id = d.id))`,
        [id, clock.now()],
      );
      return rows.length === 0;
    });
    return findEndpoint(control.database, id);
  };
  expect((await attempt(500))?.failingSince).not.toBeNull();
  clock.forward(2 * dayMs);
  expect(await attempt(200)).toMatchObject({ state: 'enabled', failingSince: null });
  await attempt(500);
  clock.forward(2 * dayMs);
  expect(await attempt(500)).toMatchObject({ state: 'enabled' });
  clock.forward(1.01 * dayMs);
  ring([id]);
  const endpoint = await until(async () => {
    const found = await findEndpoint(control.database, id);
    return found?.state === 'disabled' && found;
  });
  expect(endpoint.disabledReason).toBe('The endpoint answered 500');
  const log = await logOf(control.database, id);
  expect(log.filter(({ state }) => state === 'pending')).toEqual([]);
});

test('what was missed is sent again by a replay, under the same ids', async () => {
  const hook = await receiver(status(410));
  const { id, tell } = await endpointAt(hook.url);
  const first = await tell();
  const { ring } = dispatcher();
  ring([id]);
  await until(async () => (await findEndpoint(control.database, id))?.state === 'disabled');
  const missed = await tell();
  expect((await logOf(control.database, id)).map(({ eventId }) => eventId)).toEqual([first]);

  hook.answerWith(status(200));
  const since = { since: new Date(Date.now() - dayMs), until: null, delivered: false };
  expect(await replay(control.database, id, since, new Date())).toBe(0);
  await enableEndpoint(control.database, id);
  expect(await replay(control.database, id, since, new Date())).toBe(2);
  ring([id]);
  await until(async () => (await logOf(control.database, id)).every(({ state }) => state === 'delivered'));
  expect(
    hook.received
      .slice(1)
      .map((got) => got.id)
      .sort(),
  ).toEqual([first, missed].sort());

  expect(await replay(control.database, id, since, new Date())).toBe(0);
  expect(await replay(control.database, id, { ...since, delivered: true }, new Date())).toBe(2);
  expect(await replay(control.database, id, { eventId: missed }, new Date())).toBe(1);
  expect(await replay(control.database, id, { eventId: 'msg_of_nobody' }, new Date())).toBe(0);
});

/** Removes an endpoint while somebody has locked one of its deliveries and is not done yet. */
async function removeInTheMiddle(id: string, work: () => unknown): Promise<boolean> {
  const { database } = control;
  const waiting = (sessions: number) =>
    until(
      async () => {
        const { rows } = await database.query<{ count: number }>(
          `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows[0]?.count === sessions;
      },
      { what: `${sessions} sessions that wait` },
    );
  await database.query(`create function tenantry.hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
    create trigger hold_up after update of state on tenantry.notify_delivery for each row
    execute function tenantry.hold_up()`);
  onTestFinished(async () => {
    await database.query('drop function tenantry.hold_up cascade');
  });
  const gate = await database.pool.connect();
  try {
    await gate.query('select pg_advisory_lock(4711)');
    const worked = work();
    await waiting(1);
    const removed = removeEndpoint(database, id);
    await waiting(2);
    await gate.query('select pg_advisory_unlock(4711)');
    await worked;
    return await removed;
  } finally {
    gate.release();
  }
}

test('an endpoint is removed while its answer is noted, and neither fails', async () => {
  const hook = await receiver(status(500));
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => errors.push(line) });
  const { ring, stop } = dispatcher({ log });
  expect(await removeInTheMiddle(id, () => ring([id]))).toBe(true);
  await stop();
  expect(errors).toEqual([]);
  expect(await logOf(control.database, id)).toEqual([]);
});

test('an endpoint is removed while events are sent to it again, and neither fails', async () => {
  const hook = await receiver(status(410));
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  const { ring, stop } = dispatcher();
  ring([id]);
  await until(async () => (await findEndpoint(control.database, id))?.state === 'disabled');
  await stop();
  await tell();
  await enableEndpoint(control.database, id);
  const since = { since: new Date(Date.now() - dayMs), until: null, delivered: false };
  let sent = 0;
  const replayAll = async () => {
    sent = await control.database.transaction((client) => replay(client, id, since, new Date()));
  };
  expect(await removeInTheMiddle(id, replayAll)).toBe(true);
  expect(sent).toBe(2);
  expect(await replay(control.database, id, since, new Date())).toBe(0);
});

test('a delivery goes to the address that was checked, and to no other that its name may have a moment later', async () => {
  const hook = await receiver();
  const asked: string[] = [];
  const { id, tell } = await endpointAt(`http://hooks.example.test:${hook.port}/hook`);
  const eventId = await tell();
  const resolve = async (name: string) => {
    asked.push(name);
    // The system knows no such name: what is connected to can only be this answer.
    return asked.length === 1 ? ['127.0.0.1'] : ['169.254.169.254'];
  };
  dispatcher({ rules: { allowPrivate: true, resolve } }).ring([id]);
  await until(() => hook.received.length === 1);
  expect(hook.received[0]?.id).toBe(eventId);
  expect(hook.received[0]?.headers.host).toBe(`hooks.example.test:${hook.port}`);
  expect(asked).toEqual(['hooks.example.test']);
});

test('a delivery by TLS is sent to the checked address only when that proves to be the name', async () => {
  const authority = createAuthority('test');
  const { certificatePem, privateKeyPem } = createCertificate(authority, 'hooks', ['hooks.example.test']);
  const trusted = getCACertificates();
  setDefaultCACertificates([...trusted, authority.certificatePem]);
  onTestFinished(() => setDefaultCACertificates(trusted));
  const hook = await startReceiver(status(200), { cert: certificatePem, key: privateKeyPem });
  onTestFinished(hook.stop);
  const rules = { allowPrivate: true, resolve: async () => ['127.0.0.1'] };
  const right = await endpointAt(`https://hooks.example.test:${hook.port}/hook`);
  const wrong = await endpointAt(`https://other.example.test:${hook.port}/hook`);
  for (const { id, tell } of [right, wrong]) {
    await tell();
    dispatcher({ rules }).ring([id]);
  }
  await until(async () => (await logOf(control.database, right.id))[0]?.state === 'delivered');
  await until(async () =>
    (await logOf(control.database, wrong.id))[0]?.problem?.includes("does not match certificate's altnames"),
  );
  expect(hook.received).toHaveLength(1);
});

test('a name that has come to resolve to a private address gets nothing', async () => {
  const hook = await receiver();
  const { id, tell } = await endpointAt(`https://hooks.example.test:${hook.port}/hook`);
  await tell();
  dispatcher({ rules: { allowPrivate: false, resolve: async () => ['127.0.0.1', '::1'] } }).ring([id]);
  const { problem } = await until(async () => {
    const [entry] = await logOf(control.database, id);
    return entry?.problem != null && entry;
  });
  expect(problem).toBe(
    'Not sent: the name in the URL does not resolve to an address that events may be sent to',
  );
  expect(hook.received).toEqual([]);
});

test('an endpoint that was registered while private addresses were allowed gets nothing once they are not', async () => {
  const hook = await receiver();
  const { id, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher({ rules: { allowPrivate: false, resolve: async () => [] } }).ring([id]);
  await until(async () =>
    (await logOf(control.database, id))[0]?.problem?.includes('must begin with https://'),
  );
  expect(hook.received).toEqual([]);
});

test('an endpoint that is being removed neither delays nor fails what is told, and is told nothing more', async () => {
  const { database } = control;
  const { id: tenantId } = await addTenant(database);
  const scope = { kind: 'tenant', tenantId } as const;
  const leaving = await addEndpoint(database, 'http://127.0.0.1:9/leaving', { scope });
  const staying = await addEndpoint(database, 'http://127.0.0.1:9/staying', { scope });
  await database.transaction(async (client) => {
    await removeEndpoint(client, leaving.id);
    // Meanwhile, in a transaction of its own, which would wait for this one.
    await database.transaction(async (other) => {
      await other.query(`set local lock_timeout = '1s'`);
      await emit(other, 'credits.exhausted', { tenantId }, { tenantId, available: 0, held: 0 });
    });
  });
  expect(await logOf(database, leaving.id)).toEqual([]);
  expect(await logOf(database, staying.id)).toMatchObject([{ type: 'credits.exhausted' }]);
});

test('an endpoint whose secret is being rotated is told of what happens meanwhile', async () => {
  const { database } = control;
  const { id, tell } = await endpointAt('http://127.0.0.1:9/');
  await database.transaction(async (client) => {
    await rotateSecret(client, id, new Date());
    await tell();
  });
  expect(await logOf(database, id)).toHaveLength(1);
});

test('addresses of people go with the last tenant of their organization, once nothing with them is on its way', async () => {
  const { database } = control;
  const hook = await receiver();
  const clock = turnableClock();
  const slug = `guild-${Date.now()}`;
  const guild = (await insertOrganization(database, { name: 'Guild', slug }))?.id ?? '';
  await database.query('update tenantry.organization set customer_id = $2 where id = $1', [guild, slug]);
  const pay = async (subscriptionId: string) => {
    const tenant = await addTenant(database, { subscriptionId });
    await database.query('update tenantry.subscription set customer_id = $2 where id = $1', [
      subscriptionId,
      slug,
    ]);
    return tenant.id;
  };
  const [ending, staying] = [await pay(`${slug}-1`), await pay(`${slug}-2`)];
  const { id } = await addEndpoint(database, hook.url, {
    scope: { kind: 'tenant', tenantId: ending },
    email: 'ops@example.com',
  });
  await putMember(database, guild, { email: 'zoe@example.com' }, 'viewer');
  const kept = async () => {
    await keepNotifications(database, clock.now(), 10_000);
    const { rows } = await database.query<{ body: string }>(
      'select body from tenantry.notify_event where organization_id = $1',
      [guild],
    );
    const addresses = rows.map(({ body }) => /zoe@example\.com/.exec(body)?.[0]);
    return [...addresses, (await findEndpoint(database, id))?.email].filter((one) => one != null);
  };
  const end = (tenantId: string) =>
    database.query(`update tenantry.tenant set phase = 'deleted', updated_at = now() where id = $1`, [
      tenantId,
    ]);
  await end(ending);
  expect(await kept()).toEqual(['zoe@example.com', 'ops@example.com']);
  dispatcher({ now: clock.now }).ring([id]);
  await until(async () => (await logOf(database, id))[0]?.state === 'delivered');
  expect(await kept()).toEqual(['zoe@example.com']);
  await end(staying);
  expect(await kept()).toEqual([]);
  // Whoever is invited afterwards is no matter of what has ended.
  await putMember(database, guild, { email: 'zoe@example.com' }, 'admin');
  expect(await kept()).toEqual(['zoe@example.com']);
});

test('events and endpoints of deleted tenants are forgotten once their time is over', async () => {
  const hook = await receiver();
  const clock = turnableClock();
  const { id, tenantId, tell } = await endpointAt(hook.url);
  await tell();
  dispatcher().ring([id]);
  await until(async () => (await logOf(control.database, id))[0]?.state === 'delivered');
  await control.database.query(`update tenantry.tenant set phase = 'deleted' where id = $1`, [tenantId]);
  clock.forward(29 * dayMs);
  await keepNotifications(control.database, clock.now(), 10_000);
  expect(await logOf(control.database, id)).toHaveLength(1);
  clock.forward(2 * dayMs);
  await keepNotifications(control.database, clock.now(), 10_000);
  expect(await findEndpoint(control.database, id)).toBeNull();
});
