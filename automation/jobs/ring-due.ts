/** What the sweep rings for and ends: each finds what no doorbell told, or whose time has come. */

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

/** Rows that one step takes at most; the next sweep takes the rest. */
const batch = 500;

/** Subscriptions that wait, and those whose grace is over. */
export async function ringDirty({ database, policy, now }: JobContext): Promise<void> {
  await ringSubscriptions(database, await listDirtySubscriptions(database, batch, now()));
  for (const id of await listGraceExpired(database, policy.graceMs, batch, now())) {
    await markSubscription(database, id);
  }
}

/** Data whose time of keeping is over is deleted. */
export async function endRetention(context: JobContext): Promise<void> {
  const { database, cell, now } = context;
  for (const id of await listRetentionExpired(database, cell.id, batch, now())) {
    await database.transaction(async (client) => {
      const tenant = await findTenant(client, id, { lock: true });
      if (!tenant || tenant.desiredState === 'deleted' || !tenant.deleteAfter) return;
      await record(
        client,
        await endTenant(client, context, tenant, 'as the time for which its data is kept is over'),
      );
    });
  }
}

/** Tenants that are not what they should be and that nobody is working on. */
export async function ringTenants({ database, cell, now }: JobContext): Promise<void> {
  for (const tenant of await listUnconverged(database, cell.id, batch, now()))
    await ringTenant(database, tenant);
}

/** A few tenants each time, those first that were not looked at for longest. */
export async function checkDrift({ database, cell, policy }: JobContext): Promise<void> {
  for (const tenant of await listDriftUnchecked(database, cell.id, policy.driftChecksPerSweep)) {
    await ringTenant(database, tenant, { priority: 20 });
  }
}
