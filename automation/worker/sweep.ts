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
 * Makes right what webhooks make fast: with every webhook and every doorbell lost, sweeps alone converge. The shared part
 * is done by one worker of all at a time, a cell's by one of its own. Each step stands alone, so that one that fails
 * (Stripe is down, say) does not keep the others from their work.
 * @returns the steps that failed; null when another worker is at it
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
 * Sweeps now and then at intervals. What concerns all cells may take minutes, for which the cell's own does not wait.
 * @param ended hears of each sweep that this worker has made, and which of its steps failed
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
