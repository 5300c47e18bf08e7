/** The embedded default, started as `npm start` starts it, and the benchmark's requests to it from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Stripe from 'stripe';
import { type Endpoints, endpointsSchema, keptStripeSecrets } from '../../automation/local/home.ts';
import { freePorts } from '../../automation/local/ports.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { createStripeClient } from '../../automation/stripe-client.ts';
import { until } from '../support/wait.ts';
import { plainEnvironment } from './env.ts';

const bootstrap = fileURLToPath(new URL('../../automation/toolchain/bootstrap.mjs', import.meta.url));

export interface StartedDefault {
  /** From the start of the process to the first 200 of `/readyz`. */
  readonly readyMs: number;
  readonly api: string;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly home: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Default: the project's own. */
  readonly bootstrapFile?: string;
  /** Called with every line of progress. */
  readonly say?: (line: string) => void;
  /** Called with its stop function, as soon as it has begun. */
  readonly onEnd: (end: () => Promise<unknown>) => void;
}

/** Starts the embedded default and resolves as soon as `/readyz` answers 200. */
export async function startDefault(options: StartOptions): Promise<StartedDefault> {
  const [port = 0] = await freePorts(1);
  const api = `http://127.0.0.1:${port}`;
  const logFile = join(options.home, '..', `${options.home.split('/').at(-1)}.log`);
  const log = openSync(logFile, 'a');
  const begun = performance.now();
  const child = spawn(process.execPath, [options.bootstrapFile ?? bootstrap, 'start'], {
    env: {
      ...plainEnvironment(),
      ...options.variables,
      TENANTRY_HOME: options.home,
      PORT: String(port),
    },
    stdio: ['ignore', log, options.say ? 'pipe' : log],
  });
  if (options.say) followLines(child, options.say);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  options.onEnd(stop);
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  await until(async () => gone() || (await fetch(`${api}/readyz`).catch(() => null))?.status === 200, {
    timeoutMs: options.timeoutMs ?? 120_000,
    intervalMs: 10,
    what: `${api}/readyz`,
  });
  if (gone()) throw new Error(`npm start ended: ${(await readFile(logFile, 'utf8')).slice(-2000)}`);
  return { readyMs: performance.now() - begun, api, stop };
}

function followLines(child: ChildProcess, say: (line: string) => void): void {
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.trim()) say(line.trim());
  });
}

export interface Installation {
  readonly home: string;
  readonly endpoints: Endpoints;
  readonly webhookSecret: string;
  readonly stripe: Stripe;
  readonly database: Database;
  readonly readyMs: number;
  /** Environment of the running worker: what a second worker would be given. */
  readonly workerEnvironment: NodeJS.ProcessEnv;
  /** Process ids of the API and the worker; all other processes that count descend from them. */
  readonly processIds: readonly number[];
  /** Requests as an operator. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** A request to the Stripe simulator's control API. */
  control<T>(path: string, body: unknown): Promise<T>;
  /** Waits until there is nothing left to do: no job, no operation, full reserves of stacks and slots. */
  untilQuiet(): Promise<void>;
  /** Runs this before the installation ends. */
  onEnd(end: () => Promise<unknown>): void;
}

/** Starts an installation whose webhooks the benchmark sends, not the simulator. */
export async function startInstallation(options: StartOptions): Promise<Installation> {
  const { home } = options;
  const started = await startDefault(options);
  const endpointsFile = join(home, 'endpoints.json');
  const text = await until(() => readFile(endpointsFile, 'utf8').catch(() => null), {
    what: endpointsFile,
  });
  const endpoints = endpointsSchema.parse(JSON.parse(text));
  const { secretKey, webhookSecret } = await keptStripeSecrets(home);
  const processIds = await Promise.all(['api', 'worker'].map((name) => recordedPid(home, name)));
  const workerEnvironment = await environmentOf(processIds[1] ?? 0);
  const databaseUrl = workerEnvironment.DATABASE_URL ?? '';
  const database = openDatabase(databaseUrl, { maxConnections: 4, name: 'bench' });
  options.onEnd(() => database.close());
  const request = async <T>(method: string, url: string, body?: unknown): Promise<T> => {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${endpoints.operatorToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answered = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${answered}`);
    return JSON.parse(answered) as T;
  };
  const control = <T>(path: string, body: unknown) =>
    request<T>('POST', `${endpoints.stripe}/_simulator${path}`, body);
  await control('/destinations', { destinations: [] });
  return {
    home,
    endpoints,
    webhookSecret,
    stripe: createStripeClient({ secretKey, apiBase: endpoints.stripe }),
    database,
    readyMs: started.readyMs,
    workerEnvironment,
    processIds,
    get: (path) => request('GET', endpoints.api + path),
    post: (path, body) => request('POST', endpoints.api + path, body),
    control,
    untilQuiet: () => untilQuiet(database, workerEnvironment),
    onEnd: options.onEnd,
  };
}

async function recordedPid(home: string, name: string): Promise<number> {
  const record = JSON.parse(await readFile(join(home, 'run', `${name}.json`), 'utf8')) as { pid: number };
  return record.pid;
}

/** proc(5): the environment that a process was started with. */
async function environmentOf(pid: number): Promise<NodeJS.ProcessEnv> {
  const entries = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/** The embedded default's own numbers, see `defaultPolicy`; four products can have slots. */
const defaultReservedStacks = 64;
const productsWithSlots = 4;

async function untilQuiet(database: Database, environment: NodeJS.ProcessEnv): Promise<void> {
  const stacks = Number(environment.TENANTRY_RESERVED_STACKS ?? defaultReservedStacks);
  const slots = Number(environment.TENANTRY_SLOTS_PER_PRODUCT ?? 2) * productsWithSlots;
  let quietSince: number | null = null;
  await until(
    async () => {
      const { rows } = await database.query<
        Record<'jobs' | 'leases' | 'stacks' | 'slots' | 'moving', number>
      >(
        `select (select count(*) from graphile_worker.jobs
                 where attempts < max_attempts and run_at < now() + interval '10 seconds') as jobs,
                (select count(*) from tenantry.lease) as leases,
                (select count(*) from tenantry.reserved_stack) as stacks,
                (select count(*) from tenantry.tenant where slot and phase = 'active') as slots,
                (select count(*) from tenantry.tenant
                 where observed_generation <> desired_generation and not permanent) as moving`,
      );
      const now = rows[0];
      const quiet =
        now && now.jobs + now.leases + now.moving === 0 && now.stacks >= stacks && now.slots >= slots;
      if (!quiet) quietSince = null;
      else quietSince ??= performance.now();
      return quietSince !== null && performance.now() - quietSince >= quietMs;
    },
    { timeoutMs: 300_000, intervalMs: 100, what: 'quiet' },
  );
}

/** Nothing may happen for this long before the next sample begins. */
const quietMs = 300;
