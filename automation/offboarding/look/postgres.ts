/** What is left of a tenant on the database servers of its cell. */
import type { Queryable } from '../../store/database.ts';
import type { Tenant } from '../../store/tenants.ts';
import type { Sight } from './sight.ts';

/** Name of the server that most tenants of a cell share. */
export const sharedServer = 'shared';

/**
 * Looks for roles, schemas, databases and sessions with the tenant's id in their name.
 * @param servers a database of each server, by name: the shared one, and the tenant's own
 */
export async function lookInPostgres(
  servers: ReadonlyMap<string, Queryable>,
  { id, desiredSpec }: Pick<Tenant, 'id' | 'desiredSpec'>,
): Promise<Sight> {
  const remains: string[] = [];
  const places = [...servers].filter(
    ([name]) => name === sharedServer || name === desiredSpec.databaseServer,
  );
  for (const [server, database] of places) {
    const found = await namesWith(database, id);
    remains.push(...found.map((name) => (places.length > 1 ? `${name} on ${server}` : name)));
  }
  return {
    looked: places.map(
      ([server]) => `roles, schemas, databases and sessions named after ${id} on the server ${server}`,
    ),
    places: places.length * 4,
    remains,
    notes: [],
  };
}

async function namesWith(database: Queryable, id: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select 'role ' || rolname as name from pg_roles where position($1 in rolname) > 0
     union all select 'schema ' || nspname from pg_namespace where position($1 in nspname) > 0
     union all select 'database ' || datname from pg_database where position($1 in datname) > 0
     union all select distinct 'session of ' || usename from pg_stat_activity where position($1 in usename) > 0
     order by 1`,
    [id],
  );
  return rows.map(({ name }) => name);
}
