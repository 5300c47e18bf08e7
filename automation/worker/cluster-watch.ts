import type { Logger } from 'pino';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { ShownPresence } from '../store/presence.ts';
import { repeat } from '../work/index.ts';

export interface ClusterWatch {
  readonly cluster: Pick<KubernetesClient, 'send'>;
  readonly presence: Pick<ShownPresence, 'show'>;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Between one look and the next. */
  readonly intervalMs?: number;
  /** A cluster that gives no good answer for so long is away; the client asks again and again meanwhile. */
  readonly timeoutMs?: number;
}

/**
 * Looks now and then whether the cluster's API answers, and shows the worker as one without a cluster while it does not.
 * @returns stops it
 */
export function watchCluster(watch: ClusterWatch): () => Promise<void> {
  const { presence, log, intervalMs = 5000 } = watch;
  let wasAnswering = true;
  return repeat(intervalMs, async (stopping) => {
    const problem = await problemOf(watch, stopping);
    const isAnswering = problem === undefined;
    if (stopping.aborted || isAnswering === wasAnswering) return;
    wasAnswering = isAnswering;
    if (isAnswering) log.info('the cluster answers again');
    else log.error({ error: problem }, 'the cluster does not answer');
    await presence.show(isAnswering ? 'at work' : 'without cluster');
  });
}

async function problemOf(
  { cluster, timeoutMs = 4000 }: ClusterWatch,
  stopping: AbortSignal,
): Promise<unknown> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
  try {
    // Unlike its version, an object is known only to an API that reaches its store.
    await cluster.send({ method: 'GET', path: '/api/v1/namespaces/kube-system', signal });
    return undefined;
  } catch (error) {
    return error;
  }
}
