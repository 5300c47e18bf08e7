import { figuresFollower } from '../figures/index.ts';
import type { Follower } from '../followers.ts';
import type { JobContext } from '../jobs/index.ts';
import { ledgerFollower } from '../ledger/index.ts';
import type { Service } from '../service.ts';
import { tenantFollowers } from '../tenant-followers.ts';

/** A worker's followers, in the order in which they run. Only workers apply subscriptions, so only they have the first two. */
export function workerFollowers(
  { database, stripe, policy, log }: Pick<JobContext, 'database' | 'stripe' | 'policy' | 'log'>,
  services: readonly Service[] = [],
): readonly Follower[] {
  return [
    figuresFollower({ database, stripe, graceMs: policy.graceMs, log }),
    ledgerFollower(database, stripe),
    ...tenantFollowers(services),
  ];
}
