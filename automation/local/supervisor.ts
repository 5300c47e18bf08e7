/**
 * Everything on one machine: starts the pieces, the API and the worker, keeps them running, and stops them in order.
 */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { instanceHeader } from '../instance.ts';
import { ensureEngine, ensureTools, resolveProviders, type ToolName } from '../toolchain/index.ts';
import { settleAll } from '../work/index.ts';
import { separateTenants } from './databases.ts';
import { type LocalEnv, ownPieces } from './env.ts';
import { type Endpoints, type Home, removeEndpoints, takeHome, writeEndpoints } from './home.ts';
import { type KeptProcess, keepRunning } from './keep-running.ts';
import { type PieceName, type Pieces, pieceNames, startPieces } from './pieces.ts';
import { everywhere, isPortFree, keptPorts, reservePort } from './ports.ts';
import { endLeftovers, type OwnedProcess, startProcess } from './processes.ts';

export interface SupervisorOptions {
  /** The installation's folder. */
  home: string;
  /** The API's port; when taken, the next free one is used unless `explicit`. */
  port: { number: number; explicit: boolean };
  env: LocalEnv;
  /** Called with each line of progress or trouble. */
  log: (line: string) => void;
  /** The two programs; default `api/main.ts` and `automation/worker.ts`. */
  programs?: { api: string; worker: string };
}

