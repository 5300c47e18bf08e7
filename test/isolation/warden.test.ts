/** What the warden ends, on a real server, with a tenant that has switched off every limit of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../automation/local/postgres.ts';
import { Secret } from '../../automation/providers/properties.ts';
import type { ResourceState } from '../../automation/providers/provider.ts';
import { TenantryProvider } from '../../automation/providers/tenantry/provider.ts';
import { listAudit } from '../../automation/store/audit.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { ensureDatabase } from '../../automation/store/migrate.ts';
import {
  connectionsAfter,
  defaultLimits,
  type Limits,
  offenceOf,
  type Session,
} from '../../automation/warden/offences.ts';
import { watching } from '../../automation/warden/watch.ts';
import { context, write } from '../providers/kube.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

const type = 'tenantry:postgres:Schema';
const password = 'correcthorsebatterystaple';

describe('a session', () => {
  const quiet: Session = {
    pid: 1,
    user: 2,
    role: 'tenant_k3fj9x2a',
    tenantId: 'k3fj9x2a',
    state: 'idle',
    inTransactionMs: null,
    inStateMs: 3_600_000,
    inStatementMs: 3_600_000,
    locks: 1,
    excludesAll: false,
    temporaryBytes: 0,
  };
  test.each<[string, Partial<Session>, number, string | null]>([
    ['that waits for work may wait for ever', {}, 0, null],
    ['that works may', { state: 'active', inStatementMs: 20_000, inTransactionMs: 20_000 }, 0, null],
    [
      'may think for a minute',
      { state: 'idle in transaction', inStateMs: 60_000, inTransactionMs: 60_000 },
      0,
      null,
    ],
    ['may not for long', { state: 'idle in transaction', inStateMs: 91_000 }, 0, 'idle_in_transaction'],
    [
      'nor after an error',
      { state: 'idle in transaction (aborted)', inStateMs: 91_000 },
      0,
      'idle_in_transaction',
    ],
    ['may not run one statement for long', { state: 'active', inStatementMs: 61_000 }, 0, 'long_statement'],
    [
      'nor many in one transaction',
      { state: 'active', inStatementMs: 1, inTransactionMs: 361_000 },
      0,
      'long_transaction',
    ],
    ['may not hold what fills the table of locks', { locks: 2_001 }, 0, 'many_locks'],
    ['may lock a table for a moment', { excludesAll: true, inTransactionMs: 29_000 }, 0, null],
    ['may not keep it locked', { excludesAll: true, inTransactionMs: 31_000 }, 0, 'locked_table'],
    ['may not fill the disk with sorts', { temporaryBytes: 2 ** 30 }, 0, 'temporary_files'],
    [
      'may not sit in a transaction while the queue fills',
      { inTransactionMs: 6_000 },
      0.2,
      'notification_queue',
    ],
    ['may work quickly then', { state: 'active', inTransactionMs: 1_000, inStatementMs: 1_000 }, 0.2, null],
  ])('%s', (_what, change, queueUsage, expected) => {
    expect(offenceOf({ ...quiet, ...change }, queueUsage, defaultLimits)).toBe(expected);
  });

  test('of a repeat offender finds half the connections each time, and always one', () => {
    expect([0, 2, 3, 5, 6, 9, 30].map((offences) => connectionsAfter(offences, 20))).toEqual([
      20, 20, 10, 10, 5, 2, 1,
    ]);
    expect(connectionsAfter(3, 1)).toBe(1);
  });
});

let folder: string;
let postgres: RunningPostgres;
let control: ControlDatabase;
let provider: TenantryProvider;
let server: Database;
let tenantId: string;
let state: ResourceState;
const clients: pg.Client[] = [];
const at = (name: string) => postgres.url.replace(/\/postgres$/, `/${name}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-warden-'));
  [postgres, control] = await Promise.all([
    startPostgres({ dataDir: folder, durable: false, role: 'tenants' }),
    controlDatabase(),
  ]);
  await ensureDatabase(at('tenants'));
  provider = new TenantryProvider({ adminDatabaseUrl: at('tenants'), beforeWrite: () => {} });
  server = openDatabase(at('tenants'), { maxConnections: 2 });
});
afterAll(async () => {
  await provider?.close();
  await server?.close();
  await postgres?.stop();
  await control?.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  ({ id: tenantId } = await addTenant(control.database));
  state = await provider.create(context(type), inputs(), write);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
  await provider.delete(context(type), state);
});

const inputs = () => ({
  tenantId,
  schema: `tenant_${tenantId}`,
  role: `tenant_${tenantId}`,
  password: new Secret(password),
  connectionLimit: 8,
});

/** A session that has switched off every limit that is the tenant's own. */
async function login(): Promise<pg.Client & { ended: boolean }> {
  const url = new URL(at('tenants'));
  Object.assign(url, { username: `tenant_${tenantId}`, password });
  const client = Object.assign(new pg.Client({ connectionString: url.href }), { ended: false });
  client.on('error', () => {});
  client.on('end', () => {
    client.ended = true;
  });
  await client.connect();
  clients.push(client);
  await client.query(
    'set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set transaction_timeout = 0',
  );
  return client;
}

