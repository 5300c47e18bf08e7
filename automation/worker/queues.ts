import { Logger as QueueLogger, run } from 'graphile-worker';
import type { Logger } from 'pino';
import type { JobContext } from '../jobs/index.ts';
import { type Lane, lanes, type Work } from '../work/index.ts';
import type { WorkerEnv } from './env.ts';

/** How many jobs of each queue run at once. */
export function jobsAtOnce({ runners }: Pick<WorkerEnv, 'runners'>): Readonly<Record<Lane, number>> {
  return {
    // Few, so that webhooks keep a core while many subscriptions wait.
    payments: 4,
    // One more than there are runners: it waits for the next free one.
    tenants: runners + 1,
    ends: 2,
    doorbells: 1,
    products: 4,
  };
}

/** Starts taking jobs, of all lanes that have tasks. */
export async function beginQueues(
  { relaxedDatabase, runners, log }: Pick<JobContext, 'relaxedDatabase' | 'runners' | 'log'>,
  env: Pick<WorkerEnv, 'runners'>,
  works: readonly Work[],
  onStop: (release: () => Promise<unknown>) => void,
): Promise<void> {
  for (const lane of lanes) {
    const taskList = Object.assign({}, ...works.map(({ tasks }) => tasks?.[lane]));
    if (Object.keys(taskList).length === 0) continue;
    const queue = await run({
      pgPool: relaxedDatabase.pool,
      concurrency: jobsAtOnce(env)[lane],
      pollInterval: 2000,
      noHandleSignals: true,
      noPreparedStatements: false,
      logger: queueLogger(log),
      taskList,
    });
    onStop(async () => {
      // Ends the operations that jobs wait for, so that the queue can stop now.
      if (lane === 'tenants') await runners.close();
      await queue.stop();
    });
  }
}

function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
}
