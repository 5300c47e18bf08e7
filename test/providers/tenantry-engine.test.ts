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
  const program = (connectionLimit: number) => async () => {
    const password = new RandomPassword('password', { length: 32, special: false });
    new PostgresSchema('place', {
      tenantId,
      schema: `tenant_${tenantId}`,
      role: `tenant_${tenantId}`,
      password: password.result,
      connectionLimit,
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

  await stack.destroy();
  expect(await limit()).toBeUndefined();
  await admin.end();
});
