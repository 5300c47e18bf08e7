/** `tenantry start`: everything on one machine, until Ctrl-C. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endLeftovers, type LocalEnv, readLocalEnv } from '../../automation/local/index.ts';
import { type Running, startSupervisor } from '../../automation/local/supervisor.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { forgetSupervisor, isHeld, recordSupervisor } from '../running.ts';
import { duration } from '../text/table.ts';

/** How long an interrupted start may take to end by itself. */
const abandonAfterMs = 3000;
const heartbeatMs = 10_000;

/**
 * Starts an installation, prints where it is, and stops it at the first SIGINT, SIGTERM or SIGHUP, or when the
 * bootstrap that runs this process is killed. A second signal ends this process at once; the next start cleans up.
 */
export async function start(output: Output): Promise<void> {
  const stopAsked = Promise.race([firstSignal(output), bootstrapEnded()]);
  const env = asProblem(() => readLocalEnv());
  const begunMs = Date.now();
  output.progress(`Starting Tenantry with ${env.home}`);
  await mkdir(env.home, { recursive: true, mode: 0o700 });
  if (!(await isHeld(env.home))) await recordSupervisor(env.home);
  try {
    let quiet = false;
    const say = (line: string) => {
      if (!quiet) output.progress(line);
    };
    const starting = launch(env, say, begunMs);
    const running = await Promise.race([starting, stopAsked]);
    if (running === undefined) {
      // From here on everything ends on purpose: no more reports.
      quiet = true;
      return await abandon(starting, env.home, output);
    }
    // Again: of two simultaneous starts, only one gets here.
    await recordSupervisor(env.home);
    const { api, stripe, issuer, kubeconfig } = running.endpoints;
    output.result({ home: env.home, pid: process.pid, api, stripe, issuer, kubeconfig }, () =>
      summary(env.home, api, Date.now() - begunMs),
    );
    await stopAsked;
    output.progress('Stopping; Ctrl-C again forces it.');
    quiet = true;
    await running.stop();
    output.progress('Stopped. The state is kept for the next start.');
  } finally {
    await forgetSupervisor(env.home);
  }
}

async function launch(env: LocalEnv, tell: (line: string) => void, begunMs: number): Promise<Running> {
  let saidMs = begunMs;
  const say = (line: string) => {
    saidMs = Date.now();
    tell(line);
  };
  const heartbeat = setInterval(() => {
    if (Date.now() - saidMs >= heartbeatMs) say(`still starting, ${duration(Date.now() - begunMs)}`);
  }, 1000);
  try {
    return await startSupervisor({ home: env.home, port: env.port, env, log: say });
  } catch (error) {
    throw problemOfStart(error);
  } finally {
    clearInterval(heartbeat);
  }
}

/** Stops a start under way: after it has come up or failed, or else whatever has begun so far. */
async function abandon(starting: Promise<Running>, home: string, output: Output): Promise<void> {
  output.progress('Stopping before it has started.');
  const settled = starting.then(
    (running) => running.stop(),
    () => {},
  );
  const tooLong = delay(abandonAfterMs, 'tooLong' as const, { ref: false });
  if ((await Promise.race([settled, tooLong])) === 'tooLong') await endLeftovers(join(home, 'run'));
  output.progress('Stopped.');
}

function firstSignal(output: Output): Promise<undefined> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = () => {
      signals += 1;
      if (signals === 1) return resolve(undefined);
      output.progress('Forced; the next start ends what is left.');
      process.exit(exitCodes.failed);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/** Resolves when the process that handed over to the command is gone; never where there is none. */
function bootstrapEnded(): Promise<undefined> {
  return new Promise((resolve) => {
    // It may have gone before this call.
    if (process.connected === false) resolve(undefined);
    else process.once('disconnect', () => resolve(undefined));
  });
}

function summary(home: string, api: string, tookMs: number): string {
  const [product] = catalog;
  return [
    '',
    `Tenantry runs (started in ${duration(tookMs)}). Open ${api}`,
    '',
    'Subscribe on the page, or from another terminal:',
    '  npm run -s tenantry -- products',
    `  npm run -s tenantry -- subscribe ${product?.id} ${product?.plans[0]?.id} --as you@example.com`,
    '  npm run -s tenantry -- tenants',
    '',
    `  API    ${api}/docs`,
    `  State  ${home}`,
    `  Logs   ${join(home, 'logs')}`,
    '',
    'Ctrl-C stops everything and keeps the state.',
  ].join('\n');
}

function asProblem<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw problemOfStart(error);
  }
}

/** Every cause that prevents a start has a sentence of its own. */
function problemOfStart(error: unknown): CliProblem {
  const code = error instanceof Error && error.name === 'AlreadyRunning' ? 'already_running' : 'start_failed';
  return new CliProblem(exitCodes.failed, code, error instanceof Error ? error.message : String(error));
}
