import type { Logger } from 'pino';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { Database } from '../store/database.ts';
import { withTurn } from '../store/turns.ts';
import { repeat, type Work } from '../work/index.ts';
import { watchCell } from './watch-cell.ts';

export interface HealthContext {
  readonly database: Database;
  readonly cluster: Pick<KubernetesClient, 'send' | 'readLines'>;
  readonly cell: { readonly id: string };
  readonly policy: { readonly leaseTtlMs: number };
  readonly workerId: string;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const pauseMs = 2_000;

/** Watches what runs of every tenant. One worker of a cell does, and another takes over when it stops. */
export function healthWork(context: HealthContext): Work {
  const { database, cell, policy, workerId, log } = context;
  const turn = { name: `health:${cell.id}`, holder: workerId, ttlMs: policy.leaseTtlMs };
  return {
    begin: () =>
      repeat(pauseMs, async (signal) => {
        await withTurn(database, turn, () => watchCell(context, turn, signal)).catch((error: unknown) =>
          log.error({ error }, 'the watch of what runs ended; it begins again'),
        );
      }),
  };
}
