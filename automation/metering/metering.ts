import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Policy } from '../policy.ts';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { Cell } from '../store/cells.ts';
import type { Database } from '../store/database.ts';
import { withTurn } from '../store/turns.ts';
import { repeat, type Work } from '../work/index.ts';
import { type MeteringMetrics, observeMetering } from './metrics.ts';
import { observe } from './observe.ts';
import { forgetEveryMs, reportEveryMs, tickMs, usageRetention } from './policy.ts';
import { reportUsage } from './report.ts';
import { rollUpHours, rollUpUrgent } from './roll-up.ts';
import { sampleCell } from './sample.ts';
import { forgetUsage } from './usage-roll-up.ts';

export interface MeteringContext {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly cell: Cell;
  readonly policy: Pick<Policy, 'leaseTtlMs'>;
  readonly log: Pick<Logger, 'error'>;
  readonly workerId: string;
  readonly now: () => Date;
}

/** Metering, as part of a worker. */
export function meteringWork(context: MeteringContext, cluster: Pick<KubernetesClient, 'send'>): Work {
  return {
    begin: (registry) =>
      meterRegularly(context, cluster, observeMetering(registry, context.database, context.now)),
  };
}

/**
 * Meters the tenants of a worker's cell and does the accounts of all cells, until stopped. One worker per cell samples; of
 * all workers one does the accounts and one reports to Stripe. Whatever a stopped one still does is harmless. Reporting
 * runs by itself because a day of many tenants takes minutes.
 */
export function meterRegularly(
  context: MeteringContext,
  cluster: Pick<KubernetesClient, 'send'>,
  metrics: MeteringMetrics,
): () => Promise<void> {
  const { database, cell, log, now } = context;
  let forgetAt = 0;
  const sample = async () => {
    const begun = performance.now();
    const outcome = await sampleCell({ database, now, observe: () => observe(cluster) }, cell.id);
    if (outcome === 'sampled') metrics.sampled((performance.now() - begun) / 1000);
    return outcome;
  };
  const account = async (sampled: boolean) => {
    const at = now();
    await rollUpHours(database, at);
    if (sampled) await rollUpUrgent(database, at);
    if (at.getTime() < forgetAt) return;
    forgetAt = at.getTime() + forgetEveryMs;
    await forgetUsage(database, at, usageRetention);
  };
  const report = async (signal: AbortSignal) => {
    const onError = (error: unknown, of: object) =>
      log.error({ error, ...of }, 'cannot report usage to Stripe');
    metrics.reported(await reportUsage({ ...context, onError, signal }));
  };
  const stops = [
    repeat(tickMs, async () => {
      const outcome = await inTurn(context, `usage-sample:${cell.id}`, sample);
      await inTurn(context, 'usage-accounts', () => account(outcome === 'sampled'));
    }),
    repeat(reportEveryMs, async (signal) => {
      await inTurn(context, 'usage-report', () => report(signal));
    }),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Does the work unless another worker is doing it. Logs a failure instead of passing it on. */
async function inTurn<T>(
  { database, policy, workerId, log }: MeteringContext,
  name: string,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await withTurn(database, { name, holder: workerId, ttlMs: policy.leaseTtlMs }, work);
  } catch (error) {
    log.error({ error, name }, 'a part of metering failed');
    return null;
  }
}
