/** What a tenant's login may do, tried with the URL that the tenant's Secret holds, on a server of our own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../automation/local/postgres.ts';
import { type PropertyMap, Secret } from '../../automation/providers/properties.ts';
import type { ResourceState } from '../../automation/providers/provider.ts';
import { TenantryProvider } from '../../automation/providers/tenantry/provider.ts';
import { ensureDatabase, migrate } from '../../automation/store/migrate.ts';
import { closeDatabase, closeServer } from '../../automation/tenant-databases/index.ts';
import { databaseUrl } from '../../tenants/data.ts';
import { context, write } from '../providers/kube.ts';

const schemaType = 'tenantry:postgres:Schema';
const databaseType = 'tenantry:postgres:Database';
const password = 'correcthorsebatterystaple';

let folder: string;
let server: RunningPostgres;
let admin: pg.Client;
let provider: TenantryProvider;
const at = (database: string) => server.url.replace(/\/postgres$/, `/${database}`);

const hostile = placeOf('hostile1');
const victim = placeOf('victim01');
const dedicated = {
  ...placeOf('alone001'),
  schema: 'app',
  database: 'tenant_alone001',
  role: 'tenant_alone001_app',
};

function placeOf(tenantId: string) {
  const name = `tenant_${tenantId}`;
  return { tenantId, schema: name, role: name, password: new Secret(password), connectionLimit: 5 };
}

const states = new Map<PropertyMap, ResourceState>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-isolation-'));
  server = await startPostgres({ dataDir: folder, durable: false });
  // The worst case: the control plane's database on the same server.
  await ensureDatabase(at('tenantry'));
  await migrate(at('tenantry'));
  await ensureDatabase(at('tenants'));
  provider = new TenantryProvider({ adminDatabaseUrl: at('tenants'), beforeWrite: () => {} });
  for (const [type, inputs] of [
    [schemaType, hostile],
    [schemaType, victim],
    [databaseType, dedicated],
  ] as const) {
    states.set(inputs, await provider.create(context(type), inputs, write));
  }
  admin = new pg.Client({ connectionString: at('tenants') });
  await admin.connect();
  for (const { schema } of [hostile, victim]) {
    await admin.query(
      `set role tenantry_migrator; create table ${schema}.notes (id serial primary key, text text); reset role`,
    );
  }
});
afterAll(async () => {
  await admin?.end();
  await provider?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open: pg.Client[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.end().catch(() => {})));
});

/** Logs in as a tenant's container does. */
async function login(
  inputs: typeof hostile & { database?: string },
  to: { database?: string; password?: string } = {},
): Promise<pg.Client> {
  const properties = states.get(inputs)?.properties ?? {};
  const client = new pg.Client({
    connectionString: databaseUrl({
      host: String(properties.host),
      port: Number(properties.port),
      database: to.database ?? String(properties.database),
      schema: inputs.schema,
      role: inputs.role,
      password: to.password ?? password,
    }),
  });
  client.on('error', () => {});
  await client.connect();
  open.push(client);
  return client;
}

const refused = /permission denied|must be owner|not allow/;

