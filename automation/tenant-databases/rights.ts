import type { Queryable } from '../store/database.ts';

/**
 * Functions that a tenant's login does not need and with which it could harm others: they fill the server's one table of
 * locks, make large objects that no schema counts, write into the one notification queue or the write-ahead log, or show
 * figures of other sessions.
 */
const closedFunctions =
  '^(pg_(try_)?advisory_|lo_|loread$|lowrite$|pg_notify$|pg_logical_emit_message$|pg_stat_get_|pg_lock_status$)';

/** Catalogue tables and views that name other tenants or show what they do. Drivers and `psql` work without them. */
const closedRelations =
  '^(pg_stat(io)?_|pg_(locks|database|roles|user|group|auth_members|db_role_setting|shdescription|shdepend|shseclabel|prepared_xacts|replication_slots|largeobject_metadata)$)';

/**
 * Revokes from everyone, in the database of the connection, what is for the administrator alone: the public schema,
 * functions and catalogue views. Any number of processes may do it at once, and repeat it.
 * @returns what stays open to everyone, because the catalogue belongs to somebody else (Amazon RDS)
 */
export async function closeDatabase(client: Queryable): Promise<readonly string[]> {
  const left = await close(client, openInDatabase);
  await again(() => keepDriversWorking(client));
  return left;
}

/**
 * Revokes the right to connect and to make temporary tables from everyone, on every database of the server.
 * @returns what stays open to everyone, because the database belongs to somebody else
 */
export async function closeServer(client: Queryable): Promise<readonly string[]> {
  return close(client, openOnServer);
}

/**
 * The role that may connect to a database that tenants share. Its members are the roles with a schema there. A right for
 * each of them would make one row of the catalogue grow with the number of tenants.
 */
export const sharingRole = 'tenantry_sharing';

/**
 * Makes the database of the connection one that tenants share: only tenants with a schema here may connect, including
 * those from before this right existed.
 * @returns what stays open to everyone, because it belongs to somebody else
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

/** Lets everyone read names and encodings from `pg_database`, which `information_schema.columns` needs. */
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
  /** What the statement revokes to close it; openings with the same right share a statement. */
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
      // One object that belongs to somebody else, or is gone, fails the statement for all: so one by one.
      for (const object of objects) await revoke([object]).catch((error: unknown) => failures.push(error));
    }
    const wrong = failures.find((error) => codeOf(error) !== insufficientPrivilege);
    if (wrong) throw wrong;
    return (await find(client)).map(({ name }) => name);
  });
}

const insufficientPrivilege = '42501';
/** Another process may be faster several times in a row. */
const attempts = 20;

/** Repeats the work when another process made, changed or dropped the same object at the same moment. */
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

/** Leaves out databases that accept no connections, where a right to connect means nothing. */
async function openOnServer(client: Queryable): Promise<readonly Opening[]> {
  const { rows } = await client.query<Opening>(
    `select 'database ' || datname as name, 'all on database' as right, quote_ident(datname) as object
       from pg_database
      where datallowconn
        and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) as entry where entry.grantee = 0)`,
  );
  return rows;
}
