import { figuresFollower } from '../figures/index.ts';
import type { Follower } from '../followers.ts';
import type { JobContext } from '../jobs/index.ts';
import { keysFollower } from '../keys/index.ts';
import { ledgerFollower } from '../ledger/index.ts';
import { meteringFollower } from '../metering/index.ts';
import { notifyFollower } from '../notify/index.ts';

/** The control plane's own followers, in the order in which they run. */
export function ownFollowers(
  context: Pick<JobContext, 'database' | 'stripe' | 'policy' | 'log'>,
): readonly Follower[] {
  const { database, stripe, policy, log } = context;
  return [
    figuresFollower({ database, stripe, graceMs: policy.graceMs, log }),
    ledgerFollower(database, stripe),
    keysFollower,
    meteringFollower,
    notifyFollower,
  ];
}
