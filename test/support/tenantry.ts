/** A whole Tenantry on the run's PostgreSQL and Kubernetes: simulated Stripe, issuer, API and worker processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Stripe from 'stripe';
import { inject } from 'vitest';
import { startIssuer } from '../../automation/local/issuer.ts';
import { startKeyService } from '../../automation/local/keys.ts';
import { freePorts } from '../../automation/local/ports.ts';
import { type StripeSimulator, startStripeSimulator } from '../../automation/local/stripe/index.ts';
import { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { freshDatabase } from './database.ts';
import { stripeClientOf } from './stripe.ts';
import { until } from './wait.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface TenantryOptions {
  /** Variables for API and worker, over the defaults below. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Folder whose API and worker run; default this tree. */
  readonly tree?: string;
  /** Workers to start with; default one. */
  readonly workers?: number;
  readonly deliveryTimeScale?: number;
  /** Administrator's URL of a PostgreSQL other than the run's. */
  readonly postgresUrl?: string;
  /** The same for tenants' databases. */
  readonly tenantPostgresUrl?: string;
}

export interface Program {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  /** Kills it, like a crash. */
  kill(): Promise<void>;
}

export interface Tenantry {
  readonly api: string;
  readonly issuer: string;
  readonly stripe: StripeSimulator;
  readonly stripeClient: Stripe;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  readonly cluster: KubernetesClient;
  /** Folder of state and logs. */
  readonly home: string;
  readonly webhookSecret: string;
  /** The running API and workers; tests may kill them and start others. */
  readonly programs: { api: Program; workers: Program[] };
  startWorker(variables?: Readonly<Record<string, string>>): Promise<Program>;
  restartApi(): Promise<void>;
  /** An access token of the person, or of an operator. */
  token(email: string, scope?: string): Promise<string>;
  /** Sends a request as an operator or with a token. Returns status and parsed body. */
  request(
    method: string,
    path: string,
    options?: { body?: unknown; token?: string },
  ): Promise<{ status: number; body: never }>;
  stop(): Promise<void>;
}

/** Quick enough for tests, slow enough for a busy machine. */
const testPolicy = {
  TENANTRY_SWEEP_INTERVAL_MS: '500',
  TENANTRY_LEASE_TTL_MS: '6000',
  TENANTRY_RETRY_BASE_MS: '200',
  TENANTRY_RESERVED_STACKS: '2',
  TENANTRY_SLOTS_PER_PRODUCT: '0',
  TENANTRY_RUNNERS: '2',
  TENANTRY_RETENTION_MS: '0',
  TENANTRY_KUBERNETES_PROVIDER: 'embedded',
  TENANTRY_RANDOM_PROVIDER: 'embedded',
  LOG_LEVEL: 'warn',
};

export async function startTenantry(options: TenantryOptions = {}): Promise<Tenantry> {
  const releasers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releasers.splice(0).reverse()) await release();
  };
  try {
    return await start(options, releasers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: TenantryOptions,
  releasers: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Tenantry> {
  const home = await mkdtemp(join(inject('runDir'), 'tenantry-'));
  releasers.push(() => rm(home, { recursive: true, force: true }));
  const fresh = await freshDatabase(options.postgresUrl);
  releasers.push(fresh.drop);
  const tenants = await freshDatabase(options.tenantPostgresUrl ?? inject('tenantPostgresUrl'));
  releasers.push(tenants.drop);
  const kubeconfig = inject('kubeconfig');

  const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
  releasers.push(keys.stop);
  const issuer = await startIssuer({ dataDir: home });
  releasers.push(issuer.stop);
  const [port = 0] = await freePorts(1);
  const api = `http://127.0.0.1:${port}`;
  const webhookSecret = `whsec_${randomBytes(16).toString('hex')}`;
  const stripe = await startStripeSimulator({
    dataFile: ':memory:',
    secretKey: `sk_test_${randomBytes(12).toString('hex')}`,
    webhookSecret,
    webhookUrl: `${api}/webhooks/stripe`,
    deliveryTimeScale: options.deliveryTimeScale ?? 3000,
    catalog,
  });
  releasers.push(stripe.stop);

  const variables = {
    ...process.env,
    ...testPolicy,
    DATABASE_URL: fresh.url,
    TENANT_DATABASE_URL: tenants.url,
    KUBECONFIG: kubeconfig,
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    OIDC_ISSUER: issuer.issuerUrl,
    TENANTRY_HOME: home,
    TENANTRY_SECRETS_PROVIDER: 'hashivault://tenantry',
    VAULT_ADDR: keys.address,
    VAULT_TOKEN: keys.token,
    // gocloud.dev/secrets/hashivault reads these names.
    VAULT_SERVER_URL: keys.address,
    VAULT_SERVER_TOKEN: keys.token,
    TENANTRY_TOOL_TENANTRY_ENGINE: inject('tools')['tenantry-engine'],
    PORT: String(port),
    ...options.variables,
  };
  const log = openSync(join(home, 'programs.log'), 'a');
  const launch = (file: string, more: Readonly<Record<string, string>> = {}): Program => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(options.tree ?? root, file)],
      {
        env: { ...variables, ...more },
        stdio: ['ignore', log, log],
      },
    );
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    releasers.push(async () => {
      child.kill('SIGTERM');
      // A test may have stopped it.
      child.kill('SIGCONT');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
      child.kill('SIGKILL');
      await exited;
    });
    return {
      process: child,
      exited,
      kill: () => {
        child.kill('SIGKILL');
        return exited;
      },
    };
  };

  const programs = { api: launch('api/main.ts'), workers: [] as Program[] };
  const startWorker = async (more: Readonly<Record<string, string>> = {}) => {
    const worker = launch('automation/worker.ts', more);
    programs.workers.push(worker);
    return worker;
  };
  for (let count = options.workers ?? 1; count > 0; count -= 1) await startWorker();
  const isReady = async () => (await fetch(`${api}/readyz`).catch(() => null))?.status === 200;
  const untilReady = async () => {
    await until(isReady, { what: `${api}/readyz` }).catch(async (error: Error) => {
      const output = await readFile(join(home, 'programs.log'), 'utf8');
      throw new Error(`${error.message}; the programs said:\n${output.slice(-4000)}`);
    });
  };
  if ((options.workers ?? 1) > 0) await untilReady();

  const database = openDatabase(fresh.url, { maxConnections: 4, name: 'test' });
  releasers.push(() => database.close());
  const cluster = new KubernetesClient(loadKubeconfig(kubeconfig), process.env, () => {});
  releasers.push(async () => cluster.close());
  const token = (email: string, scope = 'tenant') => issuer.sign({ email, scope });
  const operatorToken = await token('operator@example.com', 'operator');

  return {
    api,
    issuer: issuer.issuerUrl,
    stripe,
    stripeClient: stripeClientOf(stripe),
    database,
    databaseUrl: fresh.url,
    tenantDatabaseUrl: tenants.url,
    cluster,
    home,
    webhookSecret,
    programs,
    startWorker,
    async restartApi() {
      await programs.api.kill();
      programs.api = launch('api/main.ts');
      await untilReady();
    },
    token,
    async request(method, path, { body, token: bearer = operatorToken } = {}) {
      const answer = await fetch(`${api}${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: (text ? JSON.parse(text) : null) as never };
    },
    stop,
  };
}
