import type { JobContext } from '../jobs/context.ts';
import type { KubernetesClient } from '../providers/kubernetes/client.ts';
import { withTurn } from '../store/turns.ts';
import { forgetUsage } from '../store/usage-roll-up.ts';
import type { MeteringMetrics } from './metrics.ts';
import { observe } from './observe.ts';
import { forgetEveryMs, reportEveryMs, tickMs, usageRetention } from './policy.ts';
import { reportUsage } from './report.ts';
import { rollUpHours, rollUpUrgent } from './roll-up.ts';
import { sampleCell } from './sample.ts';

type Context = Pick<JobContext, 'database' | 'stripe' | 'cell' | 'policy' | 'log' | 'workerId' | 'now'>;

/**
 * Meters the tenants of a worker's cell, and does the accounts of all cells, until it is stopped. Of all workers of a
 * cell one samples, of all workers one does the accounts; whatever one that was stopped does late is harmless.
 */
export function meterRegularly(
  context: Context,
  cluster: Pick<KubernetesClient, 'send'>,
  metrics: MeteringMetrics,
): () => Promise<void> {
  const { cell, log } = context;
  let reportAt = 0;
  let forgetAt = 0;
  const sample = async () => {
    const begun = performance.now();
    const outcome = await sampleCell({ ...context, observe: () => observe(cluster) }, cell.id);
    if (outcome === 'sampled') metrics.sampled((performance.now() - begun) / 1000);
    return outcome;
  };
  const accounts = async (sampled: boolean) => {
    const { database, now } = context;
    const at = now();
    await rollUpHours(database, at);
    if (sampled) await rollUpUrgent(database, at);
    if (at.getTime() >= reportAt) {
      reportAt = at.getTime() + reportEveryMs;
      const result = await reportUsage({
        ...context,
        onError: (error, of) => log.error({ error, ...of }, 'usage could not be told to Stripe'),
      });
      metrics.reported(result);
    }
    if (at.getTime() >= forgetAt) {
      forgetAt = at.getTime() + forgetEveryMs;
      await forgetUsage(database, at, usageRetention);
    }
  };
  const round = async () => {
    const outcome = await inTurn(context, `usage-sample:${cell.id}`, sample);
    await inTurn(context, 'usage-accounts', () => accounts(outcome === 'sampled'));
  };

  let timer: NodeJS.Timeout;
  let stopped = false;
  let current: Promise<void> = Promise.resolve();
  const start = () => {
    current = round().then(() => {
      if (!stopped) timer = setTimeout(start, tickMs);
    });
  };
  start();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current;
  };
}

/** Does the work unless another worker is at it; a failure is told and does not keep the rest from its work. */
async function inTurn<T>(
  { database, policy, workerId, log }: Context,
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
