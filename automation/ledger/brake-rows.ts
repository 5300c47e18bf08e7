import { firstRow, type Queryable } from '../store/database.ts';

export interface BrakeRow {
  readonly level: 'none' | 'throttled' | 'paused';
  readonly reason: string | null;
  readonly changedAt: Date;
}

/** The state of a tenant's brake; null if it has never been on. */
export async function readBrake(db: Queryable, tenantId: string): Promise<BrakeRow | null> {
  return firstRow(
    await db.query<BrakeRow>(
      `select level, reason, changed_at as "changedAt" from tenantry.brake where tenant_id = $1`,
      [tenantId],
    ),
  );
}

/** Records the state of the brake; false when it did not change. */
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

/** Rings the job that decides the state of a tenant's brake. */
export async function ringBrake(db: Queryable, tenantId: string): Promise<void> {
  await db.query('select tenantry.ring_brake($1)', [tenantId]);
}

/**
 * Rings for tenants whose brake may be wrong because a doorbell was lost or a month has begun: those with the brake on,
 * those without credits, those near a limit. Of more than `limit` it picks others each time, and rings in the order of
 * their ids, like everything that books for several tenants, to avoid deadlocks.
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