export interface Running {
  endpoints: Endpoints;
  /** Stops everything, API and worker first. Safe to call twice. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const readyTimeoutMs = 120_000;
const operatorTokenSeconds = 30 * 24 * 3600;

/**
 * Starts an installation and resolves when a subscription would succeed (`/readyz` answers 200).
 * @throws AlreadyRunning when another process has the same home; an Error with a sentence for the user otherwise.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Running> {
  const { env, log } = options;
  const home = await takeHome(options.home, log);
  const stopPieces: Array<() => Promise<void>> = [];
  const programs: KeptProcess[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      await removeEndpoints(home.path);
      await Promise.allSettled(programs.map((program) => program.stop()));
      await Promise.allSettled(stopPieces.map((stopPiece) => stopPiece()));
      home.release();
    })();
    return stopping;
  };
  try {
    await removeEndpoints(home.path);
    const runDir = await home.folder('run');
    const ended = await endLeftovers(runDir);
    if (ended.length > 0) log(`ended what an earlier run left: ${ended.join(', ')}`);
    const own = ownPieces(env);
    if (own.length > 0) log(`using your own ${own.join(', ')}`);
    await separateTenants(env, home, log);
    let reserved = await reservePort(options.port, log);
    stopPieces.push(() => reserved.release());
    const ports = await keptPorts(join(home.path, 'ports.json'), pieceNames, (name: PieceName, from, to) =>
      log(`port ${from} of ${name} is taken by another program; it moves to ${to}`),
    );
    const tools = toolPaths(env, log);
    const [pieces, engine, providers] = await settleAll([
      startPieces({
        env,
        home,
        ports,
        webhookUrl: webhooksAt(reserved.port),
        tools,
        log,
        onStarted: (stopPiece) => stopPieces.push(stopPiece),
      }),
      ensureEngine({ env: env.toolchain, onProgress: log }),
      providerVariables(env, log),
    ]);
    const instance = randomUUID();
    const variables = {
      ...programVariables(pieces, env, home),
      ...providers,
      // Either engine: the worker need not look again.
      TENANTRY_TOOL_TENANTRY_ENGINE: engine.path,
      TENANTRY_INSTANCE: instance,
    };
    const files = options.programs ?? {
      api: join(root, 'api/main.ts'),
      worker: join(root, 'automation/worker.ts'),
    };
    const run = async (name: 'api' | 'worker', more: Record<string, string> = {}) => {
      const launch = () =>
        startProgram(name, files[name], { ...env.processEnv, ...variables, ...more }, home, runDir);
      const program = keepRunning(await launch(), launch, (line) =>
        log(`${line} (${join(home.path, 'logs', name)}.log)`),
      );
      programs.push(program);
      return program;
    };
    const worker = await run('worker');
    for (;;) {
      const { port } = reserved;
      // The last moment: until the API listens, another program could take the port.
      await reserved.release();
      const api = await run('api', { PORT: String(port) });
      if ((await untilReady({ api, worker, port, instance, home })) === 'ready') break;
      await api.stop();
      if (options.port.explicit)
        throw new Error(
          `Port ${port} was taken by another program while Tenantry started: set PORT to a free one.`,
        );
      reserved = await reservePort(options.port, log);
      pieces.stripe.deliverTo?.(webhooksAt(reserved.port));
    }
    const endpoints: Endpoints = {
      api: serviceAt(reserved.port),
      stripe: pieces.stripe.apiBase ?? 'https://api.stripe.com',
      kubeconfig: pieces.kubeconfig,
      postgres: pieces.databases.databaseUrl,
      tenantPostgres: pieces.databases.tenantDatabaseUrl,
      issuer: pieces.issuer.url,
      operatorToken:
        (await pieces.issuer.sign?.({
          sub: 'operator',
          email: 'operator@localhost.localdomain',
          scope: 'operator tenant',
          expiresInSeconds: operatorTokenSeconds,
        })) ?? null,
      engine: {
        backendUrl: pieces.pulumiBackendUrl,
        secretsProvider: pieces.secrets.provider,
        variables: pieces.secrets.variables,
      },
    };
    await writeEndpoints(home.path, endpoints);
    return { endpoints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Finds or fetches tools; returns their paths by name. Calls share the work and the progress. */
function toolPaths(env: LocalEnv, log: (line: string) => void) {
  return async (names: readonly ToolName[]): Promise<Record<string, string>> => {
    const found = await ensureTools(names, { env: env.toolchain, onProgress: log });
    return Object.fromEntries(Object.values(found).map((tool) => [tool.name, tool.path]));
  };
}

/** Decides once, for all processes, which providers are the official plugins. */
async function providerVariables(
  env: LocalEnv,
  log: (line: string) => void,
): Promise<Record<string, string>> {
  const { kubernetesProvider, randomProvider } = await resolveProviders({
    env: env.toolchain,
    onProgress: log,
  });
  return { TENANTRY_KUBERNETES_PROVIDER: kubernetesProvider, TENANTRY_RANDOM_PROVIDER: randomProvider };
}

function programVariables(pieces: Pieces, env: LocalEnv, home: Home): Record<string, string> {
  return {
    DATABASE_URL: pieces.databases.databaseUrl,
    TENANT_DATABASE_URL: pieces.databases.tenantDatabaseUrl,
    TENANTRY_TENANTS_SHARE_DATABASE_SERVER: pieces.databases.shared ? 'on' : 'off',
    KUBECONFIG: pieces.kubeconfig,
    STRIPE_SECRET_KEY: pieces.stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: pieces.stripe.webhookSecret,
    ...(pieces.stripe.apiBase === undefined ? {} : { STRIPE_API_BASE: pieces.stripe.apiBase }),
    OIDC_ISSUER: pieces.issuer.url,
    OIDC_AUDIENCE: env.oidcAudience,
    PULUMI_BACKEND_URL: pieces.pulumiBackendUrl,
    TENANTRY_SECRETS_PROVIDER: pieces.secrets.provider,
    ...pieces.secrets.variables,
    TENANTRY_HOME: home.path,
    // Here, webhook receivers are on this machine.
    TENANTRY_NOTIFY_PRIVATE: env.processEnv.TENANTRY_NOTIFY_PRIVATE ?? 'allow',
  };
}

async function startProgram(
  name: string,
  file: string,
  variables: NodeJS.ProcessEnv,
  home: Home,
  runDir: string,
): Promise<OwnedProcess> {
  return startProcess({
    name,
    command: process.execPath,
    args: [file],
    runDir,
    logFile: join(await home.folder('logs'), `${name}.log`),
    // It and the cluster give way: Stripe and the page are answered first.
    givesWay: name === 'worker',
    env: { ...variables, PATH: `${dirname(process.execPath)}:${variables.PATH ?? ''}` },
    cwd: root,
    stopTimeoutMs: 8000,
  });
}

function serviceAt(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function webhooksAt(port: number): string {
  return `${serviceAt(port)}/webhooks/stripe`;
}

interface Starting {
  api: KeptProcess;
  worker: KeptProcess;
  port: number;
  /** Mark in the answers of our own API. */
  instance: string;
  home: Home;
}

/** Waits for our own API to be ready; answers of another one at the port do not count. */
async function untilReady({ api, worker, port, instance, home }: Starting): Promise<'ready' | 'port taken'> {
  const url = `${serviceAt(port)}/readyz`;
  const deadline = Date.now() + readyTimeoutMs;
  let said = '';
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    const text = (await answer?.text().catch(() => '')) ?? '';
    if (answer?.headers.get(instanceHeader) === instance) {
      if (answer.status === 200) return 'ready';
      said = text;
    } else if (await isTakenFrom(api, port)) return 'port taken';
    const failing = [api, worker].find((program) => program.restarts() >= 3);
    if (failing || Date.now() > deadline) {
      const name = failing?.current().name ?? 'api';
      const file = join(home.path, 'logs', `${name}.log`);
      const log = await readFile(file, 'utf8').catch(() => '');
      throw new Error(
        `${failing ? `The ${name} ends again and again` : `${url} does not answer 200 (${said.trim() || 'it does not answer'})`}; the end of ${file}:\n${log.slice(-2000)}`,
      );
    }
    await delay(50);
  }
}

/** Whether the API ended because another program has its port. */
async function isTakenFrom(service: KeptProcess, port: number): Promise<boolean> {
  const process = service.current();
  return !process.running() && !(await isPortFree(port, everywhere)) && service.current() === process;
}
