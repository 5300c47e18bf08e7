import { loginMarks, migratorRole, ownerComment, sharingRole } from '../../tenant-databases/index.ts';
import {
  ensureMigrator,
  ensureRole,
  hasPassword,
  lockOut,
  NotOursError,
  type RoleFacts,
  type RoleOwner,
  readRole,
  wantedSettings,
} from './role.ts';
import { ensureSchema, missingGrants, readSchema } from './schema.ts';
import { type AdminSession, isSqlState, literal, type Queryable, quote } from './session.ts';
import type { DatabaseKind, DatabaseSpec } from './spec.ts';

export interface PlaceFacts {
  readonly connectionLimit: number | null;
  readonly migrationLevel: number;
  /** Changes with the role's password and settings; see `loginMarks`. */
  readonly login: string;
  /** Differences from what was made, in words; empty when there are none. */
  readonly drift: readonly string[];
}

/**
 * Makes a tenant's place, or corrects what exists: run again after a crash at any point, it ends the same.
 * @throws NotOursError when something of that name does not belong to the tenant.
 */
export async function ensurePlace(
  session: AdminSession,
  kind: DatabaseKind,
  spec: DatabaseSpec,
): Promise<Pick<PlaceFacts, 'migrationLevel' | 'login'>> {
  await session.admin(async (client) => {
    await ensureMigrator(session, client);
    if (kind === 'schema') return;
    await session.transaction(client, spec.tenantId, () => ensureRole(session, client, spec));
    await ensureDatabase(session, client, spec);
  });
  const database = spec.database ?? session.database;
  const made = await session.within(database, async (client) => {
    if (kind === 'schema') await session.share(client, database);
    else await session.shut(client);
    return session.transaction(client, spec.tenantId, async () => {
      // Role, schema and grants of a shared database are one transaction: all of them or none.
      if (kind === 'schema') await ensureRole(session, client, spec);
      const migrationLevel = await ensureSchema(session, client, spec);
      await withdrawTemporary(client, { ...spec, database });
      await client.query(
        kind === 'schema'
          ? `grant ${quote(sharingRole)} to ${quote(spec.role)} with inherit true, set false`
          : `grant connect on database ${quote(database)} to ${quote(spec.role)}`,
      );
      return { migrationLevel, login: await readLogin(session, client, spec.role) };
    });
  });
  if (made === null) throw new Error(`The database ${database} does not exist`);
  return made;
}

/**
 * Takes a right of the role's own to make tables that vanish with their session, which are on nobody's account. Only where
 * it has one: tenants that share a database would all change its one row.
 */
async function withdrawTemporary(
  client: Queryable,
  { role, database }: { readonly role: string; readonly database: string },
): Promise<void> {
  const { rows } = await client.query(
    `select from pg_database, aclexplode(datacl) as entry
      where datname = $2 and entry.grantee = $1::text::regrole and entry.privilege_type = 'TEMPORARY'`,
    [role, database],
  );
  if (rows.length > 0)
    await client.query(`revoke temporary on database ${quote(database)} from ${quote(role)}`);
}

async function readLogin(session: AdminSession, client: Queryable, role: string): Promise<string> {
  const { rows } = await client.query<{ mark: string }>(loginMarks(await session.powers(client)), [[role]]);
  return rows[0]?.mark ?? '';
}

async function ensureDatabase(session: AdminSession, client: Queryable, spec: DatabaseSpec): Promise<void> {
  const name = spec.database ?? '';
  const database = quote(name);
  const comment = ownerComment(spec.tenantId);
  const known = await readDatabase(client, name);
  // A crash after CREATE DATABASE leaves it unmarked; belonging to the migrator under this name marks it as well.
  if (known && known.comment !== comment && !(known.comment === null && known.owner === migratorRole)) {
    throw new NotOursError('database', name, known.comment, spec.tenantId);
  }
  if (!known) {
    try {
      await session.statement(
        client,
        `create database ${database} owner ${quote(migratorRole)} template template0`,
      );
    } catch (error) {
      // The statement of an earlier process was still running.
      if (!isSqlState(error, '42P04', '23505')) throw error;
      return ensureDatabase(session, client, spec);
    }
  }
  await session.transaction(client, spec.tenantId, async () => {
    await client.query(`comment on database ${database} is ${literal(comment)}`);
    await client.query(`revoke all on database ${database} from public`);
  });
}

async function readDatabase(client: Queryable, name: string) {
  const { rows } = await client.query<{ comment: string | null; owner: string; open: boolean }>(
    `select shobj_description(oid, 'pg_database') as comment, pg_get_userbyid(datdba) as owner,
            exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) as entry
                     where entry.grantee = 0 and entry.privilege_type = 'CONNECT') as open
       from pg_database where datname = $1`,
    [name],
  );
  return rows[0] ?? null;
}

