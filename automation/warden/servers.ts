import pg from 'pg';
import type { Logger } from 'pino';
import { sharedServerDanger, sharedServerRefused } from '../environment/index.ts';
import { type Connecting, connectionTo, withClient } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { ensureDatabase } from '../store/migrate.ts';
import { closeDatabase, closeServer, shareDatabase } from '../tenant-databases/index.ts';

/** A server that tenants log in to. */
export interface TenantServer {
  /** Name of a server for one tenant; null for the cell's shared one. */
  readonly name: string | null;
  /** Administrator's URL. */
  readonly url: string;
  readonly database: Database;
}

type Log = Pick<Logger, 'warn'>;

/**
 * Makes the database that a cell's tenants share, unless it exists, and lets nobody else into it.
 * @throws EnvironmentError when it is on the control plane's server, under whatever name, and may not be
 */
export async function prepareSharedDatabase(
  env: {
    readonly databaseUrl: string;
    readonly tenantDatabaseUrl: string;
    readonly tenantsShareServer: boolean;
  },
  log: Log,
): Promise<void> {
  const url = env.tenantDatabaseUrl;
  await ensureDatabase(url);
  const [ours, theirs] = await Promise.all([serverOf(env.databaseUrl), serverOf(url)]);
  if (ours === theirs && !env.tenantsShareServer)
    throw sharedServerRefused('names the server of DATABASE_URL');
  if (ours === theirs) log.warn(`TENANTRY_TENANTS_SHARE_DATABASE_SERVER is on: ${sharedServerDanger}`);
  await withClient(asRights(url), async (client) => warnOf(await shareDatabase(client), url, log));
}

/** When a server started, to the microsecond, which identifies it. */
function serverOf(url: string): Promise<string> {
  return withClient(asRights(url), async (client) => {
    const { rows } = await client.query<{ started: string }>(
      'select pg_postmaster_start_time()::text as started',
    );
    return rows[0]?.started ?? '';
  });
}

/** The most databases that one step closes; the next step continues. */
const batch = 50;

/**
 * Revokes from everyone what is not for tenants, on servers and in databases that this process has not closed yet: those
 * from an earlier version, and those that somebody has opened.
 */
export function closing(servers: readonly TenantServer[], log: Log): () => Promise<void> {
  const seen = new Set<string>();
  const close = async ({ url, database }: TenantServer) => {
    await withClient(asRights(url), async (client) => {
      const left = await closeServer(client);
      if (!seen.has(url)) warnOf(left, url, log);
      seen.add(url);
    });
    const { rows } = await database.query<{ name: string }>(
      `select datname as name from pg_database
        where datallowconn and shobj_description(oid, 'pg_database') ~ '^tenantry:' order by oid`,
    );
    const open = rows.map(({ name }) => urlOf(url, name)).filter((one) => !seen.has(one));
    await each(open.slice(0, batch), async (one) => {
      await withClient(asRights(one), closeDatabase);
      seen.add(one);
    });
  };
  return () => each(servers, close);
}

/** Works on one item after another, even if one fails, for example because its server is away. @throws the first error */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) await work(item).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** A connection to keep. @param name what it calls itself */
export async function openClient(
  { url }: Pick<TenantServer, 'url'>,
  name: string,
  queryTimeoutMs: number,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...connectionTo(url),
    application_name: name,
    connectionTimeoutMillis: 10_000,
    query_timeout: queryTimeoutMs,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

function asRights(url: string): Connecting {
  return { url, name: 'tenantry-rights' };
}

export function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

function warnOf(left: readonly string[], url: string, log: Log): void {
  if (left.length === 0) return;
  log.warn(
    { server: new URL(url).hostname, open: left.slice(0, 10), count: left.length },
    "what belongs to the server's owner stays open to every tenant's login: docs/isolation.md says what that means",
  );
}
