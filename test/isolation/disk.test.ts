/** How much disk a tenant can take, on a real server, with a tenant that wants all of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../automation/local/postgres.ts';
import { type PropertyMap, Secret } from '../../automation/providers/properties.ts';
import type { ResourceState } from '../../automation/providers/provider.ts';
import { TenantryProvider } from '../../automation/providers/tenantry/provider.ts';
import { listAudit } from '../../automation/store/audit.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { ensureDatabase } from '../../automation/store/migrate.ts';
import { readMark, throttledFromSql, writeMark } from '../../automation/tenant-databases/index.ts';
import { judgeUse } from '../../automation/warden/disk.ts';
import { readDatabaseUse } from '../../automation/warden/index.ts';
import { measuring } from '../../automation/warden/measuring.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { databaseBytes } from '../../tenants/data.ts';
import { context, write } from '../providers/kube.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

const password = 'correcthorsebatterystaple';
const megabyte = 1024 ** 2;

test('every plan with a database has room for more than twice a typical month', () => {
  const plans = catalog.flatMap(({ plans }) => plans).filter(({ dataIsolation }) => dataIsolation !== 'none');
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans)
    expect(databaseBytes(plan), plan.id).toBeGreaterThan(2e9 * plan.typicalMonth.databaseGb);
});

test.each([
  [79, { full: false, toldPercent: 0 }, { full: false, toldPercent: 0, notice: null }],
  [80, { full: false, toldPercent: 0 }, { full: false, toldPercent: 80, notice: 80 }],
  [99, { full: false, toldPercent: 80 }, { full: false, toldPercent: 80, notice: null }],
  [76, { full: false, toldPercent: 80 }, { full: false, toldPercent: 80, notice: null }],
  [74, { full: false, toldPercent: 80 }, { full: false, toldPercent: 0, notice: null }],
  [100, { full: false, toldPercent: 80 }, { full: true, toldPercent: 100, notice: 100 }],
  [130, { full: false, toldPercent: 0 }, { full: true, toldPercent: 100, notice: 100 }],
  [96, { full: true, toldPercent: 100 }, { full: true, toldPercent: 100, notice: null }],
  [94, { full: true, toldPercent: 100 }, { full: false, toldPercent: 80, notice: null }],
  [10, { full: true, toldPercent: 100 }, { full: false, toldPercent: 0, notice: null }],
])('at %i %% of the limit, after %o: %o', (percent, was, expected) => {
  expect(judgeUse(percent, 100, was)).toEqual(expected);
});

test('a throttled role that is full says both in its comment', async () => {
  const mark = { owner: 'tenantry:k3fj9x2a', throttledFrom: 20, full: true };
  expect(readMark(writeMark(mark))).toEqual(mark);
  const { rows } = await server.query(`select ${throttledFromSql('$1')} as connections`, [writeMark(mark)]);
  expect(rows).toEqual([{ connections: 20 }]);
});

let folder: string;
let postgres: RunningPostgres;
let control: ControlDatabase;
let provider: TenantryProvider;
let server: Database;
const clients: pg.Client[] = [];
const at = (name: string) => postgres.url.replace(/\/postgres$/, `/${name}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-disk-'));
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
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
});

interface Place {
  readonly tenantId: string;
  readonly type: string;
  readonly database: string;
  readonly schema: string;
  readonly inputs: PropertyMap & { readonly role: string };
  readonly state: ResourceState;
}

/** A tenant with a table of notes, as its product's migrations make it. */
async function place(kind: 'schema' | 'database'): Promise<Place> {
  const { id: tenantId } = await addTenant(control.database);
  const name = `tenant_${tenantId}`;
  const own = kind === 'database';
  const type = own ? 'tenantry:postgres:Database' : 'tenantry:postgres:Schema';
  const schema = own ? 'app' : name;
  const inputs = {
    tenantId,
    ...(own && { database: name }),
    schema,
    role: own ? `${name}_app` : name,
    password: new Secret(password),
    connectionLimit: 8,
  };
  const state = await provider.create(context(type), inputs, write);
  const made = { tenantId, type, database: own ? name : 'tenants', schema, inputs, state };
  await migrate(made, 'create table notes (id serial primary key, text text); create index on notes (text)');
  return made;
}

