import { billingWork } from '../billing/work.ts';
import { entitlementsWork } from '../entitlements/index.ts';
import { figuresWork } from '../figures/work.ts';
import type { JobContext } from '../jobs/context.ts';
import { jobsWork } from '../jobs/work.ts';
import { ledgerWork } from '../ledger/work.ts';
import type { Work } from '../work/work.ts';

/** What rooms have a worker do with nothing but what every job works with. */
export function roomsWork(context: JobContext): readonly Work[] {
  return [
    jobsWork(context),
    billingWork(context),
    ledgerWork(context),
    entitlementsWork(context.database, context.now),
    figuresWork(context.database, context.stripe),
  ];
}
