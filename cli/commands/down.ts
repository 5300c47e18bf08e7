/** `tenantry down`: ends the `start` of this home from another terminal; on request deletes its state too. */
import { access, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '../../automation/toolchain/index.ts';
import { confirm } from '../confirm.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { findSupervisor, isAlive, isHeld } from '../running.ts';

export interface DownOptions {
  deleteState?: boolean;
  /** Does not ask for confirmation. */
  yes?: boolean;
  /** Seconds; default one minute. */
  timeout?: number;
}

const defaultTimeoutS = 60;

export async function down({ home }: CliEnv, output: Output, options: DownOptions): Promise<void> {
  if (options.deleteState) {
    await assertIsHome(home);
    await confirm({
      ...options,
      option: '--delete-state',
      question: `Delete ${home} with every tenant, database, subscription and key in it?`,
      otherwise: 'Nothing was deleted.',
    });
  }
  const stopped = await stop(home, output, (options.timeout ?? defaultTimeoutS) * 1000);
  if (options.deleteState) await deleteState(home);
  const deleted = options.deleteState === true;
  output.result({ home, stopped, deleted }, () =>
    [
      stopped ? 'Tenantry is stopped.' : `Nothing runs with ${home}.`,
      ...(deleted ? [`${home} is deleted.`] : []),
    ].join('\n'),
  );
}

async function stop(home: string, output: Output, timeoutMs: number): Promise<boolean> {
  const supervisor = await findSupervisor(home);
  if (!supervisor) {
    if (!(await isHeld(home))) return false;
    throw new CliProblem(
      exitCodes.failed,
      'unknown_holder',
      `Something other than this command's start holds ${home}: stop that.`,
    );
  }
  output.progress(`Stopping process ${supervisor.pid}`);
  process.kill(supervisor.pid, 'SIGTERM');
  const deadlineMs = Date.now() + timeoutMs;
  while (isAlive(supervisor)) {
    if (Date.now() > deadlineMs)
      throw new CliProblem(
        exitCodes.failed,
        'timeout',
        `Process ${supervisor.pid} does not end within ${timeoutMs / 1000} s: end it by force (kill -9 ${supervisor.pid}); the next start ends what is left.`,
      );
    await delay(50);
  }
  return true;
}

/** Deletes only what is clearly a home of Tenantry. */
async function assertIsHome(home: string): Promise<void> {
  const marks = await Promise.all(['lock', 'run'].map((file) => exists(join(home, file))));
  if (marks.every(Boolean) && home !== homedir()) return;
  throw new CliProblem(
    exitCodes.usage,
    'not_a_home',
    `${home} is not a home of Tenantry; nothing is deleted. TENANTRY_HOME names it.`,
  );
}

async function deleteState(home: string): Promise<void> {
  const lock = await tryLock(join(home, 'lock'));
  if (!lock) throw new CliProblem(exitCodes.failed, 'in_use', `${home} is in use again; nothing is deleted.`);
  try {
    await rm(home, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
