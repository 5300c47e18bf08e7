import type { ProductId } from '../../tenants/catalog/types.ts';
import { type TenantOutputs, type TenantSpec, tenantIdPattern } from '../../tenants/spec.ts';
import { firstRow, onlyRow, type Queryable } from './database.ts';

declare const followed: unique symbol;
/**
 * A client whose writes followers hear of in the same transaction. Only `changeTenant` (`automation/followers.ts`) hands
 * one out, so that no code changes a tenant behind their backs.
 */
export type FollowedClient = Queryable & { readonly [followed]: true };

export const phases = [
  'pending',
  'provisioning',
  'active',
  'updating',
  'suspending',
  'suspended',
  'deleting',
  'deleted',
  'failed',
] as const;
export type Phase = (typeof phases)[number];
export type TenantState = 'active' | 'suspended' | 'deleted';

/** The settings file that `pulumi stack init` wrote. */
export type StackSettings = Readonly<Record<string, unknown>>;

/** What the last operation left in cluster and database, by object (`automation/stacks/fingerprint.ts`). */
export type Fingerprint = Readonly<Record<string, string>>;

export interface Tenant {
  readonly id: string;
  readonly cell: string;
  readonly product: ProductId;
  readonly owner: string | null;
  readonly subscriptionId: string | null;
  readonly slot: boolean;
  readonly slug: string;
  readonly namespace: string;
  readonly createdAt: Date;
  readonly desiredState: TenantState;
  readonly desiredSpec: TenantSpec;
  readonly desiredGeneration: number;
  readonly suspendReason: string | null;
  readonly deleteAfter: Date | null;
  readonly phase: Phase;
  readonly observedState: TenantState | null;
  readonly observedSpec: TenantSpec | null;
  readonly observedGeneration: number;
  readonly outputs: TenantOutputs | null;
  readonly reasonCode: string | null;
  readonly reasonMessage: string | null;
  readonly cause: string | null;
  readonly permanent: boolean;
  readonly attempts: number;
  readonly nextTryAt: Date | null;
  readonly fingerprint: Fingerprint | null;
  readonly activeAt: Date | null;
  readonly stackSettings: StackSettings | null;
  readonly unsettled: boolean;
  /** When only its namespace was left, which the cluster is deleting since. */
  readonly handedOverAt: Date | null;
  /** The spec of an operation that began but has no recorded end; null when there is none. */
  readonly begunSpec: TenantSpec | null;
}

export const tenantColumns = `id, cell, product, owner, subscription_id as "subscriptionId", slot, slug, namespace,
  created_at as "createdAt", desired_state as "desiredState", desired_spec as "desiredSpec",
  desired_generation as "desiredGeneration", suspend_reason as "suspendReason", delete_after as "deleteAfter",
  phase, observed_state as "observedState", observed_spec as "observedSpec",
  observed_generation as "observedGeneration", outputs, reason_code as "reasonCode",
  reason_message as "reasonMessage", cause, permanent, attempts, next_try_at as "nextTryAt", fingerprint,
  active_at as "activeAt", stack_settings as "stackSettings", unsettled,
  handed_over_at as "handedOverAt", begun_spec as "begunSpec"`;

/** @param options.lock locks the row until the end of the transaction */
export async function findTenant(
  db: Queryable,
  id: string,
  options: { lock?: boolean } = {},
): Promise<Tenant | null> {
  // Ids come from outside, and PostgreSQL refuses some texts.
  if (!tenantIdPattern.test(id)) return null;
  const lock = options.lock ? 'for no key update' : '';
  return firstRow(
    await db.query<Tenant>(`select ${tenantColumns} from tenantry.tenant where id = $1 ${lock}`, [id]),
  );
}

/** Finds the tenants that exist. */
export async function findTenants(db: Queryable, ids: readonly string[]): Promise<Tenant[]> {
  const { rows } = await db.query<Tenant>(`select ${tenantColumns} from tenantry.tenant where id = any($1)`, [
    ids.filter((id) => tenantIdPattern.test(id)),
  ]);
  return rows;
}

/** Finds a subscription's tenant and locks it until the end of the transaction. */
export async function lockTenantOfSubscription(
  db: Queryable,
  subscriptionId: string,
): Promise<Tenant | null> {
  return firstRow(
    await db.query<Tenant>(
      `select ${tenantColumns} from tenantry.tenant where subscription_id = $1 for no key update`,
      [subscriptionId],
    ),
  );
}

/**
 * Finds and locks a tenant of the owner and the product whose subscription has ended but whose data is still kept.
 * @param match.slug the name that the customer asked for, if any
 */
export async function lockRetainedTenant(
  db: Queryable,
  match: { owner: string; product: ProductId; cell: string; slug: string | null },
): Promise<Tenant | null> {
  return firstRow(
    await db.query<Tenant>(
      `select ${tenantColumns} from tenantry.tenant
       where owner = $1 and product = $2 and cell = $3 and ($4::text is null or slug = $4)
         and delete_after is not null and desired_state = 'suspended' and not slot
       order by created_at desc limit 1 for update skip locked`,
      [match.owner, match.product, match.cell, match.slug],
    ),
  );
}

/**
 * Finds and locks a slot that is ready for a customer; null when the pool is empty. Prefers slots without a lease: a
 * lease's holder would have to converge it once more. Waits for a locked one only when all are locked.
 */
