import type { Queryable } from '../store/database.ts';

/**
 * Functions that a tenant's login has no use for, and by which it could harm others: locks that fill the server's one
 * table of locks, large objects that no schema counts, messages into the one queue of notifications or the
 * write-ahead log, and figures of other sessions.
 */
const closedFunctions =
  '^(pg_(try_)?advisory_|lo_|loread$|lowrite$|pg_notify$|pg_logical_emit_message$|pg_stat_get_|pg_lock_status$)';

/** Catalogue tables and views that name other tenants, or tell what they do. Drivers and `psql` work without them. */
const closedRelations =
  '^(pg_stat(io)?_|pg_(locks|database|roles|user|group|auth_members|db_role_setting|shdescription|shdepend|shseclabel|prepared_xacts|replication_slots|largeobject_metadata)$)';

/**
 * Takes from everyone, in the database of the connection, what is for nobody but the administrator: the public schema,
 * functions and catalogue views. Any number of processes may do it at once, and again.
 * @returns what stays open to everyone, as the catalogue belongs to somebody else (Amazon RDS); empty when nothing does
 */
export async function closeDatabase(client: Queryable): Promise<readonly string[]> {
  const left = await close(client, openInDatabase);
  await again(() => keepDriversWorking(client));
  return left;
}

/**
 * Takes the right to connect, and to make temporary tables, from everyone on every database of the server.
 * @returns what stays open to everyone, as the database belongs to somebody else
 */
export async function closeServer(client: Queryable): Promise<readonly string[]> {
  return close(client, openOnServer);
}

/**
 * May connect to a database that tenants share; its members are the roles with a schema there. A right of each of them
 * would make one row of the catalogue as long as there are tenants.
 */
export const sharingRole = 'tenantry_sharing';

/**
 * Makes the database of the connection one that tenants share: those with a schema here may connect, also those from
 * before there was such a right, and nobody else.
 * @returns what stays open to everyone, as it belongs to somebody else
 */
export async function shareDatabase(client: Queryable): Promise<readonly string[]> {
  await again(() => admitSharers(client));
  return [...(await closeDatabase(client)), ...(await closeServer(client))];
}

async function admitSharers(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select 'create role ${sharingRole} nologin' as statement
      where not exists (select from pg_roles where rolname = '${sharingRole}')`,
  );
  for (const { statement } of rows) await client.query(statement);
  const missing = await client.query<{ statement: string }>(
    `select format('grant connect on database %I to ${sharingRole}', datname) as statement from pg_database
      where datname = current_database() and not exists (
        select from aclexplode(datacl) as entry
         where entry.grantee = '${sharingRole}'::regrole and entry.privilege_type = 'CONNECT')
     union all
     select format('grant ${sharingRole} to %I with inherit true, set false', rolname)
       from pg_roles r join pg_namespace on nspname = rolname
      where shobj_description(r.oid, 'pg_authid') ~ '^tenantry:'
        and not exists (select from pg_auth_members where member = r.oid and roleid = '${sharingRole}'::regrole)`,
  );
  for (const { statement } of missing.rows) await client.query(statement);
}

/** `information_schema.columns` reads the encoding, by name: all of `pg_database` that anybody may see. */
async function keepDriversWorking(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ closed: boolean }>(
    `select not has_table_privilege('public', 'pg_database', 'SELECT')
        and not has_column_privilege('public', 'pg_database', 'encoding', 'SELECT') as closed`,
  );
  if (rows[0]?.closed) await client.query('grant select (datname, encoding) on pg_database to public');
}

interface Opening {
  /** What everyone may use, in words. */
  readonly name: string;
  /** What the statement that closes it revokes: openings of one group go together. */
  readonly right: string;
  /** As the statement names it. */
  readonly object: string;
}

async function close(
  client: Queryable,
  find: (client: Queryable) => Promise<readonly Opening[]>,
): Promise<readonly string[]> {
  return again(async () => {
    const failures: unknown[] = [];
    for (const [right, openings] of Map.groupBy(await find(client), (opening) => opening.right)) {
      const objects = openings.map(({ object }) => object);
      const revoke = (some: readonly string[]) =>
        client.query(`revoke ${right} ${some.join(', ')} from public`);
      const together = await revoke(objects).then(
        () => true,
        () => false,
      );
      if (together) continue;
      // One that belongs to somebody else, or is gone, fails for all that are named beside it.
      for (const object of objects) await revoke([object]).catch((error: unknown) => failures.push(error));
    }
    const wrong = failures.find((error) => codeOf(error) !== insufficientPrivilege);
    if (wrong) throw wrong;
    return (await find(client)).map(({ name }) => name);
  });
}

const insufficientPrivilege = '42501';
/** Another process may be faster by a moment, several times in a row. */
const attempts = 20;

/** Does it again when another process made, changed or dropped the same at the same moment. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isPassing(error) || attempt === attempts) throw error;
    }
  }
}

/** `tuple concurrently updated`, somebody else's object of the same name, one that is gone, a deadlock. */
function isPassing(error: unknown): boolean {
  return ['XX000', '23505', '42710', '3D000', '42704', '42883', '42P01', '40P01'].includes(
    codeOf(error) ?? '',
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

async function openInDatabase(client: Queryable): Promise<readonly Opening[]> {
  const { rows } = await client.query<Opening>(
    `select 'function ' || p.oid::regprocedure as name, 'execute on function' as right, p.oid::regprocedure::text as object
       from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ $1
        and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as entry where entry.grantee = 0)
     union all
     select 'table ' || c.oid::regclass, 'all on table', c.oid::regclass::text
       from pg_class c
      where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') and c.relname ~ $2
        and exists (select from aclexplode(c.relacl) as entry where entry.grantee = 0)
     union all
     select 'schema public', 'all on schema', 'public'
       from pg_namespace n
      where n.nspname = 'public'
        and exists (select from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as entry where entry.grantee = 0)`,
    [closedFunctions, closedRelations],
  );
  return rows;
}

/** Databases that nobody can connect to stay as they are: everyone's right to connect to them is worth nothing. */
async function openOnServer(client: Queryable): Promise<readonly Opening[]> {
  const { rows } = await client.query<Opening>(
    `select 'database ' || datname as name, 'all on database' as right, quote_ident(datname) as object
       from pg_database
      where datallowconn
        and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) as entry where entry.grantee = 0)`,
  );
  return rows;
}
