/**
 * A worker process as the jobs see it, in the test's own process. It runs the jobs in the queue, and it may be
 * killed: from a chosen call to the outside world on, none of its calls arrives, and everything it had begun stays as
 * it is.
 */

import type { TaskList } from 'graphile-worker';
import pino from 'pino';
import Stripe from 'stripe';
import type { JobContext } from '../../automation/jobs/context.ts';
import { defaultPolicy, type Policy } from '../../automation/policy.ts';
import type { Database, Queryable } from '../../automation/store/database.ts';
import { lanes, sweepParts } from '../../automation/work/work.ts';
import { workerFollowers } from '../../automation/worker/followers.ts';
import { sweep } from '../../automation/worker/sweep.ts';
import { worksOf } from '../support/sweep.ts';
import { type ClusterInMemory, type Fate, kindly } from './cluster.ts';
import { endTasks } from './ends.ts';

/** Everything that workers of one world share. */
export interface Surroundings {
  readonly database: Database;
  readonly cluster: ClusterInMemory;
  readonly stripe: { readonly host: string; readonly port: number; readonly secretKey: string };
  readonly now: () => Date;
}

/** Times of the model's world. A lease that nobody renews is over when a rest says so; see `world.ts`. */
export const policy: Policy = {
  ...defaultPolicy,
  graceMs: 3 * 24 * 3_600_000,
  retentionMs: 10 * 24 * 3_600_000,
  leaseTtlMs: 5_000,
  // A failed job is tried again whenever somebody rings.
  retryBaseMs: 0,
  fetchesPerSecond: 5_000,
  driftChecksPerSweep: 5,
  reservedStacks: 2,
  slotsPerProduct: 1,
};

export interface WorkerOptions {
  readonly id: string;
  /** Calls to the world outside that arrive before it is killed; null lets it live. */
  readonly diesAfter?: number | null;
  /** True when a question to Stripe gets no answer. */
  readonly stripeFails?: () => boolean;
  readonly fate?: Fate;
}

export interface ModelWorker {
  readonly id: string;
  readonly isDead: boolean;
  /** Takes jobs until none is due, it is killed, or it has taken so many. @returns how many it took */
  work(atMost?: number): Promise<number>;
  /** @returns steps that failed although the worker lives and Stripe answers */
  sweep(): Promise<readonly string[]>;
  /** Why jobs failed, except for those ended by the worker's death or a silent Stripe. */
  readonly failures: readonly string[];
}

class Killed extends Error {}

export function createWorker(
  { database, cluster, stripe, now }: Surroundings,
  { id, diesAfter = null, stripeFails = () => false, fate = kindly }: WorkerOptions,
): ModelWorker {
  let left = diesAfter ?? Number.POSITIVE_INFINITY;
  let dead = false;
  let stripeWasSilent = false;
  const failures: string[] = [];

  const outside = async <T>(call: () => Promise<T>): Promise<T> => {
    if (!dead && left <= 0) dead = true;
    if (dead) throw new Killed('the worker was killed');
    left -= 1;
    return call();
  };
  const mortal = (db: Queryable): Queryable => ({
    query: ((...given: never[]) =>
      outside(() => (db.query as (...all: never[]) => Promise<never>)(...given))) as Queryable['query'],
  });
  const mortalDatabase: Database = {
    ...mortal(database),
    pool: database.pool,
    transaction: (work) =>
      outside(() =>
        database.transaction(async (client) => {
          const result = await work(mortal(client));
          // Whatever is killed before the commit has not happened.
          return outside(async () => result);
        }),
      ),
    close: async () => {},
  };
  const ask: typeof fetch = (...given) =>
    outside(async () => {
      if (!stripeFails()) return fetch(...given);
      stripeWasSilent = true;
      throw new Error('Stripe does not answer');
    });
  const client = new Stripe(stripe.secretKey, {
    protocol: 'http',
    host: stripe.host,
    port: stripe.port,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(ask),
  });
  const log = pino({ level: 'silent' });
  const context: JobContext = {
    database: mortalDatabase,
    relaxedDatabase: mortalDatabase,
    stripe: client,
    runners: cluster.runners(fate),
    fingerprints: cluster.fingerprints,
    cell: { id: 'local', region: 'local' },
    policy,
    log,
    workerId: id,
    followers: workerFollowers({ database: mortalDatabase, stripe: client, policy, log }),
    now,
  };
  const works = [...worksOf(context), { tasks: { ends: endTasks(context) } }];
  const tasks: TaskList = Object.assign(
    {},
    ...works.flatMap((work) => lanes.map((lane) => work.tasks?.[lane])),
  );

  async function workOnce(): Promise<boolean> {
    const job = dead ? null : await takeJob(database, Object.keys(tasks), now());
    if (!job) return false;
    try {
      // Jobs here need nothing of the queue but their payload.
      await tasks[job.task]?.(job.payload, undefined as never);
      if (!dead) await endJob(database, job.id);
    } catch (error) {
      // A dead worker's job stays locked, as the queue takes it for being worked on.
      if (dead) return false;
      await giveBack(database, job.id, String(error));
      if (!stripeWasSilent) failures.push(`${job.task} ${JSON.stringify(job.payload)}: ${String(error)}`);
    }
    return true;
  }

  return {
    id,
    failures,
    get isDead() {
      return dead;
    },
    async work(atMost = Number.POSITIVE_INFINITY) {
      let taken = 0;
      const lane = async () => {
        while (taken < atMost) {
          taken += 1;
          if (await workOnce()) continue;
          taken -= 1;
          return;
        }
      };
      await Promise.all(Array.from({ length: 4 }, lane));
      return taken;
    },
    async sweep() {
      const failed: string[] = [];
      try {
        for (const part of sweepParts) failed.push(...((await sweep(context, part, works)) ?? []));
      } catch (error) {
        if (!dead) throw error;
      }
      return dead || stripeWasSilent ? [] : failed;
    },
  };
}

interface TakenJob {
  readonly id: string;
  readonly task: string;
  readonly payload: unknown;
}

/** Takes a job as graphile-worker does: locked until its end, and for hours when its worker dies. */
async function takeJob(db: Queryable, tasks: readonly string[], now: Date): Promise<TakenJob | null> {
  const { rows } = await db.query<TakenJob>(
    `update graphile_worker._private_jobs job set locked_at = now(), locked_by = 'model', attempts = attempts + 1
     from graphile_worker._private_tasks task
     where task.id = job.task_id and job.id = (
       select waiting.id from graphile_worker._private_jobs waiting
       join graphile_worker._private_tasks of on of.id = waiting.task_id
       where waiting.locked_at is null and waiting.attempts < waiting.max_attempts and of.identifier = any($1)
         and waiting.run_at <= greatest(now(), $2)
       order by waiting.priority, waiting.run_at, waiting.id limit 1 for update of waiting skip locked)
     returning job.id::text, task.identifier as task, job.payload`,
    [tasks, now],
  );
  return rows[0] ?? null;
}

async function endJob(db: Queryable, id: string): Promise<void> {
  await db.query('delete from graphile_worker._private_jobs where id = $1', [id]);
}

async function giveBack(db: Queryable, id: string, why: string): Promise<void> {
  await db.query(
    `update graphile_worker._private_jobs set locked_at = null, locked_by = null, last_error = $2, run_at = now()
     where id = $1`,
    [id, why],
  );
}
