import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Policy } from '../policy.ts';
import type { Database } from '../store/database.ts';

export interface BillingContext {
  readonly relaxedDatabase: Database;
  readonly database: Database;
  readonly stripe: Stripe;
  readonly policy: Pick<Policy, 'eventRetentionMs' | 'fetchesPerSecond'>;
  readonly log: Logger;
  readonly now: () => Date;
}
