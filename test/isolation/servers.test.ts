import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { closing, prepareSharedDatabase } from '../../automation/warden/servers.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';

let control: FreshDatabase;
let tenants: FreshDatabase;
let own: FreshDatabase;
let server: Database;
const warnings: unknown[] = [];
const log = { warn: (...said: unknown[]) => void warnings.push(said) };

beforeAll(async () => {
  control = await freshDatabase();
  tenants = await freshDatabase(inject('tenantPostgresUrl'));
  own = await freshDatabase(inject('tenantPostgresUrl'));
  server = openDatabase(tenants.url, { maxConnections: 2 });
});
afterAll(async () => {
  await server.close();
  for (const database of [control, tenants, own]) await database.drop();
});

const env = (tenantDatabaseUrl: string, tenantsShareServer = false) => ({
  databaseUrl: control.url,
  tenantDatabaseUrl,
  tenantsShareServer,
});

test("a worker asks the servers whether they are one, and refuses the control plane's", async () => {
  const beside = await freshDatabase();
  try {
    await expect(prepareSharedDatabase(env(beside.url), log)).rejects.toThrow(
      /TENANT_DATABASE_URL names the server of DATABASE_URL: .*SHARE_DATABASE_SERVER=on/,
    );
    expect(warnings).toEqual([]);
    await prepareSharedDatabase(env(beside.url, true), log);
    expect(warnings.splice(0)).toEqual([
      [expect.stringMatching(/SHARE_DATABASE_SERVER is on: a tenant's login/)],
    ]);
  } finally {
    await beside.drop();
  }
  await prepareSharedDatabase(env(tenants.url), log);
  expect(warnings).toEqual([]);
});

test('the sweep closes what was opened, and tenants’ databases from before', async () => {
  await prepareSharedDatabase(env(tenants.url), log);
  await server.query(`comment on database ${own.name} is 'tenantry:sweep001'`);
  await server.query(`grant connect, temporary on database ${own.name} to public`);
  const close = closing([{ name: null, url: tenants.url, database: server }], log);
  await close();
  const client = new pg.Client({ connectionString: own.url });
  await client.connect();
  const { rows } = await client.query(
    `select has_database_privilege('public', current_database(), 'CONNECT, TEMPORARY') as connect,
            has_function_privilege('public', 'pg_advisory_lock(bigint)', 'EXECUTE') as lock,
            has_table_privilege('public', 'pg_stat_activity', 'SELECT') as activity`,
  );
  await client.end();
  expect(rows).toEqual([{ connect: false, lock: false, activity: false }]);
  expect(warnings).toEqual([]);
});
