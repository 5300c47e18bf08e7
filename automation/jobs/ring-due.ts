/** Steps of the sweep. Each finds what has become due, or what a doorbell was lost for. */

import { endTenant } from '../offboarding/index.ts';
import { record } from '../store/audit.ts';
import { listDriftUnchecked, listRetentionExpired, listUnconverged } from '../store/due-tenants.ts';
import {
  listDirtySubscriptions,
  listGraceExpired,
  markSubscription,
  ringSubscriptions,
} from '../store/subscriptions.ts';
import { findTenant, ringTenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';

/** Most rows that one step takes; the next sweep takes the rest. */
const batch = 500;

/** Rings for subscriptions that are dirty or whose grace period is over. */
export async function ringDirty({ database, policy, now }: JobContext): Promise<void> {
  await ringSubscriptions(database, await listDirtySubscriptions(database, batch, now()));
  for (const id of await listGraceExpired(database, policy.graceMs, batch, now())) {
    await markSubscription(database, id);
  }
}

/** Deletes tenants whose retention has expired. */
export async function endRetention(context: JobContext): Promise<void> {
  const { database, cell, now } = context;
  for (const id of await listRetentionExpired(database, cell.id, batch, now())) {
    await database.transaction(async (client) => {
      const tenant = await findTenant(client, id, { lock: true });
      if (!tenant || tenant.desiredState === 'deleted' || !tenant.deleteAfter) return;
      await record(client, await endTenant(client, context, tenant, 'because its retention has expired'));
    });
  }
}

/** Rings for tenants that differ from their desired state and that no worker is converging. */
export async function ringTenants({ database, cell, now }: JobContext): Promise<void> {
  for (const tenant of await listUnconverged(database, cell.id, batch, now()))
    await ringTenant(database, tenant);
}

/** Checks a few tenants each time; those first whose last check is longest ago. */
export async function checkDrift({ database, cell, policy }: JobContext): Promise<void> {
  for (const tenant of await listDriftUnchecked(database, cell.id, policy.driftChecksPerSweep))
    await ringTenant(database, tenant);
}
