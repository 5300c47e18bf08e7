import pg from 'pg';
import { connectionTo } from './connection.ts';

/** Runs SQL: the pool, or the client of one transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

export interface Database extends Queryable {
  readonly pool: pg.Pool;
  /** Runs `work` in a transaction: commits when it resolves, rolls back when it rejects. */
  transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

// Safe for counts and ids, which fit a double, and for money, which is whole cents or micro-dollars.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/**
 * Opens a pool of connections.
 * @param maxConnections this process's share of the server's connections
 * @param queryTimeoutMs a query without an answer fails after this time, and its connection is closed
 * @param relaxedCommits commits do not wait for the disk, so a crash of the server may lose the last few of them. Only for
 *   what may be lost.
 * @param abandonAfterMs PostgreSQL rolls back a transaction that its process leaves idle for this time: the process may
 *   have stopped while others wait for its locks
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
  // By statements, because a proxy in between (RDS Proxy) refuses such settings at connection time.
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
  // When an idle connection breaks, the next query opens another. Without a listener the break would end the process.
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

/**
 * Whether the database could not be reached or takes no work now, so that trying again helps: connection failures, and
 * PostgreSQL's classes 08 (connection), 28 (sign-in), 53 (resources), 57 (shutdown) and 58 (system); 25006 is a former
 * primary after a failover, 3D000 and 55000 a database that takes no connections.
 */
export function isDatabaseAway(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' &&
      /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08|28|53|57|58|25006|3D000|55000)/.test(code)) ||
    (typeof message === 'string' &&
      /timeout exceeded when trying to connect|Connection terminated|connection error|Query read timeout/.test(
        message,
      ))
  );
}

/** True when PostgreSQL ended the transaction because of a deadlock. It may be tried again. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '40P01';
}

/** Opens a pool for each server, by name. None connects before its first query. */
export function openServers(
  urls: Readonly<Record<string, string>>,
  options: { maxConnections: number; name: string },
): ReadonlyMap<string, Database> {
  return new Map(Object.entries(urls).map(([server, url]) => [server, openDatabase(url, options)]));
}

/** The text without what PostgreSQL cannot store: NUL characters and lone surrogates. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

export function firstRow<T extends pg.QueryResultRow>(result: pg.QueryResult<T>): T | null {
  return result.rows[0] ?? null;
}

/** The only row of a result that cannot be empty, such as an aggregate's. */
export function onlyRow<T extends pg.QueryResultRow>(result: pg.QueryResult<T>): T {
  const row = result.rows[0];
  if (!row) throw new Error('a query that always returns a row returned none');
  return row;
}
