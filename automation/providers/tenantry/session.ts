import pg from 'pg';
import { connectionTo } from '../../store/connection.ts';
import { closeDatabase, type Powers, readPowers, shareDatabase } from '../../tenant-databases/index.ts';

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
  #powers: Powers | undefined;
  readonly #shared = new Set<string>();

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

  /**
   * One transaction; every change of one tenant waits for the previous one, by a row that no tenant can lock.
   * @param options.last nothing of the tenant stays in the database: the row goes, too
   */
  async transaction<T>(
    client: Queryable,
    tenantId: string,
    run: () => Promise<T>,
    options: { last: boolean } = { last: false },
  ): Promise<T> {
    this.#beforeWrite();
    await beginLocked(client, tenantId);
    try {
      const result = await run();
      if (options.last) await client.query('delete from tenantry.place where tenant_id = $1', [tenantId]);
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

  /** What the administrator may do on this server. */
  async powers(client: Queryable): Promise<Powers> {
    this.#powers ??= await readPowers(client);
    return this.#powers;
  }

  /** Makes the database of the connection one that tenants share, unless this process already has. */
  async share(client: Queryable, database: string): Promise<void> {
    if (this.#shared.has(database)) return;
    this.#beforeWrite();
    await shareDatabase(client);
    this.#shared.add(database);
  }

  /** Takes from everyone what is not for tenants, in the database of the connection. */
  async shut(client: Queryable): Promise<void> {
    this.#beforeWrite();
    await closeDatabase(client);
  }

  /** Whether the login works. */
  async accepts(login: { role: string; password: string; database: string }): Promise<boolean> {
    const { password: _, connectionString, ...options } = this.#options(login.database);
    const url = new URL(connectionString ?? `postgres://${options.host}:${options.port}/${login.database}`);
    url.username = login.role;
    url.password = login.password;
    const client = new pg.Client({
      connectionString: url.href,
      ...(options.ssl !== undefined && { ssl: options.ssl }),
      application_name: 'tenantry-provider',
      connectionTimeoutMillis: connectTimeoutMs,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } catch (error) {
      // invalid_password. Later errors, such as too many connections, mean that the password is right.
      return !isSqlState(error, '28P01');
    } finally {
      await client.end().catch(() => {});
    }
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

async function beginLocked(client: Queryable, tenantId: string): Promise<void> {
  for (;;) {
    await client.query('begin');
    try {
      await client.query(
        `insert into tenantry.place (tenant_id) values ($1)
         on conflict (tenant_id) do update set tenant_id = excluded.tenant_id`,
        [tenantId],
      );
      return;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      // undefined_table, invalid_schema_name: the first transaction in this database.
      if (!isSqlState(error, '42P01', '3F000')) throw error;
      await makePlaces(client);
    }
  }
}

/** Rights on it have nobody but the administrator. Two processes may try at once: the later one finds it. */
async function makePlaces(client: Queryable): Promise<void> {
  try {
    await client.query('create schema if not exists tenantry');
    await client.query('create table if not exists tenantry.place (tenant_id text primary key)');
  } catch (error) {
    if (!isSqlState(error, '42P06', '42P07', '42710', '23505')) throw error;
  }
}

export function isSqlState(error: unknown, ...codes: readonly string[]): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && codes.includes(code);
}
