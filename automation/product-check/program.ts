/** Runs a product's program as a tenant's pod would, as far as a process on this machine can. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Demands } from './demands.ts';
import { ok, problem, type Verdict } from './verdict.ts';

/** As long as the pod's startup probe: every 2 s, 60 times. */
const startupTimeoutMs = 120_000;
const askEveryMs = 200;
const answerTimeoutMs = 2_000;

/**
 * Starts the program with what its container would get, waits until it answers the product's probes, and ends it with
 * SIGTERM. The program listens on the product's port on this machine, which must be free.
 * @param environment what the program inherits, beside what a pod gets
 * @param tenant the content of the tenant's file. There is no database and no API behind it
 */
export async function checkProgram(
  command: readonly string[],
  demands: Demands,
  { environment, tenant }: { environment: NodeJS.ProcessEnv; tenant: { readonly tenantId: string } },
): Promise<readonly Verdict[]> {
  const { runtime } = demands;
  const [program = '', ...args] = command;
  const where = command.join(' ');
  const port = runtime.ports[0]?.port;
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-check-'));
  try {
    if (port !== undefined && (await connects(port)))
      return [problem('start', where, `cannot be checked: something else listens on ${port} already`)];
    await writeFile(join(folder, 'tenant.json'), JSON.stringify(tenant));
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...environment,
        ...runtime.env,
        HOME: folder,
        TENANTRY_TENANT_ID: tenant.tenantId,
        TENANTRY_TENANT_FILE: join(folder, 'tenant.json'),
      },
    });
    const ended = endOf(child);
    const verdicts = [await answers(where, demands, ended)];
    if (verdicts[0]?.outcome !== 'problem') verdicts.push(await terminates(child, ended, where, demands));
    child.kill('SIGKILL');
    await ended;
    return verdicts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves with how the program ended; never rejects. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `ended by ${signal}`),
    );
  });
}

async function answers(where: string, { runtime }: Demands, ended: Promise<string>): Promise<Verdict> {
  const port = runtime.ports[0]?.port;
  if (port === undefined) return ok('probes', where, 'serves nothing, so nobody asks it');
  const begun = Date.now();
  let end: string | null = null;
  ended.then((how) => {
    end = how;
  });
  let missing: string[] = [];
  while (Date.now() - begun < startupTimeoutMs) {
    if (end !== null) return problem('start', where, `${end} before it answered`);
    missing = [];
    for (const path of new Set([runtime.readyPath, runtime.livePath])) {
      const answered = path === null ? await connects(port) : await answersOk(port, path);
      if (!answered) missing.push(path ?? `a TCP connection to ${port}`);
    }
    if (missing.length === 0) return ok('probes', where, `answers after ${Date.now() - begun} ms`);
    await delay(askEveryMs);
  }
  return problem(
    'probes',
    where,
    `does not answer ${missing.join(' and ')} within ${startupTimeoutMs / 1000} s`,
  );
}

async function terminates(
  child: ChildProcess,
  ended: Promise<string>,
  where: string,
  { runtime: { terminationGraceSeconds } }: Demands,
): Promise<Verdict> {
  const begun = Date.now();
  child.kill('SIGTERM');
  const timer = new AbortController();
  const late = delay(terminationGraceSeconds * 1000, null, { signal: timer.signal }).catch(() => null);
  const how = await Promise.race([ended, late]);
  timer.abort();
  return how === null
    ? problem(
        'termination',
        where,
        `still runs ${terminationGraceSeconds} s after SIGTERM: it would be killed`,
      )
    : ok('termination', where, `${how} ${Date.now() - begun} ms after SIGTERM`);
}

async function answersOk(port: number, path: string): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    await answer.arrayBuffer();
    return answer.status >= 200 && answer.status < 400;
  } catch {
    return false;
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: answerTimeoutMs });
    const done = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
}
