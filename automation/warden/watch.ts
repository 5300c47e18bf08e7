import type pg from 'pg';
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import { forgive, listReformed, recordOffence, recordThrottle } from './conduct.ts';
import { connectionsAfter, defaultLimits, type Limits, offenceOf, type Session } from './offences.ts';
import { openClient, type TenantServer } from './servers.ts';
import { endSession, readSessions, readTenantRoles, type TenantRole } from './sessions.ts';
import { findRoles, limitConnections } from './throttle.ts';

export interface WatchContext {
  /** The control plane's. */
  readonly database: Database;
  readonly servers: readonly TenantServer[];
  readonly cell: { readonly id: string };
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly limits?: Limits;
  /** A throttle ends after this long without an offence. */
  readonly quietMs?: number;
}

const defaultQuietMs = 3_600_000;

/**
 * A look at every server ends tenants' sessions that harm others and records that in the tenant's trail. It gives repeat
 * offenders fewer connections, and all of them back after a quiet time.
 */
export interface Watch {
  look(): Promise<void>;
  close(): Promise<void>;
}

export function watching(context: WatchContext): Watch {
  const posts = context.servers.map((server) => new Post(server));
  return {
    async look() {
      for (const post of posts) {
        try {
          await watchServer(context, post);
        } catch (error) {
          const { name } = post.server;
          await post.close();
          context.log.error({ error, server: name }, "a server of tenants' databases could not be watched");
        }
      }
      await restore(context);
    },
    close: async () => {
      await Promise.all(posts.map((post) => post.close()));
    },
  };
}

/**
 * The warden's post at a server: a connection that it keeps, and the roles that it has seen. With these it can free even a
 * server whose table of locks is full, which accepts no new connection and reads no shared table.
 */
class Post {
  readonly server: TenantServer;
  #client: pg.Client | undefined;
  #roles: ReadonlyMap<number, TenantRole> | undefined;
  #listsFiles: boolean | undefined;

  constructor(server: TenantServer) {
    this.server = server;
  }

  async client(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = await openClient(this.server, 'tenantry-warden', 30_000);
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#client = client;
    return client;
  }

  async roles(): Promise<ReadonlyMap<number, TenantRole>> {
    const client = await this.client();
    try {
      this.#roles = await readTenantRoles(client);
    } catch (error) {
      if (!this.#roles) throw error;
    }
    return this.#roles;
  }

  async listsTemporaryFiles(): Promise<boolean> {
    if (this.#listsFiles === undefined) {
      const { rows } = await (await this.client()).query<{ may: boolean }>(
        "select has_function_privilege('pg_ls_tmpdir()', 'execute') as may",
      );
      this.#listsFiles = rows[0]?.may ?? false;
    }
    return this.#listsFiles;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }
}

async function watchServer(
  { database, log, limits = defaultLimits }: WatchContext,
  post: Post,
): Promise<void> {
  const { name, database: server } = post.server;
  const [client, roles] = [await post.client(), await post.roles()];
  const { sessions, queueUsage } = await readSessions(client, roles, {
    temporaryFiles: await post.listsTemporaryFiles(),
  });
  const offenders = sessions.flatMap((session) => {
    const kind = offenceOf(session, queueUsage, limits);
    return kind ? [{ session, kind }] : [];
  });
  // Ends all of them first; the records can wait.
  for (const { session } of offenders) await endSession(client, session);
  const told = new Set<string>();
  for (const { session, kind } of offenders) {
    log.warn({ server: name, tenant: session.tenantId, reason: kind }, "a session of a tenant's was ended");
    // Sessions of one pool that hang together are one offence.
    const offence = `${session.tenantId} ${kind}`;
    if (told.has(offence)) continue;
    told.add(offence);
    const offences = await recordOffence(database, session.tenantId, kind);
    if (offences !== null) await throttle(database, server, session, offences);
  }
}

async function throttle(
  database: Database,
  server: Database,
  { tenantId, role }: Session,
  offences: number,
): Promise<void> {
  const found = (await findRoles(server, tenantId)).find((each) => each.role === role);
  if (!found) return;
  const plan = found.mark.throttledFrom ?? found.connections;
  const connections = connectionsAfter(offences, plan);
  if (connections >= found.connections) return;
  await limitConnections(server, found, connections);
  await recordThrottle(database, tenantId, connections, plan);
}

/** Forgives a tenant once all its servers have answered. A server that does not answer delays no other tenant. */
async function restore({
  database,
  servers,
  cell,
  log,
  quietMs = defaultQuietMs,
}: WatchContext): Promise<void> {
  for (const tenantId of await listReformed(database, cell.id, quietMs)) {
    try {
      for (const server of servers) {
        for (const role of await findRoles(server.database, tenantId)) {
          if (role.mark.throttledFrom !== null)
            await limitConnections(server.database, role, role.mark.throttledFrom);
        }
      }
      await forgive(database, tenantId);
    } catch (error) {
      log.warn({ error, tenant: tenantId }, 'the connections of a tenant could not be given back yet');
    }
  }
}
