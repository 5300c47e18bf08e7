import pg from 'pg';
import { connectionTo } from './connection.ts';
import { onlyRow, type Queryable } from './database.ts';

/** What a worker announces: that it works, or that its cluster does not answer. */
export type Presence = 'at work' | 'without cluster';

/** First half of the key of the advisory lock that a worker holds; the second half is its cell. */
const presenceClasses: Record<Presence, number> = { 'at work': 723_654, 'without cluster': 723_655 };

/** First half of the key of the lock that says that a holder of leases lives; the second half is its name. */
const holderClass = 723_656;

const reconnectMs = 1000;

export interface ShownPresence {
  /** Replaces the last announcement. */
  show(presence: Presence): Promise<void>;
  withdraw(): Promise<void>;
}

/**
 * Announces a worker of the cell, at first as `at work`, until the process ends for whatever reason.
 */
export async function announceWorker(databaseUrl: string, cell: string): Promise<ShownPresence> {
  let shown: Presence = 'at work';
  const kept = await keepLock(databaseUrl, () => [presenceClasses[shown], cell]);
  return {
    show: async (presence) => {
      shown = presence;
      await kept.renew();
    },
    withdraw: kept.end,
  };
}

/**
 * Says that the holder of leases lives, until its process ends for whatever reason. Call it before the holder takes one.
 * @returns takes that back
 */
export async function announceHolder(databaseUrl: string, holder: string): Promise<() => Promise<void>> {
  return (await keepLock(databaseUrl, () => [holderClass, holder])).end;
}

/**
 * Holds an advisory lock. It belongs to a session, so it has its own connection, which is reopened when it breaks.
 * @param key the halves of the lock's key, asked again for each new connection
 */
async function keepLock(databaseUrl: string, key: () => readonly [number, string]) {
  let client: pg.Client;
  let ended = false;
  const hold = () =>
    client.query('select pg_advisory_unlock_all(), pg_advisory_lock_shared($1, hashtext($2))', [...key()]);
  const connect = async () => {
    client = new pg.Client({
      ...connectionTo(databaseUrl),
      application_name: 'tenantry-worker-presence',
    });
    client.on('error', () => {});
    client.on('end', () => {
      if (!ended) setTimeout(() => void connect().catch(() => {}), reconnectMs);
    });
    await client.connect();
    await hold();
  };
  await connect();
  return {
    // If the connection is broken, the next one holds it.
    renew: () =>
      hold().then(
        () => {},
        () => {},
      ),
    end: async () => {
      ended = true;
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

/** An operation that nobody works on, although its end is not recorded. */
export interface Interruption {
  readonly tenantId: string;
  /** Whose lease has not expired yet, although it is gone; null when nobody has one. */
  readonly holder: string | null;
}

/**
 * Lists the tenants whose operation was cut short: its worker has died, is cut off from the database, or let its lease
 * expire. Says so before another worker can take over.
 */
export async function listInterrupted(
  db: Queryable,
  among: { readonly ids: readonly string[] } | { readonly cell: string },
): Promise<Interruption[]> {
  const { rows } = await db.query<Interruption>(
    `with alive as materialized (
       select objid from pg_locks where locktype = 'advisory' and granted and classid::int = $3
         and database = (select oid from pg_database where datname = current_database()))
     select t.id as "tenantId", l.holder from tenantry.tenant t
       left join tenantry.lease l on l.tenant_id = t.id and l.expires_at > clock_timestamp()
      where t.begun_spec is not null and t.reason_code is null
        and ($1::text[] is null or t.id = any($1)) and ($2::text is null or t.cell = $2)
        and not exists (select from alive where objid = (hashtext(l.holder)::bigint & 4294967295)::oid)
      order by t.id`,
    ['ids' in among ? among.ids : null, 'cell' in among ? among.cell : null, holderClass],
  );
  return rows;
}
