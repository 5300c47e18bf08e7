/** Databases of one's own in the run's PostgreSQL. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { ensureCell } from '../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { migrate } from '../../automation/store/migrate.ts';

export interface FreshDatabase {
  name: string;
  /** Administrator's URL of the new database. */
  url: string;
  /** Ends every session in it and drops it. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database; call `drop` in `afterAll`.
 * @param admin administrator's URL of another server than the run's
 */
export async function freshDatabase(admin = inject('postgresUrl')): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(admin, `create database ${name} strategy file_copy`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => execute(admin, `drop database if exists ${name} with (force)`) };
}

export interface ControlDatabase extends FreshDatabase {
  readonly database: Database;
}

/**
 * Makes the control plane's database, with its tables and the cell `local`; call `drop` in `afterAll`.
 * @param options of the connections to it
 */
export async function controlDatabase(
  options: Parameters<typeof openDatabase>[1] = {},
): Promise<ControlDatabase> {
  const fresh = await freshDatabase();
  await migrate(fresh.url);
  const database = openDatabase(fresh.url, options);
  await ensureCell(database, { id: 'local', region: 'local' });
  const drop = async () => {
    await database.close();
    await fresh.drop();
  };
  return { ...fresh, database, drop };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
