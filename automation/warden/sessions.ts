import type { Queryable } from '../store/database.ts';
import { readMark } from '../tenant-databases/index.ts';
import type { Session } from './offences.ts';

export interface TenantRole {
  readonly role: string;
  readonly tenantId: string;
}

/**
 * The marked roles of a server by id. A function names them, so that the connection remembers their names and can end their
 * sessions without reading a table.
 */
export async function readTenantRoles(client: Queryable): Promise<ReadonlyMap<number, TenantRole>> {
  const { rows } = await client.query<{ oid: number; role: string; comment: string }>(
    `select oid::int8 as oid, pg_get_userbyid(oid) as role, shobj_description(oid, 'pg_authid') as comment from pg_roles
      where shobj_description(oid, 'pg_authid') ~ '^tenantry:'`,
  );
  return new Map(
    rows.map(({ oid, role, comment }) => [
      oid,
      { role, tenantId: (readMark(comment).owner ?? '').replace(/^tenantry:/, '') },
    ]),
  );
}

/**
 * What tenants' sessions do, and how full the notification queue is. It asks functions only: a view would lock shared
 * tables, which a server refuses while its table of locks is full.
 */
export async function readSessions(
  client: Queryable,
  roles: ReadonlyMap<number, TenantRole>,
  options: { readonly temporaryFiles: boolean },
): Promise<{ sessions: readonly Session[]; queueUsage: number }> {
  const { rows } = await client.query<Omit<Session, 'role' | 'tenantId' | 'temporaryBytes'>>(
    `select pid, usesysid::int8 as user, state,
            (extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as "inTransactionMs",
            (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 as "inStateMs",
            (extract(epoch from clock_timestamp() - query_start) * 1000)::float8 as "inStatementMs",
            coalesce(locks, 0)::int8 as locks, coalesce(excludes, false) as "excludesAll"
       from pg_stat_get_activity(null) as activity
       left join (select pid, count(*) as locks,
                         bool_or(granted and locktype = 'relation' and mode = 'AccessExclusiveLock') as excludes
                    from pg_lock_status() group by pid) as held using (pid)
      where usesysid::int8 = any($1)`,
    [[...roles.keys()]],
  );
  const files = options.temporaryFiles ? await readTemporaryFiles(client) : new Map<number, number>();
  const usage = await client.query<{ usage: number }>('select pg_notification_queue_usage() as usage');
  const sessions = rows.flatMap((session) => {
    const whose = roles.get(session.user);
    return whose ? [{ ...session, ...whose, temporaryBytes: files.get(session.pid) ?? 0 }] : [];
  });
  return { sessions, queueUsage: Number(usage.rows[0]?.usage ?? 0) };
}

/** Bytes by process; empty when the server cannot say. Files are named `pgsql_tmp<pid>.<number>`. */
async function readTemporaryFiles(client: Queryable): Promise<ReadonlyMap<number, number>> {
  const { rows } = await client
    .query<{ pid: number; bytes: number }>(
      `select substring(name from '^pgsql_tmp([0-9]+)')::int as pid, sum(size)::int8 as bytes
         from pg_ls_tmpdir() group by 1`,
    )
    .catch(() => ({ rows: [] }));
  return new Map(rows.map(({ pid, bytes }) => [pid, bytes]));
}

/** Ends the session, unless its process now belongs to another role. */
export async function endSession(
  client: Queryable,
  { pid, user }: Pick<Session, 'pid' | 'user'>,
): Promise<void> {
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_get_activity($1) where pid is not null and usesysid::int8 = $2',
    [pid, user],
  );
}
