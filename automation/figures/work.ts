import type Stripe from 'stripe';
import type { Database } from '../store/database.ts';
import type { Work } from '../work/index.ts';
import { takeReturns } from './returns.ts';

/** Only the sweep asks Stripe for credit notes and refunds. */
export function figuresWork(database: Database, stripe: Stripe): Work {
  return { sweep: { shared: { takeReturns: () => takeReturns(database, stripe) } } };
}
