import pg from 'pg';
import { connectionTo } from './connection.ts';

/** Anything that runs SQL: the pool, or the client of one transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

export interface Database extends Queryable {
  readonly pool: pg.Pool;
  /** Runs `work` in one transaction; commits when it resolves, rolls back when it rejects. */
  transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

// Counts and ids fit a double; money is stored in integer cents and never read through this parser.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/**
 * Opens a pool on `url`.
 * @param maxConnections this process's share of the server's connections
 * @param queryTimeoutMs a query without an answer for so long fails, and its connection is closed
 * @param relaxedCommits commits do not wait for the disk: a crash of the server may forget the last moments of them.
 *   Only for what may be forgotten.
 * @param abandonAfterMs rolls back a transaction that its process does not continue for so long: the process may be
 *   stopped, and others wait for its locks
 */
export function openDatabase(
  url: string,
  options: {
    maxConnections?: number;
    name?: string;
    queryTimeoutMs?: number;
    relaxedCommits?: boolean;
    abandonAfterMs?: number;
  } = {},
): Database {
  // By statements, as a proxy in between (RDS Proxy) refuses such settings at connection time.
  const settings = [
    ...(options.relaxedCommits ? ['set synchronous_commit = off'] : []),
    ...(options.abandonAfterMs === undefined
      ? []
      : [`set idle_in_transaction_session_timeout = ${options.abandonAfterMs}`]),
  ].join(';');
  const pool = new pg.Pool({
    ...connectionTo(url),
    max: options.maxConnections ?? 10,
    application_name: options.name ?? 'tenantry',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    ...(settings && { onConnect: (client: pg.ClientBase) => client.query(settings).then(() => {}) }),
    ...(options.queryTimeoutMs !== undefined && { query_timeout: options.queryTimeoutMs }),
  });
  // The next query replaces an idle connection that breaks; without a listener the break would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    pool,
    query: pool.query.bind(pool),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('begin');
        const result = await work(client);
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch((rollbackError: Error) => {
          broken = rollbackError;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}

/** Whether PostgreSQL ended a transaction because it and another one waited for each other. It may be tried again. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '40P01';
}

/** Opens a pool on each of several servers, by name; none connects before its first query. */
export function openServers(
  urls: Readonly<Record<string, string>>,
  options: { maxConnections: number; name: string },
): ReadonlyMap<string, Database> {
  return new Map(Object.entries(urls).map(([server, url]) => [server, openDatabase(url, options)]));
}

/** Text without what PostgreSQL cannot store: NUL characters and half characters. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** First row of a result, or null. */
export function firstRow<T extends pg.QueryResultRow>(result: pg.QueryResult<T>): T | null {
  return result.rows[0] ?? null;
}

/** The only row of a result that cannot be empty (an aggregate, an upsert that returns). */
export function onlyRow<T extends pg.QueryResultRow>(result: pg.QueryResult<T>): T {
  const row = result.rows[0];
  if (!row) throw new Error('a query that always returns a row returned none');
  return row;
}
