import type { BillingContext } from '../context.ts';
import { forgetNotices, ringCatalogCheck } from './notices-rows.ts';
import { forgetEvents } from './stored-events.ts';

const batch = 5_000;

/** For changes in Stripe's dashboard whose events never came. */
const catalogCheckMs = 3_600_000;

/** Forgets old events and notices, and has the catalog compared now and then. */
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
