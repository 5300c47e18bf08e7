import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import { record } from './audit.ts';
import { onlyRow, type Queryable, storable } from './database.ts';
import { fenced, type Lease, LeaseLost } from './leases.ts';
import {
  type Fingerprint,
  type FollowedClient,
  type Phase,
  type StackSettings,
  type Tenant,
  type TenantState,
  tenantColumns,
} from './tenants.ts';

/** Writes of a lease's holder about its work, all of them under the fence. */

/**
 * Records that an operation is about to begin, so that a later process notices a crash in it. The first spec of several
 * operations without a recorded end stays, until `noteBegun`.
 */
export async function beginOperation(
  db: Queryable,
  lease: Lease,
  begin: { phase: Phase; unsettled: boolean; spec: TenantSpec },
): Promise<void> {
  await fenced(db, lease);
  await db.query(
    `update tenantry.tenant set phase = $2, unsettled = $3, handed_over_at = null, reason_code = null, reason_message = null, cause = null,
       begun_spec = case when unsettled then coalesce(begun_spec, $4) else $4 end
     where id = $1`,
    [lease.tenantId, begin.phase, begin.unsettled, JSON.stringify(begin.spec)],
  );
}

/** Records that the engine's state has caught up with the earlier spec and that another one is applied from now on. */
export async function noteBegun(db: Queryable, lease: Lease, spec: TenantSpec): Promise<void> {
  await fenced(db, lease);
  await db.query('update tenantry.tenant set begun_spec = $2 where id = $1', [
    lease.tenantId,
    JSON.stringify(spec),
  ]);
}

export interface SettledOperation {
  readonly phase: Phase;
  readonly state: TenantState;
  readonly spec: TenantSpec;
  readonly generation: number;
  readonly outputs: TenantOutputs | null;
  /**
   * The objects' fingerprint as applied: null when only looking at them can tell, absent when no engine ran and the
   * earlier fingerprint still holds.
   */
  readonly applied?: Fingerprint | null;
}

/** Records a successful operation. */
export async function settleOperation(
  db: FollowedClient,
  lease: Lease,
  settled: SettledOperation,
): Promise<Tenant> {
  await fenced(db, lease);
  const result = await db.query<Tenant>(
    `update tenantry.tenant set phase = $2, observed_state = $3, observed_spec = $4, observed_generation = $5,
       outputs = $6, reason_code = null, reason_message = null, cause = null, permanent = false, attempts = 0,
       next_try_at = null, unsettled = false, handed_over_at = null, begun_spec = null, fingerprint = case when $7 then $8 else fingerprint end,
       drift_checked_at = clock_timestamp(),
       active_at = case when $2 = 'active' and not slot then coalesce(active_at, clock_timestamp()) else active_at end
     where id = $1 returning ${tenantColumns}`,
    [
      lease.tenantId,
      settled.phase,
      settled.state,
      JSON.stringify(settled.spec),
      settled.generation,
      settled.outputs === null ? null : JSON.stringify(settled.outputs),
      settled.applied !== undefined,
      settled.applied ? JSON.stringify(settled.applied) : null,
    ],
  );
  return onlyRow(result);
}

/** Records that the engine is done with a deletion and only the cluster still works on the namespace. */
export async function handOver(db: Queryable, lease: Lease, at: Date): Promise<void> {
  await fenced(db, lease);
  await db.query(
    `update tenantry.tenant set handed_over_at = $2, unsettled = false, begun_spec = null, attempts = 0 where id = $1`,
    [lease.tenantId, at],
  );
}

/** Records that more than the namespace is left after all, so that the engine runs again. */
export async function takeBack(db: Queryable, lease: Lease): Promise<void> {
  await fenced(db, lease);
  await db.query('update tenantry.tenant set handed_over_at = null where id = $1', [lease.tenantId]);
}

export interface FailedOperation {
  /** The generation that the operation was for. */
  readonly generation: number;
  readonly phase: Phase;
  readonly reasonCode: string;
  readonly reasonMessage: string;
  readonly cause: string;
  readonly permanent: boolean;
  readonly nextTryAt: Date | null;
  /** True when the engine was killed, so that its state may lack objects that it made. */
  readonly unsettled: boolean;
}

/**
 * Records why an operation failed and when to try again. A generation that was requested meanwhile is tried at once.
 */
export async function failOperation(db: Queryable, lease: Lease, failure: FailedOperation): Promise<void> {
  await fenced(db, lease);
  await db.query(
    `update tenantry.tenant set phase = $2, reason_code = $3, reason_message = $4, cause = $5,
       permanent = $6 and desired_generation = $9,
       next_try_at = case when desired_generation = $9 then $7::timestamptz end,
       attempts = case when desired_generation = $9 then attempts + 1 else 0 end, unsettled = $8,
       begun_spec = case when $8 then begun_spec end
     where id = $1`,
    [
      lease.tenantId,
      failure.phase,
      failure.reasonCode,
      failure.reasonMessage,
      storable(failure.cause),
      failure.permanent,
      failure.nextTryAt,
      failure.unsettled,
      failure.generation,
    ],
  );
}

/**
 * Records what a tenant waits for, without counting it as a failure. However often it is called, the audit trail has one
 * entry. Call it last in a transaction.
 */
export async function postpone(
  db: Queryable,
  lease: Lease,
  wait: { reasonCode: string; reasonMessage: string; nextTryAt: Date },
): Promise<void> {
  await fenced(db, lease);
  const { isNews, subscriptionId } = onlyRow(
    await db.query<{ isNews: boolean; subscriptionId: string | null }>(
      `update tenantry.tenant t set reason_code = $2, reason_message = $3, next_try_at = $4
       from (select reason_code from tenantry.tenant where id = $1) was
       where t.id = $1
       returning was.reason_code is distinct from $2 as "isNews", t.subscription_id as "subscriptionId"`,
      [lease.tenantId, wait.reasonCode, wait.reasonMessage, wait.nextTryAt],
    ),
  );
  if (!isNews) return;
  await record(db, {
    tenantId: lease.tenantId,
    subscriptionId,
    kind: 'tenant.waits',
    message: wait.reasonMessage,
    data: { code: wait.reasonCode },
  });
}

/**
 * Requests an operation that repairs the tenant's objects, because somebody changed them. Like every other operation it
 * resumes when its worker dies and is tried again when it fails.
 */
export async function wantMended(db: Queryable, lease: Lease): Promise<void> {
  await fenced(db, lease);
  await db.query(
    `update tenantry.tenant set desired_generation = desired_generation + 1, unsettled = true, fingerprint = null
     where id = $1`,
    [lease.tenantId],
  );
}

/** Records the live objects' fingerprint, in one statement under the lease, when there is nothing to repair. */
export async function noteLook(db: Queryable, lease: Lease, live: Fingerprint): Promise<void> {
  const { rowCount } = await db.query(
    `update tenantry.tenant set fingerprint = $3, drift_checked_at = clock_timestamp()
     from (select from tenantry.lease where tenant_id = $1 and fence = $2 and expires_at > clock_timestamp()
           for share) held
     where id = $1`,
    [lease.tenantId, lease.fence, JSON.stringify(live)],
  );
  if (rowCount !== 1) throw new LeaseLost(lease.tenantId);
}

/** Records under the lease that the stack is initialised. */
export async function writeStackSettings(
  db: Queryable,
  lease: Lease,
  settings: StackSettings,
): Promise<void> {
  await fenced(db, lease);
  await db.query('update tenantry.tenant set stack_settings = $2 where id = $1', [
    lease.tenantId,
    JSON.stringify(settings),
  ]);
}
