import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  findUnresolvedEvent,
  receiveEvent,
  resolveEvent,
  ringUnresolvedEvents,
} from '../../automation/billing/events/received-events.ts';
import { newTenantId } from '../../automation/desired/tenant-id.ts';
import { changeTenant } from '../../automation/followers.ts';
import { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { ensureCell } from '../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { takeLease } from '../../automation/store/leases.ts';
import { ensureDatabase, migrate } from '../../automation/store/migrate.ts';
import { firstPage } from '../../automation/store/pages.ts';
import {
  announceHolder,
  announceWorker,
  listInterrupted,
  type Presence,
  presenceOfWorkers,
} from '../../automation/store/presence.ts';
import {
  addReservedStacks,
  countReservedStacks,
  replenishJob,
  ringReplenish,
  takeReservedStack,
} from '../../automation/store/stacks.ts';
import { listTenants } from '../../automation/store/tenant-list.ts';
import { findTenant, insertTenant, ringTenant } from '../../automation/store/tenants.ts';
import { watchCluster } from '../../automation/worker/cluster-watch.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { type ControlDatabase, controlDatabase, freshDatabase } from '../support/database.ts';
import { unfollowed } from '../support/followers.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 20 });
  database = control.database;
  await ensureCell(database, { id: 'other', region: 'eu' });
});
afterAll(() => control?.drop());

describe('migrations', () => {
  test('run again without harm', async () => {
    await migrate(control.url);
    expect((await database.query('select 1 from tenantry.cell')).rowCount).toBe(2);
  });

  test('of four processes that start together run once', async () => {
    const empty = await freshDatabase();
    try {
      await Promise.all([1, 2, 3, 4].map(() => migrate(empty.url)));
      const client = new pg.Client({ connectionString: empty.url });
      await client.connect();
      const { rows } = await client.query('select name from tenantry_migration');
      await client.end();
      expect(rows.map(({ name }) => name)).toEqual([...new Set(rows.map(({ name }) => name))]);
      expect(rows.length).toBeGreaterThan(0);
    } finally {
      await empty.drop();
    }
  });

  test('make the database first when it is not there, also when several ask at once', async () => {
    const url = new URL(control.url);
    url.pathname = `/${control.name}-"new"`;
    await Promise.all([1, 2, 3].map(() => ensureDatabase(url.href)));
    const client = new pg.Client({ connectionString: inject('postgresUrl') });
    await client.connect();
    const name = `${control.name}-"new"`;
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    await client.query(`drop database ${client.escapeIdentifier(name)}`);
    await client.end();
    expect(found.rowCount).toBe(1);
  });
});

