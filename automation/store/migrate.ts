import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMigrations as runQueueMigrations } from 'graphile-worker';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { withClient } from './connection.ts';
import { openDatabase } from './database.ts';

/** Each file stands beside its subject. Its number gives its place in one order over all folders. */
const migrations = fileURLToPath(new URL('../**/migrations/*.sql', import.meta.url));

// Replicas that start together take turns, for the queue's migrations and for ours.
const migrationLock = 7_236_540_911;

/** A package's migrations, which run after the core's in their own order. */
export interface MigrationSet {
  /** Unique; part of the name of the table that records which have run. */
  readonly name: string;
  /** Folder of `NNNN_name.sql` files. */
  readonly folder: string;
}

/**
 * Migrates the control plane's database to the newest schema. Every process may call it at its start.
 * @param more run after the core's
 */
export async function migrate(databaseUrl: string, more: readonly MigrationSet[] = []): Promise<void> {
  await withClient({ url: databaseUrl, name: 'tenantry-migrate' }, async (client) => {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrateQueue(databaseUrl);
    await run(client, migrations, 'tenantry_migration');
    for (const { name, folder } of more)
      await run(client, join(folder, '*.sql'), `tenantry_migration_${name}`);
  });
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

/** The library takes a URL or a pool. Only a pool can read the password on demand. */
async function migrateQueue(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, { maxConnections: 2, name: 'tenantry-migrate' });
  try {
    await runQueueMigrations({ pgPool: database.pool });
  } finally {
    await database.close();
  }
}

export async function ensureDatabase(url: string): Promise<void> {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  const admin = new URL(url);
  admin.pathname = '/postgres';
  await withClient({ url: admin.href }, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount) return;
    await client
      .query(`create database ${client.escapeIdentifier(name)}`)
      .catch((error: pg.DatabaseError) => {
        // duplicate_database, unique_violation: another process was first.
        if (error.code !== '42P04' && error.code !== '23505') throw error;
      });
  });
}
