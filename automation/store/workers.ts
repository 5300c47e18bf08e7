import pg from 'pg';
import { connectionTo } from './connection.ts';
import { onlyRow, type Queryable } from './database.ts';

/** First half of the advisory lock that a worker holds while it is at work; the second is its cell. */
const presenceClass = 723_654;

const reconnectMs = 1000;

/**
 * Shows that a worker of the cell is at work, until the process ends in whatever way. The lock belongs to a session,
 * so it has a connection of its own, which is opened anew when it breaks.
 */
export async function announceWorker(
  databaseUrl: string,
  cell: string,
): Promise<{ withdraw(): Promise<void> }> {
  let client: pg.Client;
  let withdrawn = false;
  const announce = async () => {
    client = new pg.Client({
      ...connectionTo(databaseUrl),
      application_name: 'tenantry-worker-presence',
    });
    client.on('error', () => {});
    client.on('end', () => {
      if (!withdrawn) setTimeout(() => void announce().catch(() => {}), reconnectMs);
    });
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1, hashtext($2))', [presenceClass, cell]);
  };
  await announce();
  return {
    withdraw: async () => {
      withdrawn = true;
      await client.end();
    },
  };
}

/** True while at least one worker of the cell is at work. */
export async function isWorkerPresent(db: Queryable, cell: string): Promise<boolean> {
  const row = onlyRow(
    await db.query<{ present: boolean }>(
      `select exists (select 1 from pg_locks where locktype = 'advisory' and granted
         and database = (select oid from pg_database where datname = current_database())
         and classid = $1::int::oid and objid = (hashtext($2)::bigint & 4294967295)::oid) as present`,
      [presenceClass, cell],
    ),
  );
  return row.present;
}
