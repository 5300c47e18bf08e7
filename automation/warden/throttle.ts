import pg from 'pg';
import type { Database, Queryable } from '../store/database.ts';
import { endHolders, ownerComment, type RoleMark, readMark, writeMark } from '../tenant-databases/index.ts';

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
    .filter(({ mark }) => mark.owner === ownerComment(tenantId));
}

/** Limits the role to fewer connections than its plan has, or gives it all of them again, and marks the role accordingly. */
export async function limitConnections(
  database: Database,
  { role, mark, connections: present }: MarkedRole,
  connections: number,
): Promise<void> {
  const plan = mark.throttledFrom ?? present;
  await endHolders(database, role);
  await database.transaction(async (client) => {
    await client.query("set local lock_timeout = '5s'");
    await client.query(`alter role ${pg.escapeIdentifier(role)} connection limit ${Math.trunc(connections)}`);
    const marked = writeMark({ ...mark, throttledFrom: connections < plan ? plan : null });
    await client.query(`comment on role ${pg.escapeIdentifier(role)} is ${pg.escapeLiteral(marked)}`);
  });
}
