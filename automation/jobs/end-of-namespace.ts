import type { TenantSpec } from '../../tenants/spec.ts';
import { record } from '../store/audit.ts';
import type { Lease } from '../store/leases.ts';
import { handOver, postpone, takeBack } from '../store/operations.ts';
import type { Tenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { settle } from './record-operation.ts';

/**
 * The end of a tenant's namespace. The cluster needs at least five seconds to delete everything in it, as long as pods take
 * to end, and never finishes while a finalizer holds it up. So the engine only asks for the deletion, and this job looks
 * again later, without a runner. After `TENANTRY_FINALIZER_PATIENCE_MS` it removes finalizers that the tenant itself has set.
 */

/** How long the namespace controller waits before it begins (`namespaceDeletionGracePeriod`). */
const restMs = 5_000;
const longestPauseMs = 30_000;

/** Looks again right after the controller's wait, then after a quarter of the time that the deletion has taken so far. */
function nextLook(now: Date, handedOverAt: Date): Date {
  const ageMs = now.getTime() - handedOverAt.getTime();
  const pauseMs = ageMs < restMs ? restMs + 250 - ageMs : Math.min(longestPauseMs, ageMs / 4);
  return new Date(now.getTime() + pauseMs);
}

const waits = {
  reasonCode: 'namespace_ending',
  reasonMessage: 'The cluster is removing what is left of it.',
} as const;

/** Records that the engine is done, and that only the namespace is left, which the cluster is deleting. */
export async function leaveToCluster({ database, now }: JobContext, lease: Lease): Promise<void> {
  const at = now();
  await database.transaction(async (client) => {
    await handOver(client, lease, at);
    await postpone(client, lease, { ...waits, nextTryAt: nextLook(at, at) });
  });
}

/**
 * Checks whether the namespace is gone.
 * @returns `done` when it is, or when a later look is planned; `again` when the engine must remove something else
 */
export async function awaitNamespace(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  { spec, handedOverAt }: { spec: TenantSpec; handedOverAt: Date },
): Promise<'done' | 'again'> {
  const { database, fingerprints, policy, now } = context;
  if ((await fingerprints.remains(spec)).length === 0) {
    const ageMs = now().getTime() - handedOverAt.getTime();
    const message = 'The cluster has removed its namespace and all that was in it';
    const result = { outputs: null, changes: {}, durationMs: 0, applied: null, message };
    await settle(context, lease, tenant, result, ageMs);
    return 'done';
  }
  if (!(await fingerprints.isEnding(spec))) {
    await database.transaction((client) => takeBack(client, lease));
    return 'again';
  }
  const isOver = now().getTime() - handedOverAt.getTime() >= policy.finalizerPatienceMs;
  const takenOff = isOver ? await fingerprints.takeOffFinalizers(spec) : [];
  await database.transaction(async (client) => {
    await postpone(client, lease, { ...waits, nextTryAt: nextLook(now(), handedOverAt) });
    if (takenOff.length === 0) return;
    await record(client, {
      tenantId: tenant.id,
      subscriptionId: tenant.subscriptionId,
      kind: 'tenant.finalizers-removed',
      message: `Its end was held up by ${takenOff.length === 1 ? 'a finalizer' : `finalizers of ${takenOff.length} objects`} of its own, which were taken off`,
      data: { objects: takenOff },
      audience: 'operator',
    });
  });
  return 'done';
}
