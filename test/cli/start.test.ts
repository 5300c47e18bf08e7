/** `start` and `down` as two terminals: real processes, on the run's PostgreSQL and Kubernetes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { freePorts } from '../../automation/local/ports.ts';
import { findSupervisor, isAlive, isHeld } from '../../cli/running.ts';
import { freshDatabase } from '../support/database.ts';
import { until } from '../support/wait.ts';
import { command } from './command.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const bootstrap = fileURLToPath(new URL('../../automation/toolchain/bootstrap.mjs', import.meta.url));

let home: string;
let variables: NodeJS.ProcessEnv;
let drop: () => Promise<void>;
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(inject('runDir'), 'cli-start-'));
  const database = await freshDatabase();
  drop = database.drop;
  const [port] = await freePorts(1);
  const { STRIPE_SECRET_KEY: _key, ...env } = process.env;
  variables = {
    ...env,
    TENANTRY_HOME: home,
    PORT: String(port),
    DATABASE_URL: database.url,
    KUBECONFIG: inject('kubeconfig'),
    TENANTRY_SLOTS_PER_PRODUCT: '0',
    TENANTRY_RESERVED_STACKS: '0',
    TENANTRY_KUBERNETES_PROVIDER: 'embedded',
  };
});
afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map(exitCodeOf));
  await drop?.();
  await rm(home, { recursive: true, force: true });
});

/** The command as a process of its own. */
function terminal(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    env: variables,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return { child, stdout: text(child.stdout), stderr: text(child.stderr), exitCode: exitCodeOf(child) };
}

function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** A command's result. */
async function result<T>(...args: string[]): Promise<T> {
  const outcome = await command(home, [...args, '--json']);
  expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
  return outcome.json();
}

interface Followed {
  readonly desired: { readonly generation: number };
  readonly observed: { readonly generation: number; readonly plan: string };
  readonly timeline: readonly { readonly message: string }[];
}

const isServed = async () => (await command(home, ['products'])).exitCode === 0;

test('start runs until down stops it from another terminal; a second start says that one runs', async () => {
  const first = terminal('start', '--json');
  await until(isServed, { what: 'a running Tenantry' });

  const second = terminal('start', '--json');
  expect(await second.exitCode).toBe(1);
  expect(JSON.parse(await second.stdout)).toMatchObject({
    error: {
      code: 'already_running',
      message: expect.stringContaining(`http://127.0.0.1:${variables.PORT}`),
    },
  });
  expect(await isServed()).toBe(true);

  const down = await command(home, ['down', '--json']);
  expect(down.exitCode, down.stdout + down.stderr).toBe(0);
  expect(down.json()).toEqual({ home, stopped: true, deleted: false });
  expect(await first.exitCode).toBe(0);
  expect(JSON.parse(await first.stdout)).toMatchObject({ home, api: `http://127.0.0.1:${variables.PORT}` });
  expect((await command(home, ['tenants'])).exitCode).toBe(3);
  expect((await command(home, ['down', '--json'])).json()).toMatchObject({ stopped: false });
});

test('Ctrl-C stops everything with exit code 0 while it still starts', async () => {
  const early = terminal('start');
  await until(async () => (await command(home, ['down', '--timeout', '30'])).stdout.includes('is stopped'), {
    what: 'a start that can be stopped',
  });
  expect(await early.exitCode).toBe(0);
});

test('after a crash the next start has the tenants and their subscriptions, and goes on; Ctrl-C stops it', async () => {
  const as = ['--as', 'ada@example.com'];
  const crashing = terminal('start');
  await until(isServed, { what: 'a running Tenantry' });
  const { tenant } = await result<{ tenant: { id: string } }>('subscribe', 'workspace', 'byoc', ...as);
  const endpoints = join(home, 'endpoints.json');
  const { mtimeMs: before } = await stat(endpoints);
  crashing.child.kill('SIGKILL');
  await crashing.exitCode;

  const next = terminal('start');
  await until(async () => (await stat(endpoints)).mtimeMs !== before && isServed(), {
    what: 'a Tenantry that runs again',
  });
  const known = await result<{ tenants: unknown[] }>('tenants', ...as);
  expect(known.tenants).toMatchObject([{ id: tenant.id, phase: 'active', plan: 'byoc' }]);
  // Stripe answers; the tenant follows from Stripe's later events.
  await result('plan', tenant.id, 'we-manage', ...as);
  await until(
    async () => {
      const { desired, observed, timeline } = await result<Followed>('tenant', tenant.id, ...as);
      return (
        observed.plan === 'we-manage' &&
        observed.generation === desired.generation &&
        timeline.some(({ message }) => message.includes('customer.subscription.updated'))
      );
    },
    { what: 'the tenant on its new plan, of which Stripe has told' },
  );

  next.child.kill('SIGINT');
  expect(await next.exitCode).toBe(0);
  expect(await next.stdout).toContain(`Open http://127.0.0.1:${variables.PORT}`);
});

test('a start whose bootstrap is killed ends by itself and leaves the home to the next one', async () => {
  const killed = spawn(process.execPath, [bootstrap, 'start'], { env: variables, stdio: 'ignore' });
  children.push(killed);
  const supervisor = await until(() => findSupervisor(home), { what: 'a start' });
  killed.kill('SIGKILL');
  await until(() => !isAlive(supervisor), { what: 'its end' });
  // The kernel may still be closing the files of an ended process; a start waits for that too.
  await until(async () => !(await isHeld(home)), { what: 'a home that nobody holds' });
  expect(await findSupervisor(home)).toBeUndefined();
});

test('a port that is named and taken is a clear error', async () => {
  const { createServer } = await import('node:net');
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(Number(variables.PORT), '127.0.0.1', resolve));
  const start = terminal('start');
  expect(await start.exitCode).toBe(1);
  expect(await start.stderr).toMatch(/Port \d+ is taken by another program: set PORT to a free one\./);
  expect(await start.stderr).not.toMatch(/\n\s+at /);
  await new Promise((resolve) => squatter.close(resolve));
});