describe('a transaction', () => {
  test('that fails changes nothing and gives its connection back', async () => {
    const small = openDatabase(control.url, { maxConnections: 1 });
    try {
      for (let n = 0; n < 3; n += 1) {
        await expect(
          small.transaction(async (client) => {
            await client.query("insert into tenantry.cell values ('undone', 'x')");
            await client.query('select nonsense');
          }),
        ).rejects.toThrow('nonsense');
      }
      expect((await small.query("select 1 from tenantry.cell where id = 'undone'")).rowCount).toBe(0);
    } finally {
      await small.close();
    }
  });

  test('whose connection breaks rejects, and the next works', async () => {
    const small = openDatabase(control.url, { maxConnections: 1 });
    try {
      await expect(
        small.transaction(async (client) => {
          const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
          await database.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
          await client.query('select 1');
        }),
      ).rejects.toThrow();
      expect((await small.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await small.close();
    }
  });
});

describe('an event', () => {
  const event = (id: string, more: Partial<Parameters<typeof receiveEvent>[1]> = {}) => ({
    id,
    type: 'customer.subscription.updated',
    objectType: 'subscription',
    objectId: 'sub_9',
    subscriptionId: `sub_of_${id}`,
    needsLookup: false,
    body: '{}',
    ...more,
  });

  test('is stored, marked, rung and noted together or not at all', async () => {
    await expect(
      database.transaction(async (client) => {
        await receiveEvent(client, event('evt_undone'));
        throw new Error('the process died');
      }),
    ).rejects.toThrow('died');
    const left = await database.query(
      `select 1 from tenantry.stripe_event where id = 'evt_undone'
       union all select 1 from tenantry.subscription where id = 'sub_of_evt_undone'
       union all select 1 from tenantry.audit where subscription_id = 'sub_of_evt_undone'
       union all select 1 from graphile_worker.jobs where key = 'sync-subscription:sub_of_evt_undone'`,
    );
    expect(left.rowCount).toBe(0);
    // The second delivery is the first that counts.
    expect(await receiveEvent(database, event('evt_undone'))).toBe(true);
  });

  test('whose job cannot be rung is not stored either', async () => {
    await expect(
      receiveEvent(database, event('evt_long', { subscriptionId: 's'.repeat(600) })),
    ).rejects.toThrow();
    const { rowCount } = await database.query("select 1 from tenantry.stripe_event where id = 'evt_long'");
    expect(rowCount).toBe(0);
  });

  test('that forty deliver at once is taken once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => receiveEvent(database, event('evt_40'))),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test('that must be looked up is rung again until it is resolved', async () => {
    await receiveEvent(
      database,
      event('evt_thin', { subscriptionId: null, objectType: 'invoice', needsLookup: true }),
    );
    expect(await findUnresolvedEvent(database, 'evt_thin')).toMatchObject({ objectType: 'invoice' });
    await database.query("select graphile_worker.remove_job('resolve-event:evt_thin')");
    expect(await ringUnresolvedEvents(database, 10)).toBe(1);
    const jobs = () =>
      database.query("select 1 from graphile_worker.jobs where key = 'resolve-event:evt_thin'");
    expect((await jobs()).rowCount).toBe(1);
    await resolveEvent(database, 'evt_thin', null);
    expect(await findUnresolvedEvent(database, 'evt_thin')).toBeNull();
    expect(await ringUnresolvedEvents(database, 10)).toBe(0);
  });

  test('about two subscriptions in opposite orders by many never deadlocks', async () => {
    const work = Array.from({ length: 60 }, (_, n) =>
      receiveEvent(database, event(`evt_d${n}`, { subscriptionId: n % 2 ? 'sub_x' : 'sub_y' })),
    );
    expect(await Promise.all(work)).toEqual(Array(60).fill(true));
  });
});

describe('reserved stacks', () => {
  test('are taken once each, by however many at once, oldest first, and only in their cell', async () => {
    const stacks = Array.from({ length: 10 }, () => ({
      tenantId: newTenantId(),
      stackSettings: { key: 'x' },
    }));
    for (const { tenantId, stackSettings } of stacks)
      await addReservedStacks(database, 'local', { [tenantId]: stackSettings });
    expect(await countReservedStacks(database, 'local')).toBe(10);
    expect(await takeReservedStack(database, 'other')).toBeNull();
    const [oldest] = stacks;
    expect(await takeReservedStack(database, 'local')).toEqual(oldest);
    const taken = await Promise.all(Array.from({ length: 30 }, () => takeReservedStack(database, 'local')));
    const ids = taken.flatMap((stack) => stack?.tenantId ?? []);
    expect(ids.sort()).toEqual(
      stacks
        .slice(1)
        .map(({ tenantId }) => tenantId)
        .sort(),
    );
    expect(await countReservedStacks(database, 'local')).toBe(0);
  });

  test('that a transaction took come back when it fails', async () => {
    await addReservedStacks(database, 'other', { [newTenantId()]: {} });
    await database
      .transaction(async (client) => {
        expect(await takeReservedStack(client, 'other')).not.toBeNull();
        expect(await takeReservedStack(database, 'other')).toBeNull();
        throw new Error('undo');
      })
      .catch(() => {});
    expect(await takeReservedStack(database, 'other')).not.toBeNull();
  });
});

describe('tenants', () => {
  const insert = (spec: TenantSpec) =>
    changeTenant(database, unfollowed, null, (db) =>
      insertTenant(db, { spec, subscriptionId: null, slot: false, stackSettings: null }),
    );

  test('of one namespace: many at once, one is made', async () => {
    const base = await addTenant(database, { slug: 'model' });
    const make = () => {
      const id = newTenantId();
      const spec = { ...base.desiredSpec, tenantId: id, namespace: 'tenant-wanted' };
      return insert(spec);
    };
    const made = await Promise.all(Array.from({ length: 20 }, make));
    expect(made.filter(Boolean)).toHaveLength(1);
    // The same name in another cell is another namespace.
    const elsewhere = {
      ...base.desiredSpec,
      tenantId: newTenantId(),
      namespace: 'tenant-wanted',
      cell: 'other',
    };
    expect(await insert(elsewhere)).toMatchObject({ id: elsewhere.tenantId, cell: 'other' });
  });

  test('have ids that the table checks', async () => {
    for (const id of ['', 'A1234567', '../etc/p', '1abcdefg', 'abcdefghi', 'abc']) {
      const spec = {
        ...(await addTenant(database)).desiredSpec,
        tenantId: id,
        namespace: `n-${Math.random()}`,
      };
      await expect(insert(spec)).rejects.toThrow();
    }
    for (let n = 0; n < 500; n += 1) expect(newTenantId()).toMatch(/^[a-z][a-z0-9]{7}$/);
  });

  test('are rung once however often, and at the earliest time that was asked for', async () => {
    const tenant = await addTenant(database);
    for (let n = 0; n < 5; n += 1) await ringTenant(database, tenant);
    const { rows } = await database.query<{ count: number }>(
      'select count(*) from graphile_worker.jobs where key = $1',
      [`converge-tenant:${tenant.id}`],
    );
    expect(rows[0]?.count).toBe(1);
  });

  test('are not listed while they are slots', async () => {
    const slot = await addTenant(database, { owner: null, slot: true });
    const listed = await listTenants(database, null, { byEmail: false }, firstPage(100, 'createdAt'));
    expect(listed.map(({ id }) => id)).not.toContain(slot.id);
  });

  test('are replenished by one job of each cell, however often that is rung', async () => {
    for (let n = 0; n < 5; n += 1) {
      for (const cell of ['local', 'eu']) await ringReplenish(database, cell);
    }
    const { rows } = await database.query<{ task: string }>(
      `select task_identifier as task from graphile_worker.jobs where task_identifier like 'replenish%' order by task`,
    );
    expect(rows.map(({ task }) => task)).toEqual([replenishJob('eu'), replenishJob('local')]);
  });
});

describe('a worker', () => {
  test('is present while its session lives, in its cell only', async () => {
    expect(await presenceOfWorkers(database, 'local')).toBe(null);
    const first = await announceWorker(control.url, 'local');
    const second = await announceWorker(control.url, 'local');
    expect(await presenceOfWorkers(database, 'local')).toBe('at work');
    expect(await presenceOfWorkers(database, 'other')).toBe(null);
    await first.show('without cluster');
    expect(await presenceOfWorkers(database, 'local')).toBe('at work');
    await second.withdraw();
    await until(async () => (await presenceOfWorkers(database, 'local')) === 'without cluster');
    await first.withdraw();
    await until(async () => (await presenceOfWorkers(database, 'local')) === null);
  });

  test('shows that its cluster is away for as long as it is, also over a new connection', async () => {
    let answers = true;
    const api = createServer((_request, answer) => {
      answer.statusCode = answers ? 200 : 503;
      answer.end('{}');
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const { port } = api.address() as AddressInfo;
    const cluster = new KubernetesClient(
      { ...loadKubeconfig(inject('kubeconfig')), server: new URL(`http://127.0.0.1:${port}`) },
      {},
      () => {},
    );
    const presence = await announceWorker(control.url, 'watched');
    const stop = watchCluster({
      cluster,
      presence,
      log: pino({ level: 'silent' }),
      intervalMs: 10,
      timeoutMs: 300,
    });
    const untilShown = (wanted: Presence) =>
      until(async () => (await presenceOfWorkers(database, 'watched')) === wanted, { what: wanted });
    try {
      answers = false;
      await untilShown('without cluster');
      await breakPresence();
      await untilShown('without cluster');
      answers = true;
      await untilShown('at work');
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
      await untilShown('without cluster');
    } finally {
      await stop();
      await presence.withdraw();
      cluster.close();
      api.close();
    }
  });

  test('that is gone in mid-operation leaves an interrupted tenant, and one that lives or has ended does not', async () => {
    const tenant = await addTenant(database, { set: { phase: 'provisioning', begun_spec: {} } });
    const interrupted = async () =>
      (await listInterrupted(database, { ids: [tenant.id] })).map(({ holder }) => holder);
    expect(await interrupted()).toEqual([null]);
    const leave = await announceHolder(control.url, 'worker-1');
    await takeLease(database, tenant.id, { holder: 'worker-1', host: 'here', ttlMs: 60_000 });
    expect(await interrupted()).toEqual([]);
    await leave();
    await until(async () => (await interrupted()).length === 1);
    expect(await interrupted()).toEqual(['worker-1']);
    expect(await listInterrupted(database, { cell: 'local' })).toContainEqual({
      tenantId: tenant.id,
      holder: 'worker-1',
    });
    expect(await listInterrupted(database, { cell: 'other' })).toEqual([]);
    await database.query(`update tenantry.tenant set reason_code = 'capacity' where id = $1`, [tenant.id]);
    expect(await interrupted()).toEqual([]);
    await database.query('update tenantry.tenant set reason_code = null, begun_spec = null where id = $1', [
      tenant.id,
    ]);
    expect(await interrupted()).toEqual([]);
  });

  test('whose connection breaks is present again soon', async () => {
    const worker = await announceWorker(control.url, 'broken');
    try {
      await breakPresence();
      await until(async () => (await presenceOfWorkers(database, 'broken')) === 'at work');
    } finally {
      await worker.withdraw();
    }
  });
});

/** Ends the connections of workers' presence; resolves when there are others in their place. */
async function breakPresence(): Promise<void> {
  const sessions = `from pg_stat_activity
    where application_name = 'tenantry-worker-presence' and datname = current_database()`;
  const { rows: before } = await database.query<{ pid: number }>(
    `select pid, pg_terminate_backend(pid) ${sessions}`,
  );
  await until(async () => {
    const { rows: now } = await database.query<{ pid: number }>(`select pid ${sessions}`);
    return now.length === before.length && now.every(({ pid }) => before.every((old) => old.pid !== pid));
  });
}

test('a tenant that is locked to be changed can still be referred to, so that telling of its use waits for nobody', async () => {
  const { id } = await addTenant(database);
  await database.transaction(async (client) => {
    await findTenant(client, id, { lock: true });
    await database.transaction(async (other) => {
      await other.query("set local lock_timeout = '2s'");
      await other.query('select from tenantry.tenant where id = $1 for key share', [id]);
    });
  });
});
