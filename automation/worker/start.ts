import type { Logger } from 'pino';
import { healthWork } from '../health/index.ts';
import { mailWork, readMailEnv } from '../mail/index.ts';
import { meteringWork } from '../metering/index.ts';
import { notificationsWork, readNotifyEnv } from '../notify/index.ts';
import { offboardingWork, readOffboardingEnv, sharedServer } from '../offboarding/index.ts';
import { objectsOf, reconcileWork } from '../reconcile/index.ts';
import { personalDataOf, type Service } from '../service.ts';
import { canListStacks, standingStacks } from '../stacks/index.ts';
import { announceHolder, announceWorker } from '../store/presence.ts';
import { wardenWork } from '../warden/index.ts';
import type { Work } from '../work/index.ts';
import { watchCluster } from './cluster-watch.ts';
import type { WorkerEnv } from './env.ts';
import { beginQueues } from './queues.ts';
import { openResources, prepare, type Resources } from './resources.ts';
import { roomsWork } from './rooms.ts';
import { servicesWork } from './services.ts';
import { sweepRegularly } from './sweep.ts';

export interface Worker {
  /** Stops taking jobs, ends running engines (the next worker takes over their tenants), closes everything. */
  stop(): Promise<void>;
}

/** Starts a worker of one cell. Resolves when it takes jobs and its runner processes are warm. */
export async function startWorker(
  env: WorkerEnv,
  log: Logger,
  services: readonly Service[] = [],
): Promise<Worker> {
  const releasers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releasers.splice(0).reverse()) {
      await release().catch((error: unknown) => log.error({ error }, 'cannot release a resource'));
    }
  };
  const onStop = (release: () => Promise<unknown>) => {
    releasers.push(release);
  };
  try {
    await prepare(env, log, services);
    const resources = await openResources(env, log, services, onStop);
    const { context, cluster, metrics } = resources;
    const works = await worksOf(env, resources, services);
    for (const { close } of works) if (close) onStop(close);
    await context.runners.warmUp();
    onStop(await announceHolder(env.databaseUrl, context.workerId));
    await beginQueues(context, env, works, onStop);
    onStop(sweepRegularly(context, works, (part, failed) => metrics.sweepEnded(part, failed, context.now())));
    for (const work of works) if (work.begin) onStop(work.begin(metrics.registry));
    const presence = await announceWorker(env.databaseUrl, env.cell.id);
    onStop(() => presence.withdraw());
    onStop(watchCluster({ cluster, presence, log }));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Everything that the worker does. */
async function worksOf(
  env: WorkerEnv,
  { context, cluster, tenantDatabase, servers, tenantServers }: Resources,
  services: readonly Service[],
): Promise<readonly Work[]> {
  return [
    ...roomsWork(context),
    await mailWork({ ...context, retryBaseMs: env.policy.retryBaseMs }, readMailEnv()),
    await offboardingWork({
      context,
      env: readOffboardingEnv(env.home),
      home: env.home,
      cluster,
      backendUrl: env.backendUrl,
      serverUrls: { shared: env.tenantDatabaseUrl, own: env.tenantDatabaseServers },
      servers: new Map([[sharedServer, tenantDatabase], ...servers]),
      personalData: personalDataOf(services),
    }),
    notificationsWork({
      database: context.relaxedDatabase,
      rules: readNotifyEnv(),
      log: context.log,
      now: context.now,
      random: Math.random,
    }),
    meteringWork(context, cluster),
    reconcileWork({
      ...context,
      jobs: env.policy,
      policy: env.reconcile,
      cluster,
      objects: objectsOf(services),
      servers: tenantServers,
      stacks: async () => (canListStacks(env.backendUrl) ? standingStacks(env.backendUrl) : null),
    }),
    wardenWork({ ...context, servers: tenantServers }),
    healthWork({ ...context, cluster }),
    servicesWork(services, { ...context, cluster }),
  ];
}
