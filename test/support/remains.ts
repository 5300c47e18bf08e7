/** Looks for anything that a tenant left, in the cluster, the database, the engine's state and our tables. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../../automation/store/database.ts';
import { clusterObjectsOf } from './cluster-objects.ts';
import type { Tenantry } from './tenantry.ts';
import { until } from './wait.ts';

/** What is left of the tenant, in words; empty when nothing is. */
export async function remainsOf(
  { cluster, tenantDatabaseUrl, home, database }: Tenantry,
  tenant: { id: string; namespace: string },
): Promise<string[]> {
  const found: string[] = [];
  const objects = await clusterObjectsOf(cluster, tenant);
  found.push(...objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  const tenants = openDatabase(tenantDatabaseUrl, { maxConnections: 1 });
  try {
    const { rows } = await tenants.query<{ name: string }>(
      `select 'role ' || rolname as name from pg_roles where rolname like $1
       union all select 'schema ' || nspname from pg_namespace where nspname like $1
       union all select 'database ' || datname from pg_database where datname like $1`,
      [`%${tenant.id}%`],
    );
    found.push(...rows.map(({ name }) => name));
  } finally {
    await tenants.close();
  }
  const files = await readdir(join(home, 'state'), { recursive: true });
  found.push(...files.filter((file) => file.includes(tenant.id)).map((file) => `state ${file}`));
  // The job that found it deleted returns the lease afterwards.
  await until(
    async () =>
      (await database.query('select 1 from tenantry.lease where tenant_id = $1', [tenant.id])).rowCount === 0,
    { what: `the lease of ${tenant.id} being given back` },
  );
  return found;
}
