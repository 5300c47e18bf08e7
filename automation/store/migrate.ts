import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMigrations as runQueueMigrations } from 'graphile-worker';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { connectionTo } from './connection.ts';
import { openDatabase } from './database.ts';

/** Each file is beside its subject; the number in its name gives its place in one order across all folders. */
const migrations = fileURLToPath(new URL('../**/migrations/*.sql', import.meta.url));

// One lock for the queue's migrations and ours, so that replicas that start together take turns.
const migrationLock = 7_236_540_911;

/** Migrations of a package on top of the core, in an order of their own. */
export interface MigrationSet {
  /** Unique; names the table that says which have run. */
  readonly name: string;
  /** Folder of `NNNN_name.sql` files. */
  readonly folder: string;
}

/**
 * Brings the control plane's database to the newest schema. Safe to call from every process at its start.
 * @param more sets that run after the core's
 */
export async function migrate(databaseUrl: string, more: readonly MigrationSet[] = []): Promise<void> {
  const client = new pg.Client({ ...connectionTo(databaseUrl), application_name: 'tenantry-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrateQueue(databaseUrl);
    await run(client, migrations, 'tenantry_migration');
    for (const { name, folder } of more)
      await run(client, join(folder, '*.sql'), `tenantry_migration_${name}`);
  } finally {
    await client.end();
  }
}

async function run(client: pg.Client, files: string, migrationsTable: string): Promise<void> {
  await runner({
    dbClient: client,
    dir: files,
    useGlob: true,
    direction: 'up',
    migrationsTable,
    noLock: true,
    log: () => {},
  });
}

/** By a pool, as the library takes a URL or a pool, and a URL's password cannot be read on demand. */
async function migrateQueue(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, { maxConnections: 2, name: 'tenantry-migrate' });
  try {
    await runQueueMigrations({ pgPool: database.pool });
  } finally {
    await database.close();
  }
}

/** Creates the database that the URL names unless it exists. */
export async function ensureDatabase(url: string): Promise<void> {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const client = new pg.Client(connectionTo(admin.href));
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount) return;
    await client
      .query(`create database ${client.escapeIdentifier(name)}`)
      .catch((error: pg.DatabaseError) => {
        // duplicate_database, unique_violation: another process was first.
        if (error.code !== '42P04' && error.code !== '23505') throw error;
      });
  } finally {
    await client.end();
  }
}
