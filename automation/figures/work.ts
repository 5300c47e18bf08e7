import type Stripe from 'stripe';
import type { Database } from '../store/database.ts';
import type { Work } from '../work/index.ts';
import { takeReturns } from './returns.ts';

/** What was given back, which only the sweep asks Stripe for. */
export function figuresWork(database: Database, stripe: Stripe): Work {
  return { sweep: { shared: { takeReturns: () => takeReturns(database, stripe) } } };
}
