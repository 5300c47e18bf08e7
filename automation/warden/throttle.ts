import pg from 'pg';
import type { Database, Queryable } from '../store/database.ts';
import { type RoleMark, readMark, writeMark } from '../tenant-databases/index.ts';

export interface MarkedRole {
  readonly role: string;
  readonly mark: RoleMark;
  /** The present limit. */
  readonly connections: number;
}

/** The tenant's roles on the server: one, or two while it moves from a schema to a database. */
export async function findRoles(client: Queryable, tenantId: string): Promise<readonly MarkedRole[]> {
  const { rows } = await client.query<{ role: string; comment: string; connections: number }>(
    `select rolname as role, shobj_description(oid, 'pg_authid') as comment, rolconnlimit as connections
       from pg_roles where rolname = any($1)`,
    [[`tenant_${tenantId}`, `tenant_${tenantId}_app`]],
  );
  return rows
    .map(({ role, comment, connections }) => ({ role, connections, mark: readMark(comment) }))
    .filter(({ mark }) => mark.owner === `tenantry:${tenantId}`);
}

/** Limits the role to fewer connections than its plan has, or gives it all of them again, and marks the role accordingly. */
export async function limitConnections(
  database: Database,
  { role, mark, connections: present }: MarkedRole,
  connections: number,
): Promise<void> {
  const plan = mark.throttledFrom ?? present;
  await changeRole(database, role, [
    `alter role ${pg.escapeIdentifier(role)} connection limit ${Math.trunc(connections)}`,
    commentOn(role, { ...mark, throttledFrom: connections < plan ? plan : null }),
  ]);
}

export function commentOn(role: string, mark: RoleMark): string {
  return `comment on role ${pg.escapeIdentifier(role)} is ${pg.escapeLiteral(writeMark(mark))}`;
}

/** Changes the role in one transaction, and ends sessions of the role that hold it up. */
export async function changeRole(
  database: Database,
  role: string,
  statements: readonly string[],
): Promise<void> {
  await database.query(
    `select pg_terminate_backend(activity.pid, 1000)
       from pg_stat_activity as activity join pg_locks as held using (pid)
      where activity.usename = $1 and held.granted and held.mode = 'RowExclusiveLock'
        and held.relation in ('pg_authid'::regclass, 'pg_db_role_setting'::regclass)`,
    [role],
  );
  await database.transaction(async (client) => {
    await client.query("set local lock_timeout = '5s'");
    for (const statement of statements) await client.query(statement);
  });
}
