import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Policy } from '../policy.ts';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { Cell } from '../store/cells.ts';
import type { Database, Queryable } from '../store/database.ts';
import type { ReconcilePolicy } from './policy.ts';
import type { ServiceObjects } from './service-objects.ts';

export interface ReconcileContext {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly cluster: KubernetesClient;
  /** Services' objects that come and go in tenants' namespaces. */
  readonly objects: readonly ServiceObjects[];
  /** The cell's servers of tenants' databases; the shared one has no name. */
  readonly servers: readonly { readonly name: string | null; readonly database: Queryable }[];
  /** Ids of the tenants whose stacks have a state; null where they cannot be listed. */
  readonly stacks: () => Promise<ReadonlySet<string> | null>;
  readonly cell: Cell;
  readonly jobs: Pick<Policy, 'graceMs' | 'retentionMs' | 'leaseTtlMs'>;
  readonly policy: ReconcilePolicy;
  readonly log: Logger;
  readonly workerId: string;
  readonly now: () => Date;
}

/** There are two kinds of comparison: one of money over all cells, and one in each cell. */
export const moneyArea = 'money';

export function cellArea(cell: string): string {
  return `cell:${cell}`;
}
