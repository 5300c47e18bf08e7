/** A context for jobs without an engine and a cluster: using one of these fails the test. */
import pino from 'pino';
import type Stripe from 'stripe';
import type { Follower } from '../../automation/followers.ts';
import type { JobContext } from '../../automation/jobs/context.ts';
import { defaultPolicy, type Policy } from '../../automation/policy.ts';
import type { Database } from '../../automation/store/database.ts';
import { workerFollowers } from '../../automation/worker/followers.ts';

export interface JobContextOptions {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly policy?: Partial<Policy>;
  readonly now?: () => Date;
  /** Default: the control plane's own. */
  readonly followers?: readonly Follower[];
}

export function jobContext({
  database,
  stripe,
  policy: given,
  now,
  followers,
}: JobContextOptions): JobContext {
  const never = (what: string) => () => {
    throw new Error(`${what} was asked for`);
  };
  const log = pino({ level: 'silent' });
  const policy = {
    ...defaultPolicy,
    reservedStacks: 0,
    slotsPerProduct: 0,
    driftChecksPerSweep: 0,
    ...given,
  };
  return {
    database,
    relaxedDatabase: database,
    stripe,
    runners: {
      acquire: never('a runner'),
      warmUp: never('a runner'),
      busy: 0,
      close: async () => {},
    },
    fingerprints: {
      read: never('the cluster'),
      remains: never('the cluster'),
      isEnding: never('the cluster'),
      takeOffFinalizers: never('the cluster'),
      endPods: never('the cluster'),
    },
    cell: { id: 'local', region: 'local' },
    policy,
    log,
    workerId: 'test',
    followers: followers ?? workerFollowers({ database, stripe, policy, log }),
    now: now ?? (() => new Date()),
  };
}
