import type { Logger } from 'pino';
import type { Policy } from '../policy.ts';
import type { Database } from '../store/database.ts';
import { withTurn } from '../store/turns.ts';
import { repeat, type SweepPart, sweepParts, type Work } from '../work/index.ts';

export interface SweepContext {
  readonly database: Database;
  readonly cell: { readonly id: string };
  readonly policy: Pick<Policy, 'leaseTtlMs' | 'sweepIntervalMs'>;
  readonly workerId: string;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * Webhooks make it fast, the sweep makes it right: even with every webhook and every doorbell lost, sweeps converge. One of
 * all workers at a time does the shared part, one of a cell's workers the cell's part. A step that fails, for example
 * because Stripe is down, stops no other.
 * @returns the steps that failed; null when another worker is sweeping
 */
export async function sweep(
  { database, policy, cell, workerId, log }: SweepContext,
  part: SweepPart,
  works: readonly Work[],
): Promise<readonly string[] | null> {
  const turn = {
    name: part === 'shared' ? 'sweep' : `sweep:${cell.id}`,
    holder: workerId,
    ttlMs: policy.leaseTtlMs,
  };
  return withTurn(database, turn, async () => {
    const failed: string[] = [];
    for (const [name, step] of works.flatMap((work) => Object.entries(work.sweep?.[part] ?? {}))) {
      try {
        await step();
      } catch (error) {
        failed.push(name);
        log.error({ step: name, error }, 'a step of the sweep failed');
      }
    }
    return failed;
  });
}

/**
 * Sweeps at intervals. The shared part may take minutes; the cell's own does not wait for it.
 * @param ended called after each sweep of this worker, with the steps that failed
 * @returns ends it
 */
export function sweepRegularly(
  context: SweepContext,
  works: readonly Work[],
  ended: (part: SweepPart, failed: readonly string[]) => void,
): () => Promise<unknown> {
  const stops = sweepParts.map((part) =>
    repeat(context.policy.sweepIntervalMs, async () => {
      try {
        const failed = await sweep(context, part, works);
        if (failed) ended(part, failed);
      } catch (error) {
        context.log.error({ part, error }, 'the sweep failed');
      }
    }),
  );
  return () => Promise.all(stops.map((stop) => stop()));
}