export async function lockReadySlot(
  db: Queryable,
  match: { product: ProductId; cell: string },
): Promise<Tenant | null> {
  const ready = `select ${tenantColumns} from tenantry.tenant t
    where slot and product = $1 and cell = $2 and phase = 'active' and observed_generation = desired_generation
    order by exists (select from tenantry.lease l where l.tenant_id = t.id and l.expires_at > clock_timestamp()),
      created_at
    limit 1 for no key update`;
  for (const lock of [`${ready} skip locked`, ready]) {
    const slot = firstRow(await db.query<Tenant>(lock, [match.product, match.cell]));
    if (slot) return slot;
  }
  return null;
}

/** Finds failed slots that were last requested at least `failedSlotMs` ago, and locks those that are not locked. */
export async function lockFailedSlots(
  db: Queryable,
  match: { product: ProductId; cell: string; failedSlotMs: number },
): Promise<Tenant[]> {
  const result = await db.query<Tenant>(
    `select ${tenantColumns} from tenantry.tenant t
     where slot and product = $1 and cell = $2 and phase = 'failed'
       and not exists (select from tenantry.audit a
         where a.tenant_id = t.id and a.kind in ('slot.requested', 'tenant.desired')
           and a.at > clock_timestamp() - $3 * interval '1 ms')
     for update skip locked`,
    [match.product, match.cell, match.failedSlotMs],
  );
  return result.rows;
}

/** Inserts a tenant; null when a living tenant has its namespace. */
export async function insertTenant(
  db: FollowedClient,
  tenant: {
    spec: TenantSpec;
    subscriptionId: string | null;
    slot: boolean;
    stackSettings: StackSettings | null;
  },
): Promise<Tenant | null> {
  const { spec } = tenant;
  const result = await db.query<Tenant>(
    `insert into tenantry.tenant (id, cell, product, owner, subscription_id, slot, slug, namespace, created_at,
       desired_state, desired_spec, stack_settings)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (cell, namespace) where phase <> 'deleted' and desired_state <> 'deleted' do nothing
     returning ${tenantColumns}`,
    [
      spec.tenantId,
      spec.cell,
      spec.product,
      spec.owner,
      tenant.subscriptionId,
      tenant.slot,
      spec.slug,
      spec.namespace,
      spec.createdAt,
      spec.state,
      JSON.stringify(spec),
      tenant.stackSettings === null ? null : JSON.stringify(tenant.stackSettings),
    ],
  );
  return firstRow(result);
}

/** A new desired state. */
export interface DesiredChange {
  readonly state: TenantState;
  readonly spec: TenantSpec;
  readonly suspendReason: string | null;
  readonly deleteAfter: Date | null;
}

/** Raises the desired generation; what failed before is tried again at once. */
export async function changeDesired(
  db: FollowedClient,
  tenantId: string,
  change: DesiredChange,
): Promise<Tenant> {
  return onlyRow(
    await db.query<Tenant>(
      `update tenantry.tenant set desired_state = $2, desired_spec = $3, suspend_reason = $4, delete_after = $5,
         desired_generation = desired_generation + 1, attempts = 0, next_try_at = null, permanent = false
       where id = $1 returning ${tenantColumns}`,
      [tenantId, change.state, JSON.stringify(change.spec), change.suspendReason, change.deleteAfter],
    ),
  );
}

/** Changes what needs no operation: why the tenant is suspended and until when its data is kept. */
export async function changeRetention(
  db: FollowedClient,
  tenantId: string,
  change: { suspendReason: string | null; deleteAfter: Date | null },
): Promise<Tenant> {
  return onlyRow(
    await db.query<Tenant>(
      `update tenantry.tenant set suspend_reason = $2, delete_after = $3 where id = $1 returning ${tenantColumns}`,
      [tenantId, change.suspendReason, change.deleteAfter],
    ),
  );
}

/** Gives a subscription a slot, or a tenant that was kept after its last subscription ended. */
export async function assignTenant(
  db: FollowedClient,
  tenantId: string,
  to: { owner: string; subscriptionId: string; slug: string },
): Promise<Tenant> {
  return onlyRow(
    await db.query<Tenant>(
      `update tenantry.tenant set owner = $2, subscription_id = $3, slug = $4, slot = false,
         active_at = case when phase = 'active' then clock_timestamp() else active_at end
       where id = $1 returning ${tenantColumns}`,
      [tenantId, to.owner, to.subscriptionId, to.slug],
    ),
  );
}

/** The job that converges a cell's tenants. Only workers of that cell take it. */
export function convergeJob(cell: string): string {
  return `converge-tenant:${cell}`;
}

/**
 * Rings the tenant's doorbell: a worker looks at it soon, and once, however often it rings. New customers come first, then
 * changes, then ends, slots and looks (`tenantry.converge_priority`).
 * @param options.at the earliest time
 */
export async function ringTenant(
  db: Queryable,
  tenant: { readonly id: string; readonly cell: string },
  options: { at?: Date } = {},
): Promise<void> {
  await db.query(
    `select graphile_worker.add_job($1, json_build_object('tenantId', $2::text), max_attempts => 3,
       job_key => 'converge-tenant:' || $2, run_at => $3, priority => tenantry.converge_priority($2))`,
    [convergeJob(tenant.cell), tenant.id, options.at ?? null],
  );
}

/**
 * Clears a failure and its waiting time, because a person asks for another try. Leaves a deleted tenant alone: another may
 * have its name by now.
 */
export async function resetFailure(db: Queryable, tenantId: string): Promise<void> {
  await db.query(
    `update tenantry.tenant set permanent = false, attempts = 0, next_try_at = null,
       desired_generation = case when observed_generation = desired_generation and phase <> 'deleted'
         then desired_generation + 1 else desired_generation end
     where id = $1`,
    [tenantId],
  );
}
