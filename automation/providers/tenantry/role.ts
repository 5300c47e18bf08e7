import {
  endHolders,
  loginSettings,
  migratorRole,
  ownerComment,
  type RoleMark,
  readMark,
  writeMark,
} from '../../tenant-databases/index.ts';
import { isVerifierOf, scramVerifier } from './scram.ts';
import { type AdminSession, isSqlState, literal, type Queryable, quote } from './session.ts';
import type { DatabaseSpec } from './spec.ts';

/** A role, schema or database of this name exists and does not belong to the tenant. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';
  constructor(what: string, name: string, comment: string | null, tenantId: string) {
    const whose = comment ? `it is marked ${JSON.stringify(comment)}` : 'it carries no mark of ours';
    super(`The ${what} ${name} already exists and is not tenant ${tenantId}'s: ${whose}`);
  }
}

export interface RoleFacts {
  readonly mark: RoleMark;
  readonly canLogin: boolean;
  /** Of the plan, whatever the role is throttled to. */
  readonly connectionLimit: number;
  /** What holds now. */
  readonly presentLimit: number;
  /** The role has a right that a tenant must not have. */
  readonly tooPowerful: boolean;
  /** `name=value`, sorted; those for one database begin with its id. */
  readonly settings: readonly string[];
}

export async function readRole(client: Queryable, role: string): Promise<RoleFacts | null> {
  const { rows } = await client.query<{
    comment: string | null;
    rolcanlogin: boolean;
    rolconnlimit: number;
    powerful: boolean;
    settings: string[];
  }>(
    `select shobj_description(oid, 'pg_authid') as comment, rolcanlogin, rolconnlimit,
            rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication or rolinherit as powerful,
            array(select case setdatabase when 0 then setting else setdatabase || ':' || setting end
                    from pg_db_role_setting, unnest(setconfig) as setting where setrole = role.oid) as settings
       from pg_roles as role where rolname = $1`,
    [role],
  );
  const row = rows[0];
  if (!row) return null;
  const mark = readMark(row.comment);
  return {
    mark,
    canLogin: row.rolcanlogin,
    connectionLimit: mark.throttledFrom ?? row.rolconnlimit,
    presentLimit: row.rolconnlimit,
    tooPowerful: row.powerful,
    settings: row.settings.sort(),
  };
}

/** What the role's settings should be, as `readRole` gives them. */
export async function wantedSettings(
  session: AdminSession,
  client: Queryable,
  schema: string,
): Promise<readonly string[]> {
  const settings = loginSettings(schema, await session.powers(client));
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

/**
 * Whether the role logs in with the password: by the verifier where the administrator sees it, else by a try. A tenant
 * can change its own.
 */
export async function hasPassword(
  session: AdminSession,
  client: Queryable,
  login: { readonly role: string; readonly password: string; readonly database: string },
): Promise<boolean> {
  if (!(await session.powers(client)).readsVerifiers) return session.accepts(login);
  const { rows } = await client.query<{ verifier: string | null }>(
    'select rolpassword as verifier from pg_authid where rolname = $1',
    [login.role],
  );
  return isVerifierOf(rows[0]?.verifier ?? '', login.password);
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
export async function ensureRole(
  session: AdminSession,
  client: Queryable,
  spec: DatabaseSpec,
): Promise<void> {
  const role = quote(spec.role);
  const owner = ownerComment(spec.tenantId);
  const known = await readRole(client, spec.role);
  if (known && known.mark.owner !== owner) {
    throw new NotOursError('role', spec.role, known.mark.owner, spec.tenantId);
  }
  if (known) await release(session, client, spec.role);
  else await client.query(`create role ${role}`);
  const limit = Math.trunc(spec.connectionLimit);
  const throttled = known?.mark.throttledFrom != null;
  const verifier = await scramVerifier(spec.password);
  await client.query(
    `alter role ${role} login nocreatedb nocreaterole noinherit
       connection limit ${throttled ? Math.min(known.presentLimit, limit) : limit} password ${literal(verifier)}`,
  );
  // Only a superuser may set these, even to their present values.
  if (known?.tooPowerful) await client.query(`alter role ${role} nosuperuser nobypassrls noreplication`);
  const settings = loginSettings(spec.schema, await session.powers(client));
  if (known) await forgetSettings(client, spec.role, known.settings);
  const mark = { owner, throttledFrom: throttled ? limit : null, full: known?.mark.full ?? false };
  await client.query(
    [
      ...Object.entries(settings).map(
        ([name, value]) => `alter role ${role} set ${name} to ${literal(value)}`,
      ),
      `comment on role ${role} is ${literal(writeMark(mark))}`,
    ].join(';'),
  );
}

/** Takes the role's settings away, those for one database too. */
async function forgetSettings(client: Queryable, name: string, settings: readonly string[]): Promise<void> {
  const role = quote(name);
  await client.query(`alter role ${role} reset all`);
  if (!settings.some((setting) => /^\d+:/.test(setting))) return;
  const { rows } = await client.query<{ database: string }>(
    `select datname as database from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid
      where s.setrole = $1::text::regrole`,
    [name],
  );
  for (const { database } of rows) {
    await client.query(`alter role ${role} in database ${quote(database)} reset all`);
  }
}

/** Ends who holds up the role, so that it can be changed. */
async function release(session: AdminSession, client: Queryable, role: string): Promise<void> {
  await actAs(session, client, role);
  await endHolders(client, role);
}

/** Keeps the role from logging in again and ends its sessions. @throws NotOursError */
export async function lockOut(session: AdminSession, client: Queryable, spec: RoleOwner): Promise<void> {
  const known = await readRole(client, spec.role);
  if (!known) return;
  if (known.mark.owner !== ownerComment(spec.tenantId)) {
    throw new NotOursError('role', spec.role, known.mark.owner, spec.tenantId);
  }
  await release(session, client, spec.role);
  await session.statement(client, `alter role ${quote(spec.role)} nologin`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
    spec.role,
  ]);
}

export interface RoleOwner {
  readonly role: string;
  readonly tenantId: string;
}