/** The place as it is; null when nothing of it exists. */
export async function readPlace(
  session: AdminSession,
  kind: DatabaseKind,
  spec: RoleOwner & {
    readonly database: string | undefined;
    readonly schema: string;
    readonly password: string | undefined;
  },
): Promise<PlaceFacts | null> {
  const database = spec.database ?? session.database;
  const found = await session.within(database, async (client) => ({
    schema: await readSchema(client, spec.schema),
    missing: await missingGrants(client, spec.schema, spec.role),
  }));
  const [role, login] = await session.admin(async (client) => [
    await readRole(client, spec.role),
    await readLogin(session, client, spec.role),
  ]);
  if (!role && !found?.schema && (kind === 'schema' || !found)) return null;

  const mine = ownerComment(spec.tenantId);
  const drift: string[] = [];
  if (!found) drift.push('the database is missing');
  else if (!found.schema) drift.push('the schema is missing');
  else if (found.schema.ownerComment !== mine) drift.push('the schema lost its mark');
  else if (found.schema.owner !== migratorRole) drift.push(`the schema is owned by ${found.schema.owner}`);
  if (!role) drift.push('the role is missing');
  else {
    if (!role.canLogin) drift.push('the role cannot log in');
    if (role.tooPowerful) drift.push('the role has rights that a tenant must not have');
    if (found) drift.push(...(await loginDrift(session, { ...spec, database }, role)));
    if (found?.schema) drift.push(...found.missing);
  }
  if (kind === 'database' && found) {
    const facts = await session.admin((client) => readDatabase(client, database));
    if (facts?.open) drift.push('everyone may connect to the database');
  }
  return {
    connectionLimit: role?.connectionLimit ?? null,
    migrationLevel: found?.schema?.migrationLevel ?? 0,
    login,
    drift,
  };
}

/** What the tenant itself may have changed, in words. */
async function loginDrift(
  session: AdminSession,
  spec: { role: string; schema: string; database: string; password: string | undefined },
  role: RoleFacts,
): Promise<string[]> {
  const { password } = spec;
  return session.admin(async (client) => {
    const drift: string[] = [];
    const { rows } = await client.query<{ may: boolean; temporary: boolean }>(
      `select has_database_privilege($1, $2, 'CONNECT') as may,
              has_database_privilege($1, $2, 'TEMPORARY') as temporary`,
      [spec.role, spec.database],
    );
    if (!rows[0]?.may) drift.push('the role may not connect to its database');
    if (rows[0]?.temporary) drift.push('the role may make temporary tables');
    const wanted = await wantedSettings(session, client, spec.schema);
    if (role.settings.join('\n') !== wanted.join('\n')) drift.push('the settings of the role were changed');
    const known = password === undefined || (await hasPassword(session, client, { ...spec, password }));
    if (!known) drift.push('the password of the role was changed');
    return drift;
  });
}

/** Removes the place and everything in it: sessions first, data next, the role last. Re-runnable from any point. */
export async function dropPlace(
  session: AdminSession,
  kind: DatabaseKind,
  spec: RoleOwner & { readonly database: string | undefined; readonly schema: string },
): Promise<void> {
  await session.admin((client) => lockOut(session, client, spec));
  if (kind === 'database') await session.admin((client) => dropDatabase(session, client, spec));
  else await dropSchema(session, spec);
  await session.admin((client) =>
    session.transaction(
      client,
      spec.tenantId,
      async () => {
        if (!(await readRole(client, spec.role))) return;
        await client.query(`drop owned by ${quote(spec.role)}`);
        await client.query(`drop role ${quote(spec.role)}`);
      },
      { last: true },
    ),
  );
}

async function dropSchema(
  session: AdminSession,
  spec: RoleOwner & { readonly database: string | undefined; readonly schema: string },
): Promise<void> {
  await session.within(spec.database ?? session.database, (client) =>
    session.transaction(
      client,
      spec.tenantId,
      async () => {
        const known = await readSchema(client, spec.schema);
        if (known && known.ownerComment !== ownerComment(spec.tenantId)) {
          throw new NotOursError('schema', spec.schema, known.ownerComment, spec.tenantId);
        }
        if (known) await client.query(`drop schema ${quote(spec.schema)} cascade`);
        if (await readRole(client, spec.role)) await client.query(`drop owned by ${quote(spec.role)}`);
      },
      { last: true },
    ),
  );
}

async function dropDatabase(
  session: AdminSession,
  client: Queryable,
  spec: RoleOwner & { readonly database: string | undefined },
): Promise<void> {
  const name = spec.database ?? '';
  const known = await readDatabase(client, name);
  if (!known) return;
  const marked = known.comment === ownerComment(spec.tenantId);
  if (!marked && !(known.comment === null && known.owner === migratorRole)) {
    throw new NotOursError('database', name, known.comment, spec.tenantId);
  }
  await session.statement(client, `drop database if exists ${quote(name)} with (force)`);
}
