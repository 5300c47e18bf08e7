import type { Logger } from 'pino';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { ShownPresence } from '../store/presence.ts';
import { repeat } from '../work/index.ts';

export interface ClusterWatch {
  readonly cluster: Pick<KubernetesClient, 'send'>;
  readonly presence: Pick<ShownPresence, 'show'>;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Pause between looks. */
  readonly intervalMs?: number;
  /** A cluster that gives no good answer for this long counts as away, although the client retries meanwhile. */
  readonly timeoutMs?: number;
}

/**
 * Checks regularly whether the cluster's API answers, and announces the worker as `without cluster` while it does not.
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
    // An API that cannot reach its store still knows its version, but no object.
    await cluster.send({ method: 'GET', path: '/api/v1/namespaces/kube-system', signal });
    return undefined;
  } catch (error) {
    return error;
  }
}
