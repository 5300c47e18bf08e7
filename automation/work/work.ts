import type { TaskList } from 'graphile-worker';
import type { Registry } from 'prom-client';

/**
 * The queues of a worker, each with a share of its own, so that none keeps another waiting: `payments` turns what Stripe
 * says into wishes, `tenants` runs engines, `ends` makes exports and sends mail, `doorbells` only wakes somebody,
 * `products` is for services.
 */
export const lanes = ['payments', 'tenants', 'ends', 'doorbells', 'products'] as const;
export type Lane = (typeof lanes)[number];

export const sweepParts = ['shared', 'cell'] as const;
/** What concerns all cells, which is mostly Stripe, and what concerns the worker's own. */
export type SweepPart = (typeof sweepParts)[number];
export type SweepSteps = Readonly<Record<string, () => Promise<unknown>>>;

/** What a room or a service has a worker do. */
export interface Work {
  /** By the names that jobs are rung with. */
  readonly tasks?: Readonly<Partial<Record<Lane, TaskList>>>;
  /** What every sweep makes right, by name. Each step stands alone: one that fails keeps no other from its work. */
  readonly sweep?: Readonly<Partial<Record<SweepPart, SweepSteps>>>;
  /** Tells its metrics and begins what goes on beside the queues. @returns ends that; it must not reject */
  begin?(registry: Registry): () => Promise<unknown>;
  /** Closes what was opened for it, once nothing of it runs. */
  close?(): Promise<unknown>;
}
