import type { BillingContext } from '../context.ts';
import { forgetNotices, ringCatalogCheck } from './notices-rows.ts';
import { forgetEvents } from './stored-events.ts';

const batch = 5_000;

/** How often the catalog is compared although no event came. */
const catalogCheckMs = 3_600_000;

/** Deletes old events and notices, and has the catalog compared now and then. */
export async function keepInbox({
  database,
  policy,
  now,
}: Pick<BillingContext, 'database' | 'policy' | 'now'>): Promise<void> {
  const before = new Date(now().getTime() - policy.eventRetentionMs);
  await forgetEvents(database, before, batch);
  await forgetNotices(database, before, batch);
  await ringCatalogCheck(database, new Date(now().getTime() - catalogCheckMs));
}
