import type Stripe from 'stripe';
import { originOf } from '../desired/index.ts';
import type { Follower } from '../followers.ts';
import type { Queryable } from '../store/database.ts';
import { answeredAt, figuresExpand, readDiscounts, recordSubscription } from './record.ts';

export interface FiguresOptions {
  readonly database: Queryable;
  readonly stripe: Stripe;
  /** The policy's grace period. */
  readonly graceMs: number;
  readonly log: { warn(about: object, message: string): void };
}

/** Keeps the log from which figures are computed. */
export function figuresFollower({ database, stripe, graceMs, log }: FiguresOptions): Follower {
  return {
    name: 'figures',
    expand: figuresExpand,
    async subscriptionFetched({ subscription, ticket, at: fetchedAt }) {
      const at = answeredAt(subscription, fetchedAt);
      const discounts = await readDiscounts(database, stripe, subscription);
      return {
        begin: (client) =>
          recordSubscription(
            client,
            { subscription, at, discounts },
            { originOf, graceMs, ticket, warn: (about, message) => log.warn(about, message) },
          ),
      };
    },
  };
}
