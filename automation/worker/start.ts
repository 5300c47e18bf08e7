import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger as QueueLogger, run as runQueue, type TaskList } from 'graphile-worker';
import type { Logger } from 'pino';
import { observeStripeEvents } from '../billing/events/metrics.ts';
import { checkCatalog } from '../jobs/check-catalog.ts';
import type { JobContext } from '../jobs/context.ts';
import { convergeTenant } from '../jobs/converge-tenant.ts';
import { paced } from '../jobs/paced.ts';
import { refillSlots } from '../jobs/refill-slots.ts';
import { reserveStacks } from '../jobs/reserve-stacks.ts';
import { resolveStripeEvent } from '../jobs/resolve-event.ts';
import { syncSubscription } from '../jobs/sync-subscription.ts';
import { brakeTenant } from '../ledger/brake-tenant.ts';
import { readMailEnv } from '../mail/env.ts';
import { createMailer } from '../mail/mailer.ts';
import { sendMail } from '../mail/send-mail.ts';
import { meterRegularly } from '../metering/metering.ts';
import { observeMetering } from '../metering/metrics.ts';
import { observeNotifications, openNotifications, readNotifyEnv } from '../notify/index.ts';
import { readOffboardingEnv } from '../offboarding/env.ts';
import { sharedServer } from '../offboarding/look/postgres.ts';
import { openOffboarding } from '../offboarding/start.ts';
import { KubernetesClient } from '../providers/kubernetes/client.ts';
import { loadKubeconfig } from '../providers/kubernetes/kubeconfig.ts';
import { observeFindings } from '../reconcile/metrics.ts';
import { reconcileRegularly } from '../reconcile/run.ts';
import { objectsOf } from '../reconcile/service-objects.ts';
import { repeat } from '../repeat.ts';
import { followersOf, migrationsOf, personalDataOf, type Service } from '../service.ts';
import { createFingerprints } from '../stacks/fingerprint.ts';
import { applyPlatform } from '../stacks/platform.ts';
import { createRunnerPool } from '../stacks/runners.ts';
import { canListStacks, standingStacks } from '../stacks/standing-stacks.ts';
import { ensureCell } from '../store/cells.ts';
import { openDatabase, openServers } from '../store/database.ts';
import { ensureDatabase, migrate } from '../store/migrate.ts';
import { observePool } from '../store/pool-metrics.ts';
import { replenishJob } from '../store/stacks.ts';
import { convergeJob } from '../store/tenants.ts';
import { createStripeClient } from '../stripe-client.ts';
import { ensureEngine } from '../toolchain/engine.ts';
import { readToolchainEnv } from '../toolchain/env.ts';
import { resolveProviders } from '../toolchain/plugins.ts';
import { watchCluster } from './cluster-watch.ts';
import type { WorkerEnv } from './env.ts';
import { ownFollowers } from './followers.ts';
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
import { announceWorker } from './presence.ts';
import { serveMetrics } from './serve-metrics.ts';
import { serviceSteps, serviceTasks } from './services.ts';
import { type SweepSteps, sweep, sweepParts } from './sweep.ts';

/** Few, so that webhooks keep a core while many subscriptions wait. */
const syncsAtOnce = 4;

/** Exports and their like, apart from the tenants' jobs: a large one keeps nobody else waiting. */
const endsAtOnce = 2;

/** Tasks of products, apart from the tenants' jobs: a slow one keeps nobody's tenant waiting. */
const productTasksAtOnce = 4;

/** How long a worker that was stopped in the middle of a transaction may keep its locks. No transaction waits for others. */
const abandonAfterMs = 20_000;

