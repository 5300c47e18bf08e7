import { findPlan } from '../../tenants/catalog/index.ts';
import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import { type PodSize, type VerdictState, verdictStates } from './judge.ts';
import { readSeen, type Seen } from './rows.ts';

export const healthStates = [...verdictStates, 'unknown'] as const;

/** What runs of a tenant, apart from what was provisioned. */
export interface Health {
  /** `unknown` when nobody watches the tenant's cell, whatever was seen before. */
  readonly state: VerdictState | 'unknown';
  readonly message: string | null;
  /** Pods; null when not known. */
  readonly wanted: number | null;
  readonly ready: number | null;
  /** What the ready pods request. */
  readonly sizes: readonly PodSize[];
  /** Since when it is in this state; null when not known. */
  readonly since: Date | null;
  /** When its cell was last watched; null while it is watched, and when it never was. */
  readonly lookedAt: Date | null;
}

type Judged = Pick<Tenant, 'id' | 'product' | 'desiredState' | 'desiredSpec' | 'phase'>;

/** The health of each tenant by id; null for one that is going or gone. */
export async function readHealth(
  db: Queryable,
  tenants: readonly Judged[],
): Promise<ReadonlyMap<string, Health | null>> {
  if (tenants.length === 0) return new Map();
  const seen = new Map(
    (
      await readSeen(
        db,
        tenants.map(({ id }) => id),
      )
    ).map((one) => [one.tenantId, one]),
  );
  return new Map(tenants.map((tenant) => [tenant.id, healthOf(tenant, seen.get(tenant.id) ?? null)]));
}

/** Pure. */
export function healthOf(tenant: Judged, seen: Seen | null): Health | null {
  if (tenant.desiredState === 'deleted' || tenant.phase === 'deleted') return null;
  const nothing = { wanted: null, ready: null, sizes: [], since: null, lookedAt: null };
  const plan = findPlan(tenant.product, tenant.desiredSpec.plan);
  if (plan?.compute === null && (seen?.state ?? null) === null)
    return { ...nothing, state: 'none_wanted', message: 'Its plan runs nothing.', wanted: 0, ready: 0 };
  if (!seen?.isFresh) {
    const lookedAt = seen?.seenAt ?? null;
    const message = lookedAt
      ? 'Nobody watches what runs in its cell at the moment.'
      : 'Nobody has watched yet what runs in its cell.';
    return { ...nothing, state: 'unknown', message, lookedAt };
  }
  if (seen.state === null)
    return { ...nothing, state: 'starting', message: 'Its workload is not in the cluster.', ready: 0 };
  const { state, message, wanted, ready, sizes, since } = seen;
  return { state, message, wanted, ready, sizes: sizes ?? [], since, lookedAt: null };
}

/** Whether nothing of it runs although something should: whoever calls it gets no answer. */
export function isDown({ state, ready }: Health): boolean {
  return state !== 'running' && state !== 'none_wanted' && state !== 'unknown' && ready === 0;
}
