/** A database of one's own in the run's PostgreSQL. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

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

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
