import type { TaskList } from 'graphile-worker';
import type { Registry } from 'prom-client';

/**
 * The queues of a worker, each with its own concurrency, so that none keeps another waiting: `payments` turns Stripe's
 * subscriptions into desired states, `tenants` runs engines, `ends` makes exports and sends mail, `doorbells` only wakes
 * its handlers, `products` runs services' tasks.
 */
export const lanes = ['payments', 'tenants', 'ends', 'doorbells', 'products'] as const;
export type Lane = (typeof lanes)[number];

export const sweepParts = ['shared', 'cell'] as const;
export type SweepPart = (typeof sweepParts)[number];
export type SweepSteps = Readonly<Record<string, () => Promise<unknown>>>;

/** What a room or a service gives a worker to do. */
export interface Work {
  /** By the names of the jobs. */
  readonly tasks?: Readonly<Partial<Record<Lane, TaskList>>>;
  /** What every sweep puts right, by name. A step that fails stops no other. */
  readonly sweep?: Readonly<Partial<Record<SweepPart, SweepSteps>>>;
  /** Registers metrics and begins what runs beside the queues. @returns ends that; must not reject */
  begin?(registry: Registry): () => Promise<unknown>;
  /** Closes what the room opened, once none of its work runs. */
  close?(): Promise<unknown>;
}
