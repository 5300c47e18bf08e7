/** Changes tenants' rows so that the ordinary jobs have something to do. */
import type { TenantSpec } from '../../tenants/spec.ts';
import { firstRow, type Queryable } from '../store/database.ts';

/** Counts all of a tenant's objects as changed, so that the next look runs an engine that reads the live objects. */
export async function forgetLook(db: Queryable, tenantId: string): Promise<void> {
  await db.query(
    `update tenantry.tenant set fingerprint = '{}', drift_checked_at = null
     where id = $1 and phase <> 'deleted' and outputs is not null`,
    [tenantId],
  );
}

/** Has the tenant's stack made again around the live objects. */
export async function forgetStack(db: Queryable, tenantId: string): Promise<void> {
  await db.query(
    `update tenantry.tenant set stack_settings = null, unsettled = true, desired_generation = desired_generation + 1,
       attempts = 0, next_try_at = null, permanent = false
     where id = $1 and phase <> 'deleted'`,
    [tenantId],
  );
}

/** Gives up a stack reserved for a future tenant; false when it is no longer reserved. */
export async function dropReservation(db: Queryable, tenantId: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from tenantry.reserved_stack where tenant_id = $1', [tenantId]);
  return rowCount === 1;
}

/**
 * Gives a tenant's remains an owning row whose desired state is deleted, so that they go the way of every tenant: an update
 * that adopts everything with the id, then a destroy, then a look whether anything remains. Call it in a transaction.
 * @returns false when a tenant of this id exists
 */
export async function adoptRemains(db: Queryable, spec: TenantSpec): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenantry.tenant as gone (id, cell, product, slug, namespace, created_at, desired_state, desired_spec,
       phase, unsettled)
     values ($1, $2, $3, $4, $5, $6, 'suspended', $7, 'deleted', true)
     on conflict (id) do update set desired_spec = excluded.desired_spec, observed_spec = excluded.desired_spec,
       namespace = excluded.namespace, cell = excluded.cell, unsettled = true, desired_generation = gone.desired_generation + 1, stack_settings = null, delete_after = null,
       attempts = 0, next_try_at = null, permanent = false
       where gone.phase = 'deleted'`,
    [spec.tenantId, spec.cell, spec.product, spec.slug, spec.namespace, spec.createdAt, JSON.stringify(spec)],
  );
  if (rowCount !== 1) return false;
  // Only a change of the desired state begins a tenant's end with its journal.
  await db.query(`update tenantry.tenant set desired_state = 'deleted', phase = 'deleting' where id = $1`, [
    spec.tenantId,
  ]);
  return true;
}

/** The last spec of a deleted tenant; null when there is no such tenant. */
export async function lastSpecOf(db: Queryable, tenantId: string): Promise<TenantSpec | null> {
  const row = firstRow(
    await db.query<{ spec: TenantSpec }>(
      `select coalesce(observed_spec, desired_spec) as spec from tenantry.tenant where id = $1 and phase = 'deleted'`,
      [tenantId],
    ),
  );
  return row?.spec ?? null;
}
