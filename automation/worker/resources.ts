/** Opens what a worker needs: databases, the cluster, runners, metrics. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { JobContext } from '../jobs/index.ts';
import { KubernetesClient, loadKubeconfig } from '../providers/kubernetes/index.ts';
import { migrationsOf, type Service } from '../service.ts';
import { applyPlatform, createFingerprints, createRunnerPool } from '../stacks/index.ts';
import { ensureCell } from '../store/cells.ts';
import { type Database, openDatabase, openServers } from '../store/database.ts';
import { ensureDatabase, migrate } from '../store/migrate.ts';
import { observePool } from '../store/pool-metrics.ts';
import { createStripeClient } from '../stripe-client.ts';
import { ensureEngine, readToolchainEnv, resolveProviders } from '../toolchain/index.ts';
import { prepareSharedDatabase, type TenantServer } from '../warden/index.ts';
import { lanes } from '../work/index.ts';
import type { WorkerEnv } from './env.ts';
import { workerFollowers } from './followers.ts';
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
import { jobsAtOnce } from './queues.ts';
import { serveMetrics } from './serve-metrics.ts';

export interface Resources {
  readonly context: JobContext;
  readonly cluster: KubernetesClient;
  readonly metrics: WorkerMetrics;
  /** The cell's shared database of tenants. */
  readonly tenantDatabase: Database;
  /** Databases on servers for single tenants, by name. */
  readonly servers: ReadonlyMap<string, Database>;
  /** All of them. */
  readonly tenantServers: readonly TenantServer[];
}

/** How long a worker that is stopped in mid-transaction may keep its locks. No transaction waits for anything outside. */
const abandonAfterMs = 20_000;

/** Creates the databases and migrates them. */
export async function prepare(env: WorkerEnv, log: Logger, services: readonly Service[]): Promise<void> {
  await ensureDatabase(env.databaseUrl);
  await Promise.all([migrate(env.databaseUrl, migrationsOf(services)), prepareSharedDatabase(env, log)]);
}

/** Opens everything. Gives `onStop` a function for each thing opened, which closes it; also when a later one fails. */
export async function openResources(
  env: WorkerEnv,
  log: Logger,
  services: readonly Service[],
  onStop: (release: () => Promise<unknown>) => void,
): Promise<Resources> {
  // The jobs, with the converge jobs' lease renewals, and the sweep.
  const database = openDatabase(env.databaseUrl, {
    maxConnections: env.runners * 2 + 6,
    name: 'tenantry-worker',
    abandonAfterMs,
  });
  onStop(() => database.close());
  // A crash of the server may lose the queue's last commits: it is only a doorbell, and the sweep rings again.
  const atOnce = jobsAtOnce(env);
  const relaxedDatabase = openDatabase(env.databaseUrl, {
    maxConnections: lanes.reduce((sum, lane) => sum + atOnce[lane], 12),
    name: 'tenantry-worker-relaxed',
    relaxedCommits: true,
    abandonAfterMs,
  });
  onStop(() => relaxedDatabase.close());
  await ensureCell(database, env.cell);

  const runners = createRunnerPool({
    settings: await runnerSettings(env),
    size: env.runners,
    operationsPerRunner: env.operationsPerRunner,
  });
  onStop(() => runners.close());
  const metrics = createWorkerMetrics({ runners: env.runners });
  observePool(metrics.registry, database.pool);
  if (env.metricsPort !== undefined) {
    const server = await serveMetrics(metrics.registry, { host: '0.0.0.0', port: env.metricsPort });
    onStop(() => server.close());
  }

  const ofTenants = { maxConnections: 2, name: 'tenantry-worker' };
  const tenantDatabase = openDatabase(env.tenantDatabaseUrl, ofTenants);
  onStop(() => tenantDatabase.close());
  const servers = openServers(env.tenantDatabaseServers, ofTenants);
  onStop(() => Promise.all([...servers.values()].map((server) => server.close())));
  const cluster = new KubernetesClient(loadKubeconfig(env.kubeconfig), process.env, () => {});
  onStop(async () => cluster.close());
  await applyPlatform(cluster, env.tenants);

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
    followers: workerFollowers({ database: relaxedDatabase, stripe, policy: env.policy, log }, services),
    now: () => new Date(),
  };
  const tenantServers = [
    { name: null, url: env.tenantDatabaseUrl, database: tenantDatabase },
    ...[...servers].map(([name, own]) => ({
      name,
      url: env.tenantDatabaseServers[name] ?? '',
      database: own,
    })),
  ];
  return { context, cluster, metrics, tenantDatabase, servers, tenantServers };
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
