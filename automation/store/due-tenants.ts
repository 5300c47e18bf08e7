/** Tenants that the sweep finds something to do for. */
import type { Queryable } from './database.ts';

interface TenantReference {
  readonly id: string;
  readonly cell: string;
}

/**
 * Tenants that differ from what is desired, whose waiting time is over, and whose lease nobody holds.
 * @param at what counts as over; left out, the time of the database
 */
export async function listUnconverged(
  db: Queryable,
  cell: string,
  limit: number,
  at: Date | null = null,
): Promise<TenantReference[]> {
  const result = await db.query<TenantReference>(
    `select id, cell from tenantry.tenant t
     where cell = $1 and observed_generation <> desired_generation and not permanent
       and (next_try_at is null or next_try_at <= coalesce($3, now()))
       and not exists (select 1 from tenantry.lease l where l.tenant_id = t.id and l.expires_at > clock_timestamp())
     order by slot, next_try_at nulls first limit $2`,
    [cell, limit, at],
  );
  return result.rows;
}

/**
 * Tenants whose data is kept no longer.
 * @param at what counts as over; left out, the time of the database
 */
export async function listRetentionExpired(
  db: Queryable,
  cell: string,
  limit: number,
  at: Date | null = null,
): Promise<string[]> {
  const result = await db.query<{ id: string }>(
    `select id from tenantry.tenant where cell = $1 and delete_after <= coalesce($3, now())
       and desired_state <> 'deleted' limit $2`,
    [cell, limit, at],
  );
  return result.rows.map((row) => row.id);
}

/** Settled tenants, those first that were not compared with their cluster for longest. */
export async function listDriftUnchecked(
  db: Queryable,
  cell: string,
  limit: number,
): Promise<TenantReference[]> {
  const result = await db.query<TenantReference>(
    `select id, cell from tenantry.tenant
     where cell = $1 and phase in ('active', 'suspended') and observed_generation = desired_generation
     order by drift_checked_at nulls first limit $2`,
    [cell, limit],
  );
  return result.rows;
}