const log = { warn: () => {}, error: (...said: unknown[]) => expect.fail(JSON.stringify(said)) };
const look = async (limits: Partial<Limits> = {}, quietMs?: number, cell = 'local') => {
  const watch = watching({
    database: control.database,
    servers: [{ name: null, url: at('tenants'), database: server }],
    cell: { id: cell },
    log,
    limits: { ...defaultLimits, ...limits },
    ...(quietMs !== undefined && { quietMs }),
  });
  await watch.look().finally(() => watch.close());
};

const trail = async () =>
  (await listAudit(control.database, tenantId, { audience: 'tenant' }))
    .filter(({ kind }) => kind.startsWith('database.'))
    .map(({ kind, message, data }) => ({ kind, message, ...data }));

describe('the warden', () => {
  test('ends sessions that are idle in a transaction or run too long, says so, and leaves honest ones', async () => {
    const [honest, idle, busy] = [await login(), await login(), await login()];
    await idle.query('begin; select 1');
    const long = busy.query('select pg_sleep(600)').catch((error: Error) => error);
    await look();
    expect([honest, idle, busy].map(({ ended }) => ended)).toEqual([false, false, false]);
    await until(async () => {
      await look({ idleInTransactionMs: 200, statementMs: 400 });
      return idle.ended && busy.ended;
    });
    expect(await long).toBeInstanceOf(Error);
    await honest.query('select 1');
    expect(await trail()).toEqual(
      expect.arrayContaining([
        {
          kind: 'database.session_ended',
          message: "A session of the tenant's database was ended: it was idle in a transaction for too long",
          reason: 'idle_in_transaction',
          offences: expect.any(Number),
        },
        expect.objectContaining({ reason: 'long_statement' }),
      ]),
    );
  });

  test('frees a server whose table of locks is full', async () => {
    const watch = watching({
      database: control.database,
      servers: [{ name: null, url: at('tenants'), database: server }],
      cell: { id: 'local' },
      log,
    });
    await watch.look();
    await server.query(
      `set role tenantry_migrator; create table tenant_${tenantId}.notes (id int); reset role`,
    );
    const client = await login();
    // A transaction inside a transaction holds a lock of its own for its number.
    const nested = 'savepoint s; insert into notes values (1);';
    await client.query('begin');
    let full: unknown;
    while (full === undefined) {
      await client.query(nested.repeat(5_000)).catch((error: Error) => {
        full = error.message;
      });
    }
    expect(full).toBe('out of shared memory');
    // Rolled back to the last savepoint, it keeps the others, and everybody is refused.
    await client.query('rollback to s');
    const refused = await login().then(
      () => 'connected',
      (error: Error) => error.message,
    );
    await watch.look();
    await until(async () => client.ended);
    expect(await trail()).toMatchObject([{ reason: 'many_locks' }]);
    const other = await login();
    await other.query('insert into notes values (1)');
    expect(refused).toBe('out of shared memory');
    await watch.close();
  });

  test('ends who keeps the queue of notifications from being emptied', async () => {
    const [listener, teller] = [await login(), await login()];
    await listener.query('listen flood');
    await listener.query('begin; select 1');
    await teller.query(
      `do $$ begin for i in 1..600 loop execute format('notify flood, %L', i || repeat('x', 7900)); end loop; end $$`,
    );
    const usage = async () =>
      (await server.query<{ usage: number }>('select pg_notification_queue_usage() as usage')).rows[0]
        ?.usage ?? 0;
    expect(await usage()).toBeGreaterThan(0.01);
    await until(async () => {
      await look({ queueUsage: 0.01, transactionWithFullQueueMs: 100 });
      return listener.ended;
    });
    expect(teller.ended).toBe(false);
    expect(await trail()).toMatchObject([{ reason: 'notification_queue' }]);
    // The next notification empties it.
    await teller.query('notify flood');
    await until(async () => (await usage()) < 0.01);
  });

  test('ends sessions whose files of sorts are too large', async () => {
    const client = await login();
    await client.query("set work_mem = '64kB'");
    await client.query(
      'begin; declare big cursor for select repeat(md5(i::text), 30) as x from generate_series(1, 100000) as i order by x; fetch 1 from big',
    );
    await look({ temporaryBytes: 10 * 1024 ** 2 });
    await until(async () => client.ended);
    expect(await trail()).toMatchObject([{ reason: 'temporary_files' }]);
  });

  test('counts a pool that hangs as one as one offence', async () => {
    const before = (await trail()).length;
    const pool = [await login(), await login(), await login(), await login()];
    for (const client of pool) await client.query('begin; select 1');
    await look({ idleInTransactionMs: 0 });
    await until(() => pool.every(({ ended }) => ended));
    expect((await trail()).slice(before)).toMatchObject([
      { kind: 'database.session_ended', reason: 'idle_in_transaction', offences: 1 },
    ]);
  });

  test('gives a repeat offender fewer connections, which is no drift, and all of them after good conduct', async () => {
    for (let offence = 0; offence < 3; offence += 1) {
      const client = await login();
      await client.query('begin; select 1');
      await until(async () => {
        await look({ idleInTransactionMs: 50 });
        return client.ended;
      });
    }
    const limit = async () => {
      const { rows } = await server.query<{ limit: number }>(
        'select rolconnlimit as limit from pg_roles where rolname = $1',
        [`tenant_${tenantId}`],
      );
      return rows[0]?.limit;
    };
    expect(await limit()).toBe(4);
    expect((await trail()).at(-1)).toMatchObject({
      kind: 'database.throttled',
      connections: 4,
      planConnections: 8,
    });
    const read = await provider.read(context(type), { ...state, inputs: inputs() });
    expect(read?.properties).toEqual(state.properties);
    // What mends or changes the tenant keeps the throttle.
    await provider.update(context(type), { inputs: inputs() }, write);
    expect(await limit()).toBe(4);

    await look();
    expect(await limit()).toBe(4);
    // Another cell's warden does not forgive: the tenant's role is not on its servers.
    await look({}, 0, 'elsewhere');
    expect((await trail()).at(-1)).toMatchObject({ kind: 'database.throttled' });
    await look({}, 0);
    expect(await limit()).toBe(8);
    expect((await trail()).at(-1)).toMatchObject({ kind: 'database.throttle_ended' });
    await look({}, 0);
    expect((await trail()).filter(({ kind }) => kind === 'database.throttle_ended')).toHaveLength(1);
  });
});
