import pg from 'pg';
import { connectionTo } from './connection.ts';
import { onlyRow, type Queryable } from './database.ts';

/** What a worker announces: that it works, or that its cluster does not answer. */
export type Presence = 'at work' | 'without cluster';

/** First half of the key of the advisory lock that a worker holds; the second half is its cell. */
const presenceClasses: Record<Presence, number> = { 'at work': 723_654, 'without cluster': 723_655 };

const reconnectMs = 1000;

export interface ShownPresence {
  /** Replaces the last announcement. */
  show(presence: Presence): Promise<void>;
  withdraw(): Promise<void>;
}

/**
 * Announces a worker of the cell, at first as `at work`, until the process ends for whatever reason. The lock belongs to a
 * session, so it has its own connection, which is reopened when it breaks.
 */
export async function announceWorker(databaseUrl: string, cell: string): Promise<ShownPresence> {
  let client: pg.Client;
  let shown: Presence = 'at work';
  let withdrawn = false;
  const hold = () =>
    client.query('select pg_advisory_unlock_all(), pg_advisory_lock_shared($1, hashtext($2))', [
      presenceClasses[shown],
      cell,
    ]);
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
    await hold();
  };
  await announce();
  return {
    show: async (presence) => {
      shown = presence;
      // If the connection is broken, the next one announces it.
      await hold().catch(() => {});
    },
    withdraw: async () => {
      withdrawn = true;
      await client.end();
    },
  };
}

/** The best state among the cell's workers; null when there is none. */
export async function presenceOfWorkers(db: Queryable, cell: string): Promise<Presence | null> {
  const row = onlyRow(
    await db.query<{ classes: number[] }>(
      `select coalesce(array_agg(distinct classid::int), '{}') as classes from pg_locks
       where locktype = 'advisory' and granted
         and database = (select oid from pg_database where datname = current_database())
         and classid::int = any ($1::int[]) and objid = (hashtext($2)::bigint & 4294967295)::oid`,
      [Object.values(presenceClasses), cell],
    ),
  );
  const isShown = (presence: Presence) => row.classes.includes(presenceClasses[presence]);
  if (isShown('at work')) return 'at work';
  return isShown('without cluster') ? 'without cluster' : null;
}
