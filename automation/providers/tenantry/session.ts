import pg from 'pg';
import { connectionTo } from '../../store/connection.ts';

/** Enough for an engine that creates one tenant's resources; four runners make sixteen connections at most. */
const poolSize = 4;
const connectTimeoutMs = 10_000;
/** A statement that waits longer for a lock is better tried again by the job. */
const lockTimeoutMs = 15_000;
const idleTimeoutMs = 10_000;
/**
 * A transaction that its process does not continue for so long is rolled back: the process may be stopped, and the
 * next holder of the tenant's lease waits for its locks.
 */
const abandonAfterMs = 10_000;

export const quote = pg.escapeIdentifier;
export const literal = pg.escapeLiteral;

export type Queryable = Pick<pg.ClientBase, 'query'>;

/** Connections as the administrator, to the database of the admin URL and to any other on the same server. */
export class AdminSession {
  readonly #url: URL;
  readonly #beforeWrite: () => void;
  readonly #pool: pg.Pool;

  constructor(adminDatabaseUrl: string, beforeWrite: () => void) {
    this.#url = new URL(adminDatabaseUrl);
    this.#beforeWrite = beforeWrite;
    this.#pool = new pg.Pool({ ...this.#options(null), max: poolSize, idleTimeoutMillis: idleTimeoutMs });
    // The next use replaces an idle connection that the server closes.
    this.#pool.on('error', () => {});
  }

  get host(): string {
    return this.#url.hostname;
  }

  get port(): number {
    return Number(this.#url.port || 5432);
  }

  /** Database of the admin URL. */
  get database(): string {
    return decodeURIComponent(this.#url.pathname.replace(/^\//, '')) || 'postgres';
  }

  /** Runs with a connection to `database`; null when there is no such database. */
  async within<T>(database: string, run: (client: Queryable) => Promise<T>): Promise<T | null> {
    if (database === this.database) return this.admin(run);
    const client = new pg.Client(this.#options(database));
    client.on('error', () => {});
    try {
      await client.connect();
    } catch (error) {
      if (isSqlState(error, '3D000')) return null;
      throw error;
    }
    try {
      return await run(client);
    } finally {
      await client.end();
    }
  }

  async admin<T>(run: (client: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      const result = await run(client);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** One transaction; every change of one tenant waits for the previous one. */
  async transaction<T>(client: Queryable, tenantId: string, run: () => Promise<T>): Promise<T> {
    this.#beforeWrite();
    await client.query('begin');
    try {
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`tenantry:${tenantId}`]);
      const result = await run();
      this.#beforeWrite();
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    }
  }

  /** A statement that PostgreSQL does not allow inside a transaction. */
  async statement(client: Queryable, sql: string): Promise<void> {
    this.#beforeWrite();
    await client.query(sql);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #options(database: string | null): pg.ClientConfig {
    const url = new URL(this.#url);
    if (database !== null) url.pathname = `/${encodeURIComponent(database)}`;
    return {
      ...connectionTo(url.href),
      application_name: 'tenantry-provider',
      connectionTimeoutMillis: connectTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: abandonAfterMs,
    };
  }
}

export function isSqlState(error: unknown, ...codes: readonly string[]): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && codes.includes(code);
}
