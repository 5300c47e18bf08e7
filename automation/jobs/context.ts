import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Following } from '../followers.ts';
import type { Policy } from '../policy.ts';
import type { Fingerprints, RunnerPool } from '../stacks/index.ts';
import type { Cell } from '../store/cells.ts';
import type { Database } from '../store/database.ts';

/** What every job needs. */
export interface JobContext extends Following {
  readonly database: Database;
  /**
   * The same, with commits that do not wait for the disk: a crash of the server may forget the last moments of them.
   * A commit of `database` also keeps the earlier ones.
   */
  readonly relaxedDatabase: Database;
  readonly stripe: Stripe;
  readonly runners: RunnerPool;
  readonly fingerprints: Fingerprints;
  readonly cell: Cell;
  readonly policy: Policy;
  readonly log: Logger;
  /** Name of this worker process, unique across replicas. */
  readonly workerId: string;
}
