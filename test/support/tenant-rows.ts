/** Tenants as rows only, for tests of what reads and decides; no engine ever sees them. */

import { newSpec } from '../../automation/desired/desired-state.ts';
import { newTenantId } from '../../automation/desired/tenant-id.ts';
import { changeTenant } from '../../automation/followers.ts';
import type { Database } from '../../automation/store/database.ts';
import { findTenant, insertTenant, type Tenant } from '../../automation/store/tenants.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { unfollowed } from './followers.ts';

export interface TenantRow {
  readonly id?: string;
  readonly product?: ProductId;
  readonly plan?: string;
  readonly slug?: string;
  readonly owner?: string | null;
  readonly subscriptionId?: string | null;
  readonly slot?: boolean;
  readonly createdAt?: Date;
  /** Columns to set after the insert, by their names in SQL; objects become JSON. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** Inserts a tenant of the cell `local` and whatever it refers to. */
export async function addTenant(database: Database, row: TenantRow = {}): Promise<Tenant> {
  const id = row.id ?? newTenantId();
  const spec = newSpec({
    tenantId: id,
    product: row.product ?? 'workspace',
    plan: row.plan ?? 'byoc',
    slug: row.slug ?? id,
    cell: 'local',
    region: 'local',
    owner: row.owner === undefined ? 'somebody' : row.owner,
    billingAccount: row.slot ? null : 'cus_1',
    seats: 1,
    createdAt: row.createdAt ?? new Date(),
  });
  if (row.subscriptionId) {
    await database.query(
      'insert into tenantry.subscription (id, owner) values ($1, $2) on conflict do nothing',
      [row.subscriptionId, spec.owner],
    );
  }
  const inserted = await changeTenant(database, unfollowed, null, (db) =>
    insertTenant(db, {
      spec,
      subscriptionId: row.subscriptionId ?? null,
      slot: row.slot ?? false,
      stackSettings: null,
    }),
  );
  if (!inserted) throw new Error(`the namespace ${spec.namespace} is taken`);
  for (const [column, value] of Object.entries(row.set ?? {})) {
    await database.query(`update tenantry.tenant set ${column} = $2 where id = $1`, [
      id,
      value !== null && typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : value,
    ]);
  }
  const tenant = await findTenant(database, id);
  if (!tenant) throw new Error('the tenant is not there');
  return tenant;
}

/** Columns of a tenant that the engine has made active. */
export function activeColumns(namespace: string): Readonly<Record<string, unknown>> {
  return {
    phase: 'active',
    observed_state: 'active',
    observed_generation: 1,
    outputs: {
      namespace,
      serviceUrl: `http://workspace.${namespace}.svc.cluster.local`,
      database: null,
      objects: [{ apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace: null }],
    },
    active_at: new Date(),
  };
}
