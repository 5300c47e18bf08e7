import type { Queryable } from '../store/database.ts';
import { readMark } from '../tenant-databases/index.ts';

/** A tenant's schema in the shared database, or its own database. */
export interface MeasuredPlace {
  readonly tenantId: string;
  readonly kind: 'schema' | 'database';
  readonly database: string;
  readonly schema: string;
  readonly role: string;
  readonly usedBytes: number;
  /** The role is marked: it may not write. */
  readonly full: boolean;
}

/**
 * Prepares a connection for `measurePlaces`. A tenant can keep a table locked, and reading its size waits for that: so
 * briefly, and then the catalogue's own estimate counts.
 */
export async function prepareMeasuring(client: Queryable): Promise<void> {
  await client.query(`set lock_timeout = '50ms'`);
  await client.query(
    `create function pg_temp.bytes_of(relation pg_class) returns bigint language plpgsql as $$
     begin
       return pg_total_relation_size(relation.oid);
     exception when lock_not_available then
       return relation.relpages::bigint * current_setting('block_size')::bigint;
     end $$`,
  );
}

/**
 * The size of the tenants' places on a server, in one query: tables with their indexes and TOAST, or whole databases,
 * large objects among them.
 * @param roles measures those of these roles; all when null
 */
export async function measurePlaces(
  client: Queryable,
  roles: readonly string[] | null,
): Promise<readonly MeasuredPlace[]> {
  const { rows } = await client.query<Omit<MeasuredPlace, 'full'> & { comment: string | null }>(
    `select place.*, shobj_description(r.oid, 'pg_authid') as comment
       from (
         select substring(obj_description(n.oid, 'pg_namespace') from '^tenantry:([a-z0-9]+)') as "tenantId",
                'schema' as kind, current_database()::text as database, n.nspname::text as schema,
                n.nspname::text as role, coalesce(sum(size.bytes), 0)::float8 as "usedBytes"
           from pg_namespace n
           left join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'm', 'S')
           cross join lateral (select case when c.oid is not null then pg_temp.bytes_of(c) end as bytes offset 0) size
          where n.nspname ~ '^tenant_[a-z0-9]{8}$' and ($1::text[] is null or n.nspname = any($1))
          group by n.oid, n.nspname
         union all
         select substring(shobj_description(oid, 'pg_database') from '^tenantry:([a-z0-9]+)'),
                'database', datname::text, 'app', datname || '_app', pg_database_size(oid)::float8
           from pg_database
          where datname ~ '^tenant_[a-z0-9]{8}$' and ($1::text[] is null or datname || '_app' = any($1))
       ) as place join pg_roles r on r.rolname = place.role
      where "tenantId" is not null`,
    [roles],
  );
  return rows.map(({ comment, ...place }) => ({ ...place, full: readMark(comment).full }));
}

/** The tenants' roles that have a session on the server: only those can write. */
export async function listConnected(client: Queryable): Promise<readonly string[]> {
  const { rows } = await client.query<{ role: string }>(
    `select distinct pg_get_userbyid(usesysid)::text as role from pg_stat_get_activity(null)
      where pg_get_userbyid(usesysid) ~ '^tenant_[a-z0-9]{8}(_app)?$'`,
  );
  return rows.map(({ role }) => role);
}
