import { firstRow, type Queryable } from '../store/database.ts';

export interface BrakeRow {
  readonly level: 'none' | 'throttled' | 'paused';
  readonly reason: string | null;
  readonly changedAt: Date;
}

/** How a tenant's brake stands; null where it never stood otherwise than open. */
export async function readBrake(db: Queryable, tenantId: string): Promise<BrakeRow | null> {
  return firstRow(
    await db.query<BrakeRow>(
      `select level, reason, changed_at as "changedAt" from tenantry.brake where tenant_id = $1`,
      [tenantId],
    ),
  );
}

/** Notes how the brake stands; false when it stood so already. */
export async function writeBrake(
  db: Queryable,
  tenantId: string,
  brake: Pick<BrakeRow, 'level' | 'reason'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenantry.brake as known (tenant_id, level, reason)
     select $1::text, $2::text, $3::text
     where $2 <> 'none' or exists (select from tenantry.brake where tenant_id = $1)
     on conflict (tenant_id) do update set level = excluded.level, reason = excluded.reason, changed_at = clock_timestamp()
     where (known.level, coalesce(known.reason, '')) <> (excluded.level, coalesce(excluded.reason, ''))`,
    [tenantId, brake.level, brake.reason],
  );
  return rowCount === 1;
}

/** Rings whoever decides how the brake of a tenant stands. */
export async function ringBrake(db: Queryable, tenantId: string): Promise<void> {
  await db.query('select tenantry.ring_brake($1)', [tenantId]);
}

/**
 * Rings for tenants whose brake may be wrong, as a doorbell was lost or a month began: those that are braked, those
 * without a credit, those near a limit. When they are more than `limit`, another choice of them each time, rung in the
 * order of their ids, as whoever books for several tenants does it.
 */
export async function ringDoubtfulBrakes(db: Queryable, month: string, limit: number): Promise<void> {
  await db.query(
    `select tenantry.ring_brake(id) from (
     select id from (
       select id from (
         select tenant_id as id from tenantry.brake where level <> 'none'
         union
         select tenant_id from tenantry.ledger_account where tenant_id is not null and not closed
           group by tenant_id having sum(balance) filter (where kind <> 'held') = 0
         union
         select tenant_id from tenantry.budget_month where month = $1 and alerted_percent >= 80) doubtful
       where exists (select from tenantry.tenant t where t.id = doubtful.id and t.desired_state <> 'deleted')
       order by random() limit $2) chosen order by id offset 0) ordered`,
    [month, limit],
  );
}
