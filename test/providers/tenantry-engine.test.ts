/** The tenantry provider under the real engine, with a password that the random provider makes. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PostgresSchema } from '../../tenants/postgres.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { type Engine, startEngine } from './engine.ts';
import { RandomPassword } from './sdk.ts';

vi.setConfig({ testTimeout: 180_000 });

let database: FreshDatabase;
let engine: Engine;
beforeAll(async () => {
  database = await freshDatabase();
  engine = await startEngine({ random: true, tenantry: { adminDatabaseUrl: database.url } });
});
afterAll(async () => {
  await engine.close();
  await database.drop();
});

test('a schema is made, kept, corrected, limited anew and taken away, its password never in plaintext', async () => {
  const tenantId = 'pgengine';
  const program =
    (connectionLimit: number, rights = 1) =>
    async () => {
      const password = new RandomPassword('password', { length: 32, special: false });
      new PostgresSchema('place', {
        tenantId,
        schema: `tenant_${tenantId}`,
        role: `tenant_${tenantId}`,
        password: password.result,
        connectionLimit,
        rights,
      });
      return { password: password.result };
    };
  const stack = await engine.newStack('schema');
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const limit = async () => {
    const { rows } = await admin.query('select rolconnlimit from pg_roles where rolname = $1', [
      `tenant_${tenantId}`,
    ]);
    return rows[0]?.rolconnlimit;
  };

  expect((await stack.up(program(5))).map(({ op }) => op)).toEqual(['create', 'create']);
  expect(await limit()).toBe(5);
  const { password } = await stack.outputs();
  expect(password?.value).toMatch(/^[A-Za-z0-9]{32}$/);
  expect(await stack.rawState()).not.toContain(password?.value);
  expect(await stack.up(program(5))).toEqual([]);

  await admin.query(`alter role tenant_${tenantId} connection limit 50`);
  await stack.refresh();
  expect((await stack.up(program(5))).map(({ op }) => op)).toEqual(['update']);
  expect(await limit()).toBe(5);
  await stack.up(program(7));
  expect(await limit()).toBe(7);

  // Made under an earlier version of a login's rights, it is brought up to date.
  await admin.query(`grant temporary on database ${database.name} to tenant_${tenantId}`);
  expect((await stack.up(program(7, 2))).map(({ op }) => op)).toEqual(['update']);
  const { rows } = await admin.query('select has_database_privilege($1, $2, $3) as may', [
    `tenant_${tenantId}`,
    database.name,
    'TEMPORARY',
  ]);
  expect(rows).toEqual([{ may: false }]);
  expect(await stack.up(program(7, 2))).toEqual([]);

  await stack.destroy();
  expect(await limit()).toBeUndefined();
  await admin.end();
});
