import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import { convergeJob } from '../store/tenants.ts';
import { recoveryPromises, type Unrecovered } from './promises.ts';

/** The recovery of a cell. It ends when every tenant has been made again since its start. */
export interface Recovery {
  readonly id: number;
  readonly cell: string;
  readonly reason: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

const columns = 'id, cell, reason, started_at as "startedAt", ended_at as "endedAt"';

export async function findRecovery(db: Queryable, cell: string, reason: string): Promise<Recovery | null> {
  return firstRow(
    await db.query<Recovery>(
      `select ${columns} from tenantry.recovery where cell = $1 and reason = $2 order by id desc limit 1`,
      [cell, reason],
    ),
  );
}

export async function listOpenRecoveries(db: Queryable): Promise<Recovery[]> {
  return (
    await db.query<Recovery>(
      `select ${columns} from tenantry.recovery where ended_at is null order by started_at`,
    )
  ).rows;
}

/**
 * Begins a recovery, in one transaction. Marks every subscription to be fetched, because the rows may be older than
 * Stripe's state, and counts all objects of the cell's tenants as changed, so that the next look runs an engine that reads
 * the live objects first. Tenants whose plan has the shortest RTO come first.
 * @returns how many tenants are made again
 */
export async function beginRecovery(db: Queryable, cell: string, reason: string): Promise<number> {
  await db.query('insert into tenantry.recovery (cell, reason) values ($1, $2)', [cell, reason]);
  // Every holder of a lease is gone with the cell, or will find that it has lost the lease.
  await db.query(
    'delete from tenantry.lease where tenant_id in (select id from tenantry.tenant where cell = $1)',
    [cell],
  );
  // In the restored rows the reserve has stacks again that tenants took after the backup, and their states hold objects.
  await db.query('delete from tenantry.reserved_stack where cell = $1', [cell]);
  await db.query('select tenantry.mark_subscriptions(array(select id from tenantry.subscription))');
  const { rowCount } = await db.query(
    `update tenantry.tenant set fingerprint = '{}', drift_checked_at = null, permanent = false, attempts = 0,
       next_try_at = null
     where cell = $1 and phase <> 'deleted'`,
    [cell],
  );
  const promises = recoveryPromises();
  await db.query(
    `select graphile_worker.add_job($1, json_build_object('tenantId', t.id), job_key => 'converge-tenant:' || t.id,
       max_attempts => 3, priority => case when t.slot then 10 else promised.place end)
     from tenantry.tenant t left join unnest($3::text[], $4::text[], $5::int[]) promised(product, plan, place)
       on promised.product = t.product and promised.plan = t.desired_spec ->> 'plan'
     where t.cell = $2 and t.phase <> 'deleted'`,
    [
      convergeJob(cell),
      cell,
      promises.map(({ product }) => product),
      promises.map(({ plan }) => plan),
      promises.map((_, index) => index - promises.length),
    ],
  );
  return rowCount ?? 0;
}

export interface RecoveryProgress {
  readonly tenants: number;
  /** Tenants that were made again, or found in their desired state, since the start. */
  readonly recovered: number;
  /** Tenants that failed until something changes or a person asks for another try. */
  readonly failed: readonly string[];
}

/** A condition on a tenant's columns; `$2` is the start of the recovery. */
const isRecovered = `drift_checked_at >= $2 and fingerprint is distinct from '{}'
  and observed_generation = desired_generation and not unsettled`;

export async function recoveryProgress(db: Queryable, recovery: Recovery): Promise<RecoveryProgress> {
  return onlyRow(
    await db.query<RecoveryProgress>(
      `select count(*) as tenants,
         count(*) filter (where ${isRecovered}) as recovered,
         coalesce(array_agg(id order by id) filter (where permanent), '{}') as failed
       from tenantry.tenant where cell = $1 and phase <> 'deleted'`,
      [recovery.cell, recovery.startedAt],
    ),
  );
}

/** Counts the tenants that a recovery has not brought back yet, by plan. */
export async function listUnrecovered(db: Queryable, recovery: Recovery): Promise<Unrecovered[]> {
  const { rows } = await db.query<Unrecovered>(
    `select product, desired_spec ->> 'plan' as plan, count(*) as tenants from tenantry.tenant
     where cell = $1 and phase <> 'deleted' and not slot and (${isRecovered}) is not true
     group by 1, 2 order by 1, 2`,
    [recovery.cell, recovery.startedAt],
  );
  return rows;
}

export async function endRecovery(db: Queryable, id: number): Promise<void> {
  await db.query(
    'update tenantry.recovery set ended_at = clock_timestamp() where id = $1 and ended_at is null',
    [id],
  );
}

/**
 * Moves all tenants of a lost cell to another one. Their stacks start over in that cell's state and adopt existing objects
 * by their label. Call it in a transaction.
 */
export async function moveTenants(
  db: Queryable,
  from: string,
  to: { readonly id: string; readonly region: string },
): Promise<number> {
  await db.query('delete from tenantry.reserved_stack where cell = $1', [from]);
  const { rowCount } = await db.query(
    `update tenantry.tenant set cell = $2,
       desired_spec = desired_spec || jsonb_build_object('cell', $2::text, 'region', $3::text),
       stack_settings = null, unsettled = true, desired_generation = desired_generation + 1, attempts = 0,
       next_try_at = null, permanent = false
     where cell = $1 and phase <> 'deleted'`,
    [from, to.id, to.region],
  );
  return rowCount ?? 0;
}

/** Counts a cell's tenants, without deleted ones. */
export async function countTenantsIn(db: Queryable, cell: string): Promise<number> {
  return onlyRow(
    await db.query<{ count: number }>(
      `select count(*) from tenantry.tenant where cell = $1 and phase <> 'deleted'`,
      [cell],
    ),
  ).count;
}