describe.each([
  ['shared database', hostile],
  ['database of its own', dedicated],
])('in the %s a tenant’s login', (_where, tenant) => {
  test.each([
    'select pg_advisory_lock(i) from generate_series(1, 100000) as i',
    'select pg_advisory_xact_lock(i) from generate_series(1, 100000) as i',
    'select pg_advisory_lock_shared(i) from generate_series(1, 100000) as i',
    'select pg_try_advisory_lock(1, i) from generate_series(1, 100000) as i',
    'select pg_try_advisory_xact_lock_shared(1, i) from generate_series(1, 100000) as i',
    // The lock of our migrations.
    'select pg_advisory_lock(7236540911)',
    "select pg_notify('channel', repeat('x', 7000)) from generate_series(1, 100000)",
    'select lo_create(0)',
    "select lo_from_bytea(0, 'x')",
    "select lo_put(1, 0, 'x')",
    "select pg_logical_emit_message(false, 'x', repeat('x', 1000000))",
    'create temporary table spill (text text)',
    'create table public.spill (text text)',
    'create schema spill',
    'create database spill',
    'create role spill',
    'create extension dblink',
    'create extension citext',
    "copy (select 1) to program 'cat'",
    "copy (select 1) to '/tmp/spill'",
    "select pg_read_file('postgresql.conf')",
    "select * from pg_ls_dir('.')",
    'select * from pg_stat_activity',
    'select * from pg_stat_get_activity(null)',
    'select * from pg_stat_database',
    'select * from pg_stat_all_tables',
    'select * from pg_statio_all_tables',
    'select * from pg_locks',
    'select * from pg_lock_status()',
    'select * from pg_database',
    'select * from pg_roles',
    'select * from pg_user',
    'select * from pg_authid',
    'select * from pg_auth_members',
    'select * from pg_db_role_setting',
    'select * from pg_shdescription',
    'select * from pg_shdepend',
    'select * from pg_prepared_xacts',
    'select * from tenantry.place',
    'begin; lock table tenantry.place',
    "insert into tenantry.place values ('victim01')",
    'alter role current_user superuser',
    'alter role current_user connection limit -1',
    'alter role current_user set temp_file_limit = -1',
    'alter role current_user set log_min_messages = debug1',
    'set temp_file_limit = -1',
    'set log_min_messages = debug1',
    'set role tenantry_migrator',
    'set role tenantry_sharing',
    'set role tenant_victim01',
    'alter role tenant_victim01 set search_path = x',
    "select pg_database_size('tenantry')",
    'select * from pg_largeobject_metadata',
  ])('may not: %s', async (statement) => {
    const client = await login(tenant);
    await expect(client.query(statement)).rejects.toThrow(refused);
  });

  test('reaches no database but its own', async () => {
    for (const database of ['postgres', 'template1', 'tenantry', 'tenants', 'tenant_alone001']) {
      if (database === states.get(tenant)?.properties.database) continue;
      await expect(login(tenant, { database }), database).rejects.toThrow(
        `permission denied for database "${database}"`,
      );
    }
    await expect(login(tenant, { database: 'template0' })).rejects.toThrow(
      'not currently accepting connections',
    );
  });

  test('makes no more connections than its plan has', async () => {
    for (let count = 0; count < 5; count += 1) await login(tenant);
    await expect(login(tenant)).rejects.toThrow('too many connections for role');
  });

  test('spills no sort beyond the limit of its files', async () => {
    const client = await login(tenant);
    await client.query("set work_mem = '64kB'");
    await expect(
      client.query(
        'select count(*) from (select repeat(md5(i::text), 30) as x from generate_series(1, 600000) as i order by x) as sorted',
      ),
    ).rejects.toThrow('temporary file size exceeds');
  });

  test('works: drivers and psql find what they look for', async () => {
    const client = await login(tenant);
    for (const query of [
      'select version()',
      'select current_database(), current_user, current_schema()',
      // psql: \d, \dn, \df
      `select n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner)
         from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         left join pg_catalog.pg_am am on am.oid = c.relam
        where pg_catalog.pg_table_is_visible(c.oid)`,
      'select n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace n',
      `select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
              (select pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) from pg_catalog.pg_attrdef d
                where d.adrelid = a.attrelid and d.adnum = a.attnum and a.atthasdef)
         from pg_catalog.pg_attribute a where a.attnum > 0`,
      'select * from information_schema.tables',
      'select * from information_schema.columns',
      'select * from information_schema.table_constraints',
      'select * from information_schema.schemata',
      'select * from information_schema.table_privileges',
      'select * from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace',
      'select * from pg_settings',
      'select * from pg_indexes',
      'select * from pg_stats',
      'select * from pg_tables',
      'show server_version',
      'select pg_catalog.pg_is_in_recovery()',
      'do $$ begin perform 1; end $$',
    ]) {
      await client.query(query).catch((error) => expect.fail(`${query}: ${error.message}`));
    }
  });
});

