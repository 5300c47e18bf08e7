import { Logger as QueueLogger, run } from 'graphile-worker';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { JobContext } from '../jobs/index.ts';
import { isDatabaseAway } from '../store/database.ts';
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
      pgPool: retriedByQueue(relaxedDatabase.pool),
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

/**
 * The pool as the queue's library sees it: an error of a lost connection carries the code of a serialization failure. The
 * library retries that code with backoff, while any other error at the end of a job ends the worker that runs it, and
 * leaves the job locked for four hours. Its statements may run twice, as each names the job and who locked it.
 */
function retriedByQueue(pool: pg.Pool): pg.Pool {
  const retried = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Error && isDatabaseAway(error))
        Object.assign(error, { code: serializationFailure });
      throw error;
    }
  };
  const retriedClient = (client: pg.PoolClient) =>
    new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name === 'query')
          return (...args: Parameters<typeof target.query>) => retried(async () => target.query(...args));
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return new Proxy(pool, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      // With a callback it listens, and connects anew by itself.
      if (name === 'connect')
        return (callback?: Parameters<typeof target.connect>[0]) =>
          callback ? target.connect(callback) : retried(async () => retriedClient(await target.connect()));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const serializationFailure = '40001';

function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
}
