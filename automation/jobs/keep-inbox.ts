import { forgetNotices, ringCatalogCheck } from '../billing/events/notices-rows.ts';
import { forgetEvents } from '../store/event-inbox.ts';
import type { JobContext } from './context.ts';

const batch = 5_000;

/** For changes in Stripe's dashboard whose events never came. */
const catalogCheckMs = 3_600_000;

/** Forgets old events and notices, and has the catalog compared now and then. */
export async function keepInbox({
  database,
  policy,
  now,
}: Pick<JobContext, 'database' | 'policy' | 'now'>): Promise<void> {
  const before = new Date(now().getTime() - policy.eventRetentionMs);
  await forgetEvents(database, before, batch);
  await forgetNotices(database, before, batch);
  await ringCatalogCheck(database, new Date(now().getTime() - catalogCheckMs));
}
