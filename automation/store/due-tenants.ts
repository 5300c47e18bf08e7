/** Tenants that the sweep must act on. */
import type { Queryable } from './database.ts';

interface TenantReference {
  readonly id: string;
  readonly cell: string;
}

/**
 * Lists tenants that differ from their desired state, whose waiting time is over and whose lease is free.
 * @param at defaults to the database's time
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
 * Lists tenants whose retention has expired.
 * @param at defaults to the database's time
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

/** Lists settled tenants; those first whose last comparison with their cluster is longest ago. */
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
