/** Compares what runs of a cell's tenants with what was bought. Pure. */
import { findPlan } from '../../tenants/catalog/index.ts';
import type { Running } from '../health/index.ts';
import type { CellTenant } from './compare-cell.ts';
import { type Observation, observe } from './kinds.ts';

/** Until then pods may still be replaced: a rollout, an image that is pulled, a node that is added. */
const rolloutMs = 300_000;

/**
 * @param running by tenant, without those that have no workload; null when nobody watches the cell
 * @param options.graceMs a tenant without any ready pod is left alone for this long
 */
export function compareRunning(
  tenants: readonly CellTenant[],
  running: ReadonlyMap<string, Running> | null,
  { busy, now, graceMs }: { busy: ReadonlySet<string>; now: Date; graceMs: number },
): Observation[] {
  if (running === null) return [];
  return tenants.flatMap((tenant) => {
    const seen = running.get(tenant.id);
    if (!seen || busy.has(tenant.id) || !tenant.settled) return [];
    const lasts = (since: Date, ms: number) => now.getTime() - since.getTime() >= ms;
    const { notRunningSince, ready, wanted, state, message } = seen;
    if (notRunningSince && lasts(notRunningSince, ready === 0 ? graceMs : rolloutMs)) {
      const cause = `${ready} of ${wanted} pods ready (${state}): ${message ?? 'no reason is known'}`;
      return [
        observe('not-running', tenant.id, cause, {
          tenantId: tenant.id,
          since: notRunningSince,
          data: { state },
        }),
      ];
    }
    const difference = lasts(tenant.updatedAt, rolloutMs) ? differenceOf(tenant, seen) : null;
    if (difference === null) return [];
    const since = new Date(Math.max(tenant.updatedAt.getTime(), seen.changedAt.getTime()));
    if (!lasts(since, rolloutMs)) return [];
    return [observe('runs-otherwise', tenant.id, difference, { tenantId: tenant.id, since })];
  });
}

/** What runs that was not bought, or does not run although it was; null when both agree. */
function differenceOf(tenant: CellTenant, { wanted, ready, sizes }: Running): string | null {
  const plan = findPlan(tenant.product, tenant.plan);
  if (!plan || plan.compute === null) return null;
  if (tenant.desiredState === 'suspended')
    return ready === 0 && wanted === 0 ? null : `it is suspended, and ${Math.max(ready, wanted)} pods run`;
  const most = plan.autoscaling?.maxReplicas ?? 1;
  const least = plan.autoscaling?.minReplicas ?? 1;
  if (wanted > most)
    return `${wanted} pods are wanted in the cluster, and ${tenant.plan} has at most ${most}`;
  if (wanted < least)
    return `${wanted} pods are wanted in the cluster, and ${tenant.plan} has at least ${least}`;
  const { cpuMillis, memoryBytes } = plan.compute;
  const other = sizes.find((size) => size.cpuMillis !== cpuMillis || size.memoryBytes !== memoryBytes);
  if (!other) return null;
  return `${other.pods} pods run with ${sizeText(other)}, and ${tenant.plan} has ${sizeText(plan.compute)}`;
}

function sizeText({ cpuMillis, memoryBytes }: { cpuMillis: number; memoryBytes: number }): string {
  return `${cpuMillis / 1000} CPU and ${Math.round(memoryBytes / 2 ** 20)} MiB`;
}
