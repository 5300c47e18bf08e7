import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Following } from '../followers.ts';
import type { Policy } from '../policy.ts';
import type { Fingerprints, RunnerPool } from '../stacks/index.ts';
import type { Cell } from '../store/cells.ts';
import type { Database } from '../store/database.ts';

export interface JobContext extends Following {
  readonly database: Database;
  /**
   * The same database with commits that do not wait for the disk: a crash of the server may lose the last few. A commit of
   * `database` makes earlier ones durable, too.
   */
  readonly relaxedDatabase: Database;
  readonly stripe: Stripe;
  readonly runners: RunnerPool;
  readonly fingerprints: Fingerprints;
  readonly cell: Cell;
  readonly policy: Policy;
  readonly log: Logger;
  /** Unique across replicas. */
  readonly workerId: string;
}
