import {
  ensureMigrator,
  ensureRole,
  lockOut,
  migratorRole,
  NotOursError,
  type RoleOwner,
  readRole,
} from './role.ts';
import { closePublicSchema, ensureSchema, missingGrants, readSchema } from './schema.ts';
import { type AdminSession, isSqlState, literal, type Queryable, quote } from './session.ts';
import { type DatabaseKind, type DatabaseSpec, ownerComment } from './spec.ts';

export interface PlaceFacts {
  readonly connectionLimit: number | null;
  readonly migrationLevel: number;
  /** Differences from what was made, in words; empty when there are none. */
  readonly drift: readonly string[];
}

/**
 * Makes a tenant's place, or corrects what exists: run again after a crash at any point, it ends the same. Returns
 * the migration level.
 * @throws NotOursError when something of that name does not belong to the tenant.
 */
export async function ensurePlace(
  session: AdminSession,
  kind: DatabaseKind,
  spec: DatabaseSpec,
): Promise<number> {
  await session.admin(async (client) => {
    await ensureMigrator(session, client);
    if (kind === 'database') {
      await session.transaction(client, spec.tenantId, () => ensureRole(client, spec));
      await ensureDatabase(session, client, spec);
    }
  });
  const database = spec.database ?? session.database;
  const level = await session.within(database, (client) =>
    session.transaction(client, spec.tenantId, async () => {
      // Role, schema and grants of a shared database are one transaction: all of them or none.
      if (kind === 'schema') await ensureRole(client, spec);
      await closePublicSchema(client);
      return ensureSchema(client, spec);
    }),
  );
  if (level === null) throw new Error(`The database ${database} does not exist`);
  return level;
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
    await client.query(`grant connect, temporary on database ${database} to ${quote(spec.role)}`);
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
  spec: RoleOwner & { readonly database: string | undefined; readonly schema: string },
): Promise<PlaceFacts | null> {
  const database = spec.database ?? session.database;
  const found = await session.within(database, async (client) => ({
    schema: await readSchema(client, spec.schema),
    missing: await missingGrants(client, spec.schema, spec.role),
  }));
  const role = await session.admin((client) => readRole(client, spec.role));
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
    if (found?.schema) drift.push(...found.missing);
  }
  if (kind === 'database' && found) {
    const facts = await session.admin((client) => readDatabase(client, database));
    if (facts?.open) drift.push('everyone may connect to the database');
  }
  return {
    connectionLimit: role?.connectionLimit ?? null,
    migrationLevel: found?.schema?.migrationLevel ?? 0,
    drift,
  };
}

/** Removes the place and everything in it: sessions first, data next, the role last. Re-runnable from any point. */
export async function dropPlace(
  session: AdminSession,
  kind: DatabaseKind,
  spec: RoleOwner & { readonly database: string | undefined; readonly schema: string },
): Promise<void> {
  const exists = await session.admin((client) => lockOut(session, client, spec));
  if (kind === 'database') await session.admin((client) => dropDatabase(session, client, spec));
  else await dropSchema(session, spec);
  if (!exists) return;
  await session.admin((client) =>
    session.transaction(client, spec.tenantId, async () => {
      if (!(await readRole(client, spec.role))) return;
      await client.query(`drop owned by ${quote(spec.role)}`);
      await client.query(`drop role ${quote(spec.role)}`);
    }),
  );
}

async function dropSchema(
  session: AdminSession,
  spec: RoleOwner & { readonly database: string | undefined; readonly schema: string },
): Promise<void> {
  await session.within(spec.database ?? session.database, (client) =>
    session.transaction(client, spec.tenantId, async () => {
      const known = await readSchema(client, spec.schema);
      if (known && known.ownerComment !== ownerComment(spec.tenantId)) {
        throw new NotOursError('schema', spec.schema, known.ownerComment, spec.tenantId);
      }
      if (known) await client.query(`drop schema ${quote(spec.schema)} cascade`);
      if (await readRole(client, spec.role)) await client.query(`drop owned by ${quote(spec.role)}`);
    }),
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
