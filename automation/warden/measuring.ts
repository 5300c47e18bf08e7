/**
 * Measures the disk that tenants' places take, and closes full ones to writes.
 *
 * A tenant's tables belong to the migrator, so that nothing that we take from the tenant's role can be taken back by it. A
 * full place keeps SELECT, DELETE and gets TRUNCATE and MAINTAIN (VACUUM) so that the tenant can make room itself.
 */
import pg from 'pg';
import type { Logger } from 'pino';
import { withClient } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { grantStatements, readMark, readPowers, writeMark } from '../tenant-databases/index.ts';
import { judgeUse } from './disk.ts';
import { forgetUse, keepUse, type PlaceUse, tellUse, withLimits } from './disk-use.ts';
import { listConnected, type MeasuredPlace, measurePlaces, prepareMeasuring } from './measure.ts';
import { openClient, type TenantServer, urlOf } from './servers.ts';

export interface MeasureContext {
  /** The control plane's. */
  readonly database: Database;
  readonly servers: readonly TenantServer[];
  readonly cell: { readonly id: string };
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** What a plan has; for tests. */
  readonly limitBytes?: number;
}

/** Every place is measured after this time, and those with an open session at each look. */
const allAfterMs = 60_000;

export interface Measuring {
  look(): Promise<void>;
  close(): Promise<void>;
}

export function measuring(context: MeasureContext): Measuring {
  const clients = new Map<TenantServer, pg.Client>();
  let allAt = 0;

  const connect = async (server: TenantServer) => {
    const known = clients.get(server);
    if (known) return known;
    const client = await openClient(server, 'tenantry-disk', 120_000);
    client.once('end', () => clients.delete(server));
    await prepareMeasuring(client);
    clients.set(server, client);
    return client;
  };

  const measure = async (server: TenantServer, all: boolean): Promise<readonly MeasuredPlace[]> => {
    const client = await connect(server);
    const roles = all ? null : await listConnected(client);
    const places = roles?.length === 0 ? [] : await measurePlaces(client, roles);
    await judge(context, server, places, all);
    return places;
  };

  return {
    async look() {
      const all = performance.now() - allAt >= allAfterMs || allAt === 0;
      const found: MeasuredPlace[] = [];
      let complete = all;
      for (const server of context.servers) {
        try {
          found.push(...(await measure(server, all)));
        } catch (error) {
          complete = false;
          await clients
            .get(server)
            ?.end()
            .catch(() => {});
          clients.delete(server);
          context.log.error(
            { error, server: server.name },
            "the disk of tenants' databases was not measured",
          );
        }
      }
      if (all) allAt = performance.now();
      if (complete) await forgetUse(context.database, context.cell.id, found);
    },
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.end().catch(() => {})));
    },
  };
}

/** @param all closes full places again, in case that a right came back */
async function judge(
  { database, log, limitBytes }: MeasureContext,
  server: TenantServer,
  places: readonly MeasuredPlace[],
  all: boolean,
): Promise<void> {
  const quiet: PlaceUse[] = [];
  for (const known of await withLimits(database, places)) {
    const use = limitBytes === undefined ? known : { ...known, limitBytes };
    const judgement = judgeUse(use.usedBytes, use.limitBytes, use.was);
    const changes = judgement.full !== use.was.full;
    try {
      if (changes || (judgement.full && all)) await setWritable(server, use, !judgement.full);
      if (changes || judgement.notice !== null) await tellUse(database, use, judgement);
      else quiet.push(use);
    } catch (error) {
      log.warn(
        { error, tenant: use.tenantId },
        "a tenant's database could not be closed or opened to writes",
      );
    }
  }
  await keepUse(database, quiet);
}

/** Takes or gives the right to write, and marks the role accordingly. */
async function setWritable(server: TenantServer, place: MeasuredPlace, writable: boolean): Promise<void> {
  const { role, schema } = place;
  await withClient({ url: urlOf(server.url, place.database), name: 'tenantry-disk' }, async (client) => {
    const powers = await readPowers(client);
    await client.query("begin; set local lock_timeout = '5s'");
    const { rows } = await client.query<{ comment: string | null }>(
      "select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = $1",
      [role],
    );
    for (const statement of grantStatements({ schema, role, full: !writable }, powers))
      await client.query(statement);
    const mark = writeMark({ ...readMark(rows[0]?.comment ?? null), full: !writable });
    await client.query(`comment on role ${pg.escapeIdentifier(role)} is ${pg.escapeLiteral(mark)}`);
    await client.query('commit');
    // A statement that runs has passed the check of its rights, and may write on and on.
    if (!writable && !place.full)
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_get_activity(null)
          where pg_get_userbyid(usesysid) = $1 and state <> 'idle'`,
        [role],
      );
  });
}