describe('what a tenant can change of its own login', () => {
  const read = async (inputs = hostile) => {
    const { id, properties } = states.get(inputs) ?? { id: '', properties: {} };
    return provider.read(context(schemaType), { id, properties, inputs });
  };

  test('is drift: its password, its settings, also for one database', async () => {
    const client = await login(hostile);
    const clean = (await read())?.properties;
    expect(clean?.drift).toBeUndefined();
    expect(clean?.login).toBe(states.get(hostile)?.properties.login);

    await client.query("alter role current_user password 'another-password-now'");
    await client.query('alter role current_user set statement_timeout = 0');
    await client.query(
      'alter role current_user in database tenants set idle_in_transaction_session_timeout = 0',
    );
    const drifted = (await read())?.properties;
    expect(drifted?.drift).toEqual([
      'the settings of the role were changed',
      'the password of the role was changed',
    ]);
    expect(drifted?.login).not.toBe(clean?.login);

    await provider.update(context(schemaType), { inputs: hostile }, write);
    expect((await read())?.properties).toEqual(clean);
    const again = await login(hostile);
    expect((await again.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '30s' }]);
    expect((await again.query('show idle_in_transaction_session_timeout')).rows).toEqual([
      { idle_in_transaction_session_timeout: '1min' },
    ]);
  });

  test('holds up neither mending nor the end when the change is left in an open transaction', async () => {
    for (const change of ["password 'another-password-now'", 'set statement_timeout = 0']) {
      const client = await login(hostile);
      await client.query('set idle_in_transaction_session_timeout = 0; set transaction_timeout = 0');
      await client.query(`begin; alter role current_user ${change}`);
      await provider.update(context(schemaType), { inputs: hostile }, write);
      await expect(client.query('commit')).rejects.toThrow();
    }
    const leaving = placeOf('leaving1');
    const state = await provider.create(context(schemaType), leaving, write);
    states.set(leaving, state);
    const client = await login(leaving);
    await client.query("begin; alter role current_user password 'another-password-now'");
    await provider.delete(context(schemaType), state);
    const { rows } = await admin.query("select from pg_roles where rolname = 'tenant_leaving1'");
    expect(rows).toEqual([]);
  });
});

test('a tenant that existed before the shared database was closed keeps its place', async () => {
  await admin.query('revoke tenantry_sharing from tenant_victim01');
  await admin.query('grant connect on database tenants to public');
  const later = new TenantryProvider({ adminDatabaseUrl: at('tenants'), beforeWrite: () => {} });
  const other = placeOf('another1');
  states.set(other, await later.create(context(schemaType), other, write));
  await later.close();
  const client = await login(victim);
  await client.query("insert into notes (text) values ('mine')");
  await expect(login(dedicated, { database: 'tenants' })).rejects.toThrow('permission denied');
});

test('processes that close a server and its databases at once do not fail each other', async () => {
  await ensureDatabase(at('fresh'));
  await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const own = new TenantryProvider({ adminDatabaseUrl: at('fresh'), beforeWrite: () => {} });
      const inputs = placeOf(`atonce0${index}`);
      await own.create(context(schemaType), inputs, write);
      await own.close();
    }),
  );
});

test('an administrator who is no superuser closes what is its own, and locks where no tenant can', async () => {
  const kept = await startPostgres({ dataDir: join(folder, 'kept'), durable: false });
  onTestFinished(() => kept.stop());
  const superuser = new pg.Client({ connectionString: kept.url });
  await superuser.connect();
  onTestFinished(() => superuser.end());
  await superuser.query(`create role keeper login createdb createrole password '${password}'`);
  await superuser.query('create database kept owner keeper template template0');
  const url = new URL(kept.url);
  Object.assign(url, { username: 'keeper', password, pathname: '/kept' });

  const own = new TenantryProvider({ adminDatabaseUrl: url.href, beforeWrite: () => {} });
  onTestFinished(() => own.close());
  const inputs = placeOf('guarded1');
  const state = await own.create(context(schemaType), inputs, write);
  states.set(inputs, state);
  const client = await login(inputs);
  // The catalogue is the superuser's, and so are the databases that came with the server.
  await client.query('select pg_advisory_lock(1)');
  expect(await closeDatabase(client)).toContain('function pg_advisory_lock(bigint)');
  expect(await closeServer(client)).toEqual(['database postgres', 'database template1']);
  await expect(client.query('begin; lock table tenantry.place; commit')).rejects.toThrow('permission denied');
  await client.query('rollback');

  await client.query("alter role current_user password 'another-password-now'");
  const read = await own.read(context(schemaType), { ...state, inputs });
  expect(read?.properties.drift).toEqual(['the password of the role was changed']);
  await own.update(context(schemaType), { inputs }, write);
  expect((await own.read(context(schemaType), { ...state, inputs }))?.properties).toEqual(state.properties);
  await own.delete(context(schemaType), state);
});