export interface Worker {
  /** Stops taking jobs, ends engines that run (their tenants are taken up by the next worker), closes everything. */
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
      await release().catch((error: unknown) => log.error({ error }, 'a resource could not be released'));
    }
  };
  try {
    await ensureDatabase(env.databaseUrl);
    await Promise.all([
      migrate(env.databaseUrl, migrationsOf(services)),
      ensureDatabase(env.tenantDatabaseUrl),
    ]);
    // The jobs, with the converge jobs' lease renewals, and the sweep.
    const database = openDatabase(env.databaseUrl, {
      maxConnections: env.runners * 2 + 6,
      name: 'tenantry-worker',
      abandonAfterMs,
    });
    releasers.push(() => database.close());
    // A crash of the server may forget the queue's last moments: it is a doorbell, the sweep rings again. It may forget
    // a sync, too, as that forgets with it that its marks are settled.
    const relaxedDatabase = openDatabase(env.databaseUrl, {
      maxConnections: syncsAtOnce + env.runners + endsAtOnce + productTasksAtOnce + 14,
      name: 'tenantry-worker-relaxed',
      relaxedCommits: true,
      abandonAfterMs,
    });
    releasers.push(() => relaxedDatabase.close());
    await ensureCell(database, env.cell);

    const runners = createRunnerPool({
      settings: await runnerSettings(env),
      size: env.runners,
      operationsPerRunner: env.operationsPerRunner,
    });
    releasers.push(() => runners.close());
    const metrics = createWorkerMetrics({ runners: env.runners });
    observePool(metrics.registry, database.pool);
    observeStripeEvents(metrics.registry, database);
    if (env.metricsPort !== undefined) {
      const server = await serveMetrics(metrics.registry, { host: '0.0.0.0', port: env.metricsPort });
      releasers.push(() => server.close());
    }

    const tenantDatabase = openDatabase(env.tenantDatabaseUrl, {
      maxConnections: 2,
      name: 'tenantry-worker',
    });
    releasers.push(() => tenantDatabase.close());
    const servers = openServers(env.tenantDatabaseServers, { maxConnections: 2, name: 'tenantry-worker' });
    releasers.push(() => Promise.all([...servers.values()].map((server) => server.close())));
    const cluster = new KubernetesClient(loadKubeconfig(env.kubeconfig), process.env, () => {});
    releasers.push(async () => cluster.close());
    await applyPlatform(cluster);

    const stripe = createStripeClient({ secretKey: env.stripeSecretKey, apiBase: env.stripeApiBase });
    const context: JobContext = {
      database,
      relaxedDatabase,
      stripe,
      runners: metrics.measured(runners),
      fingerprints: createFingerprints(cluster, tenantDatabase, servers),
      cell: env.cell,
      policy: env.policy,
      log,
      workerId: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
      followers: [
        ...ownFollowers({ database: relaxedDatabase, stripe, policy: env.policy, log }),
        ...followersOf(services),
      ],
      now: () => new Date(),
    };
    const serviceContext = { ...context, cluster };
    for (const { metrics: observe } of services)
      observe?.(metrics.registry, { ...serviceContext, process: 'worker' });
    await runners.warmUp();
    const work = (taskList: TaskList, concurrency: number) =>
      runQueue({
        pgPool: relaxedDatabase.pool,
        concurrency,
        pollInterval: 2000,
        noHandleSignals: true,
        noPreparedStatements: false,
        logger: queueLogger(log),
        taskList,
      });
    const syncs = await work(syncTasks({ ...context, database: relaxedDatabase }), syncsAtOnce);
    releasers.push(() => syncs.stop());
    const ends = await openOffboarding({
      context,
      env: readOffboardingEnv(env.home),
      home: env.home,
      cluster,
      backendUrl: env.backendUrl,
      serverUrls: { shared: env.tenantDatabaseUrl, own: env.tenantDatabaseServers },
      servers: new Map([[sharedServer, tenantDatabase], ...servers]),
      personalData: personalDataOf(services),
    });
    releasers.push(async () => ends.close());
    const mailEnv = readMailEnv();
    const mailer = mailEnv && createMailer(mailEnv);
    releasers.push(async () => mailer?.close());
    const mails: TaskList = {
      'send-mail': (payload) =>
        sendMail({ ...context, mailer, retryBaseMs: env.policy.retryBaseMs }, textOf(payload, 'key')),
    };
    const notifications = openNotifications({
      database: relaxedDatabase,
      rules: readNotifyEnv(),
      log,
      now: context.now,
      random: Math.random,
    });
    releasers.push(notifications.stop);
    observeNotifications(metrics.registry, database, context.now);
    // Its jobs only wake it: nothing that takes long stands before them.
    const doorbells = await work(notifications.tasks, 1);
    releasers.push(() => doorbells.stop());
    const offboardings = await work({ ...ends.tasks, ...mails }, endsAtOnce);
    releasers.push(() => offboardings.stop());
    const productTasks = serviceTasks(services, serviceContext);
    if (Object.keys(productTasks).length > 0) {
      const products = await work(productTasks, productTasksAtOnce);
      releasers.push(() => products.stop());
    }
    // Jobs that find no free runner wait for one.
    const converges = await work(convergeTasks(context), env.runners + 1);
    releasers.push(async () => {
      // Ends what the jobs wait for, so that the queue can stop now rather than after a long operation.
      await runners.close();
      await converges.stop();
    });
    releasers.push(sweepRegularly(context, metrics, serviceSteps(services, serviceContext)));
    const metering = observeMetering(metrics.registry, database, context.now);
    releasers.push(meterRegularly(context, cluster, metering));
    observeFindings(metrics.registry, database, context.now);
    releasers.push(
      reconcileRegularly({
        ...context,
        jobs: env.policy,
        policy: env.reconcile,
        cluster,
        objects: objectsOf(services),
        servers: [
          { name: null, database: tenantDatabase },
          ...[...servers].map(([name, server]) => ({ name, database: server })),
        ],
        stacks: async () => (canListStacks(env.backendUrl) ? standingStacks(env.backendUrl) : null),
      }),
    );
    const presence = await announceWorker(env.databaseUrl, env.cell.id);
    releasers.push(() => presence.withdraw());
    releasers.push(watchCluster({ cluster, presence, log }));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Apart from the tenants' jobs, so that neither a storm of webhooks nor slow engines keep the others from working. */
export function syncTasks(context: JobContext): TaskList {
  const { fetchesPerSecond } = context.policy;
  const sync = paced(fetchesPerSecond, (id: string) => syncSubscription(context, id));
  const resolve = paced(fetchesPerSecond, (id: string) => resolveStripeEvent(context, id));
  return {
    'sync-subscription': (payload) => sync(textOf(payload, 'subscriptionId')),
    'resolve-event': (payload) => resolve(textOf(payload, 'eventId')),
    'check-catalog': () => checkCatalog(context),
    'brake-tenant': (payload) => brakeTenant(context, textOf(payload, 'tenantId')),
  };
}

/** Tenants, and what is kept ready for them. */
export function convergeTasks(context: JobContext): TaskList {
  return {
    [convergeJob(context.cell.id)]: (payload) => convergeTenant(context, textOf(payload, 'tenantId')),
    [replenishJob(context.cell.id)]: async () => {
      await reserveStacks(context);
      await refillSlots(context);
      // In place of those that the slots took.
      await reserveStacks(context);
    },
  };
}

function textOf(payload: unknown, key: string): string {
  const value = (payload as Record<string, unknown>)[key];
  if (typeof value !== 'string') throw new Error(`the job's payload lacks ${key}`);
  return value;
}

/** Sweeps now and then at intervals. What concerns all cells may take minutes, for which the cell's own does not wait. */
function sweepRegularly(
  context: JobContext,
  metrics: WorkerMetrics,
  ofServices: SweepSteps,
): () => Promise<void> {
  const { policy, log, now } = context;
  const stops = sweepParts.map((part) =>
    repeat(policy.sweepIntervalMs, async () => {
      try {
        const failed = await sweep(context, part, part === 'cell' ? ofServices : {});
        if (failed) metrics.sweepEnded(part, failed, now());
      } catch (error) {
        log.error({ part, error }, 'the sweep failed');
      }
    }),
  );
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

async function runnerSettings(env: WorkerEnv) {
  const toolchain = readToolchainEnv();
  const engine = await ensureEngine({ env: toolchain });
  const workDir = join(env.home, 'engine');
  await mkdir(workDir, { recursive: true });
  if (env.backendUrl.startsWith('file://')) await mkdir(fileURLToPath(env.backendUrl), { recursive: true });
  return {
    enginePath: engine.path,
    backendUrl: env.backendUrl,
    secretsProvider: env.secretsProvider,
    workDir,
    kubeconfig: env.kubeconfig,
    tenantDatabaseUrl: env.tenantDatabaseUrl,
    tenantDatabaseServers: env.tenantDatabaseServers,
    cell: env.tenants,
    ...(await resolveProviders({ env: toolchain })),
  };
}

function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
}
