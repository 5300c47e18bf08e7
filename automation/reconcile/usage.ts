/** Usage that should have been reported to Stripe by now. */

import { cursorOf, listUnreportedUsage } from '../metering/index.ts';
import type { Queryable } from '../store/database.ts';
import type { UnreportedUsage } from './compare-money.ts';

/** A day is reported in the first hours of the next one, so yesterday counts as late from 02:00 UTC on. */
const reportedWithinMs = 26 * 3_600_000;
const pageSize = 2_000;
/** Most days of tenants and dimensions that one look reads: more are one problem, not thousands. */
const most = 20_000;

export async function readUnreportedUsage(db: Queryable, now: Date): Promise<UnreportedUsage[]> {
  const olderThan = new Date(now.getTime() - reportedWithinMs);
  const unreported: UnreportedUsage[] = [];
  for (let after: string | undefined; unreported.length < most; ) {
    const page = await listUnreportedUsage(db, {
      olderThan,
      limit: pageSize,
      ...(after !== undefined && { after }),
    });
    unreported.push(...page);
    const last = page.at(-1);
    if (!last || page.length < pageSize) break;
    after = cursorOf(last);
  }
  return unreported;
}