async function migrate({ database, schema }: Place, sql: string): Promise<void> {
  const admin = await connect(at(database));
  await admin.query(`set role tenantry_migrator; set search_path = ${schema}; ${sql}`);
  await admin.end();
}

async function login({ database, inputs }: Place): Promise<pg.Client> {
  const url = new URL(at(database));
  Object.assign(url, { username: inputs.role, password });
  return connect(url.href);
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

const log = {
  warn: (...said: unknown[]) => expect.fail(JSON.stringify(said)),
  error: (...said: unknown[]) => expect.fail(JSON.stringify(said)),
};
const begin = (limitBytes: number) =>
  measuring({
    database: control.database,
    servers: [{ name: null, url: at('tenants'), database: server }],
    cell: { id: 'local' },
    log,
    limitBytes,
  });
async function look(limitBytes: number): Promise<void> {
  const disk = begin(limitBytes);
  await disk.look().finally(() => disk.close());
}

const trail = async (tenantId: string) =>
  (await listAudit(control.database, tenantId, { audience: 'tenant' }))
    .map(({ kind }) => kind)
    .filter((kind) => kind.startsWith('database.'));
const emitted = async (tenantId: string) => {
  const { rows } = await control.database.query<{ data: unknown }>(
    `select body::json -> 'data' as data from tenantry.notify_event
      where tenant_id = $1 and type = 'usage.limit_reached'`,
    [tenantId],
  );
  return rows.map(({ data }) => data);
};

/** About a megabyte that does not compress, and its index. */
const fill = (megabytes: number) =>
  `insert into notes (text) select string_agg(md5(random()::text || i || j), '')
     from generate_series(1, ${megabytes * 1_000}) as i, generate_series(1, 16) as j group by i`;

describe.each(['schema', 'database'] as const)('a tenant with a %s', (kind) => {
  test('is told, may not write beyond its plan, can make room, and then writes again', async () => {
    const tenant = await place(kind);
    const client = await login(tenant);
    await look(1_000 * megabyte);
    expect(await trail(tenant.tenantId)).toEqual([]);

    await client.query(fill(12));
    await look(1_000 * megabyte);
    const used = (await readDatabaseUse(control.database, tenant.tenantId))?.usedBytes ?? 0;
    expect(used).toBeGreaterThan(12 * megabyte);
    await look(Math.floor(used / 0.85));
    expect(await trail(tenant.tenantId)).toEqual(['database.nearly_full']);
    await client.query("insert into notes (text) values ('still')");

    const prepared = { name: 'write', text: "insert into notes (text) values ('x')" };
    await client.query(prepared);
    const busy = await login(tenant);
    const running = busy
      .query(
        "insert into notes (text) select 'x' from generate_series(1, 1000) where pg_sleep(0.1) is not null",
      )
      .catch((error: Error) => error);
    const limit = Math.floor(used / 1.02);
    await look(limit);
    expect(await running).toBeInstanceOf(Error);
    expect(await trail(tenant.tenantId)).toEqual(['database.nearly_full', 'database.full']);
    expect(await emitted(tenant.tenantId)).toEqual([
      expect.objectContaining({ limit: 'databaseGb', limitMicroUnits: Math.round(limit / 1_000) }),
    ]);
    expect(await readDatabaseUse(control.database, tenant.tenantId)).toMatchObject({
      fullSince: expect.any(Date),
    });

    await migrate(tenant, 'create table later (text text)');
    const role = tenant.inputs.role;
    // PostgreSQL answers these with a warning; they grant nothing, as the inserts after them show.
    await client.query(`grant insert on notes to ${role}`);
    await client.query(`grant insert on all tables in schema ${tenant.schema} to ${role}`);
    for (const attack of [
      fill(1),
      prepared,
      "update notes set text = 'longer' || text",
      "insert into notes (id, text) values (1, 'x') on conflict (id) do update set text = 'x'",
      "merge into notes using (select 1) as s on false when not matched then insert (text) values ('x')",
      'with gone as (delete from notes returning text) insert into notes (text) select text from gone',
      'select * from notes for update',
      "insert into later values ('x')",
      'alter table notes disable trigger all',
      `alter table notes owner to ${role}`,
      `create table ${tenant.schema}.more (text text)`,
      `create unlogged table ${tenant.schema}.more (text text)`,
      'create temporary table more (text text)',
      `create table ${tenant.schema}.more as select * from notes`,
      `create materialized view ${tenant.schema}.more as select * from notes`,
      'create index more on notes (text)',
      'select * into more from notes',
      `create function ${tenant.schema}.f() returns int security definer language sql as 'select 1'`,
      'select lo_create(0)',
      "select lo_from_bytea(0, 'x')",
      'set role tenantry_migrator',
      'alter role current_user superuser',
      `comment on role ${role} is 'tenantry:${tenant.tenantId}'`,
    ])
      await expect(client.query(attack), JSON.stringify(attack)).rejects.toThrow(
        /permission denied|must be owner|must be able to SET ROLE|not allow/,
      );

    // It is no drift, and mending keeps it.
    const { inputs, state, type } = tenant;
    const read = await provider.read(context(type), { ...state, inputs });
    expect(read?.properties).toEqual(state.properties);
    await provider.update(context(type), { inputs }, write);
    const other = await login(tenant);
    await expect(other.query("insert into notes (text) values ('x')")).rejects.toThrow('permission denied');

    // A right that somebody gave back is taken again.
    await migrate(tenant, `grant insert on notes to ${role}`);
    expect((await provider.read(context(type), { ...state, inputs }))?.properties.drift).toEqual([
      'rights on a table differ',
    ]);
    await look(limit);
    await expect(other.query("insert into notes (text) values ('x')")).rejects.toThrow('permission denied');
    expect(await trail(tenant.tenantId)).toHaveLength(2);

    // Room by deleting: the space comes back once the table is vacuumed, which the tenant can do itself.
    await other.query('delete from notes where id > 100');
    await other.query('vacuum full notes');
    await look(limit);
    await other.query("insert into notes (text) values ('again')");
    await other.query("insert into later values ('again')");
    await expect(other.query('truncate notes')).rejects.toThrow('permission denied');
    expect(await trail(tenant.tenantId)).toEqual([
      'database.nearly_full',
      'database.full',
      'database.writable',
    ]);
    expect(await readDatabaseUse(control.database, tenant.tenantId)).toMatchObject({ fullSince: null });

    // And by a greater plan.
    await look(65_536);
    await expect(other.query(fill(1))).rejects.toThrow('permission denied');
    await look(1_000 * megabyte);
    await other.query(fill(1));
    await provider.delete(context(type), state);
  });
});

test('counts indexes, TOAST and unlogged tables, and keeps measuring whoever is connected', async () => {
  const tenant = await place('schema');
  await migrate(tenant, 'create unlogged table heap (text text); create index on heap (text)');
  const disk = begin(1_000 * megabyte);
  const used = async () => {
    await disk.look();
    return (await readDatabaseUse(control.database, tenant.tenantId))?.usedBytes ?? 0;
  };
  const empty = await used();
  const client = await login(tenant);
  await client.query('insert into heap select md5(i::text) from generate_series(1, 40000) as i');
  const filled = await used();
  const { rows } = await server.query<{ bytes: string }>(
    `select pg_total_relation_size('tenant_${tenant.tenantId}.heap') as bytes`,
  );
  expect(filled - empty).toBeGreaterThanOrEqual(Number(rows[0]?.bytes) - 8192 * 4);
  await migrate(tenant, 'create table wide (text text)');
  await client.query(
    "insert into wide select string_agg(md5(random()::text || j), '') from generate_series(1, 90000) as j",
  );
  expect(await used()).toBeGreaterThan(filled + 2 * megabyte);
  await disk.close();
  await provider.delete(context(tenant.type), tenant.state);
});

test('a tenant that keeps a table locked holds up nobody’s measuring', async () => {
  const [hostile, honest] = [await place('schema'), await place('schema')];
  const locker = await login(hostile);
  await locker.query('begin; lock table notes in access exclusive mode');
  await (await login(honest)).query(fill(3));
  await look(1 * megabyte);
  expect(await trail(honest.tenantId)).toContain('database.full');
  await locker.query('rollback');
  await until(async () => {
    await look(1_000 * megabyte);
    return (await trail(honest.tenantId)).includes('database.writable');
  });
  for (const { type, state } of [hostile, honest]) await provider.delete(context(type), state);
});
