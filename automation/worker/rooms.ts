import { billingWork } from '../billing/index.ts';
import { entitlementsWork } from '../entitlements/index.ts';
import { figuresWork } from '../figures/index.ts';
import { type JobContext, jobsWork } from '../jobs/index.ts';
import { keysWork } from '../keys/index.ts';
import { ledgerWork } from '../ledger/index.ts';
import type { Work } from '../work/index.ts';

/** The work of rooms that need no more than every job's context. */
export function roomsWork(context: JobContext): readonly Work[] {
  return [
    jobsWork(context),
    billingWork(context),
    ledgerWork(context),
    entitlementsWork(context.database, context.now),
    keysWork(context.database, context.now),
    figuresWork(context.database, context.stripe),
  ];
}
