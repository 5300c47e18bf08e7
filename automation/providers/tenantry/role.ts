import { scramVerifier } from './scram.ts';
import { type AdminSession, isSqlState, literal, type Queryable, quote } from './session.ts';
import { type DatabaseSpec, ownerComment } from './spec.ts';

/** Owns every tenant's schema and runs migrations; nobody logs in as it, and tenants are not its members. */
export const migratorRole = 'tenantry_migrator';

/** The server ends a tenant's statement that runs longer. */
const statementTimeout = '30s';
const idleInTransactionTimeout = '60s';

/** A role, schema or database of this name exists and does not belong to the tenant. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';
  constructor(what: string, name: string, comment: string | null, tenantId: string) {
    const whose = comment ? `it is marked ${JSON.stringify(comment)}` : 'it carries no mark of ours';
    super(`The ${what} ${name} already exists and is not tenant ${tenantId}'s: ${whose}`);
  }
}

export interface RoleFacts {
  readonly comment: string | null;
  readonly canLogin: boolean;
  readonly connectionLimit: number;
  /** The role has a right that a tenant must not have. */
  readonly tooPowerful: boolean;
}

export async function readRole(client: Queryable, role: string): Promise<RoleFacts | null> {
  const { rows } = await client.query<{
    comment: string | null;
    rolcanlogin: boolean;
    rolconnlimit: number;
    powerful: boolean;
  }>(
    `select shobj_description(oid, 'pg_authid') as comment, rolcanlogin, rolconnlimit,
            rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication or rolinherit as powerful
       from pg_roles where rolname = $1`,
    [role],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    comment: row.comment,
    canLogin: row.rolcanlogin,
    connectionLimit: row.rolconnlimit,
    tooPowerful: row.powerful,
  };
}

/** Makes the migrator once per server. Two processes may try at once: the later one finds it. */
export async function ensureMigrator(session: AdminSession, client: Queryable): Promise<void> {
  if (!(await readRole(client, migratorRole))) {
    try {
      await session.statement(client, `create role ${quote(migratorRole)} nologin nosuperuser nobypassrls`);
    } catch (error) {
      if (!isSqlState(error, '42710', '23505')) throw error;
    }
  }
  await actAs(session, client, migratorRole);
}

/**
 * Lets an administrator who is no superuser (Amazon RDS) own and alter what the role owns. Since PostgreSQL 16 a
 * role's creator administers it, but cannot act as it.
 */
async function actAs(session: AdminSession, client: Queryable, role: string): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>('select pg_has_role(current_user, $1, $2) as may', [
    role,
    'SET',
  ]);
  if (!rows[0]?.may) await session.statement(client, `grant ${quote(role)} to current_user`);
}

/** Creates or corrects the tenant's role; inside the caller's transaction. @throws NotOursError */
export async function ensureRole(client: Queryable, spec: DatabaseSpec): Promise<void> {
  const role = quote(spec.role);
  const comment = ownerComment(spec.tenantId);
  const known = await readRole(client, spec.role);
  if (known && known.comment !== comment) {
    throw new NotOursError('role', spec.role, known.comment, spec.tenantId);
  }
  if (!known) await client.query(`create role ${role}`);
  const verifier = await scramVerifier(spec.password);
  await client.query(
    `alter role ${role} login nocreatedb nocreaterole noinherit
       connection limit ${Math.trunc(spec.connectionLimit)} password ${literal(verifier)}`,
  );
  // Only a superuser may set these, even to their present values.
  if (known?.tooPowerful) await client.query(`alter role ${role} nosuperuser nobypassrls noreplication`);
  await client.query(`alter role ${role} set search_path to ${quote(spec.schema)}`);
  await client.query(`alter role ${role} set statement_timeout to ${literal(statementTimeout)}`);
  await client.query(
    `alter role ${role} set idle_in_transaction_session_timeout to ${literal(idleInTransactionTimeout)}`,
  );
  if (!known) await client.query(`comment on role ${role} is ${literal(comment)}`);
}

/**
 * Keeps the role from logging in again and ends its sessions. Returns true when the role exists and belongs to this
 * tenant.
 */
export async function lockOut(session: AdminSession, client: Queryable, spec: RoleOwner): Promise<boolean> {
  const known = await readRole(client, spec.role);
  if (!known) return false;
  if (known.comment !== ownerComment(spec.tenantId)) {
    throw new NotOursError('role', spec.role, known.comment, spec.tenantId);
  }
  await actAs(session, client, spec.role);
  await session.statement(client, `alter role ${quote(spec.role)} nologin`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
    spec.role,
  ]);
  return true;
}

export interface RoleOwner {
  readonly role: string;
  readonly tenantId: string;
}
