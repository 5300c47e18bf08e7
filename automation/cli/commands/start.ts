/** `tenantry start`: everything on one machine, until Ctrl-C. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLocalEnv } from '../../local/env.ts';
import { startSupervisor } from '../../local/supervisor.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { supervisorPidFile } from '../running.ts';

/**
 * Starts an installation, says where it is, and ends it at the first SIGINT or SIGTERM. A second one ends this process
 * at once; the next start ends what is left.
 */
export async function start(output: Output): Promise<void> {
  const signalled = firstSignal(output);
  const env = sayWhatIsWrong(() => readLocalEnv());
  const starting = startSupervisor({ home: env.home, port: env.port, env, log: output.progress });
  const first = await Promise.race([starting, signalled]).catch((error) => {
    throw expected(error);
  });
  if (first === undefined) {
    const begun = await starting.catch(() => undefined);
    await begun?.stop();
    return;
  }
  const pidFile = supervisorPidFile(env.home);
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 });
  output.result({ home: env.home, ...first.endpoints, operatorToken: undefined }, () =>
    summary(env.home, first.endpoints.api),
  );
  await signalled;
  output.progress('stopping');
  await rm(pidFile, { force: true });
  await first.stop();
  output.progress('stopped');
}

function summary(home: string, api: string): string {
  return [
    '',
    `Tenantry runs: ${api}`,
    '',
    `  The page        ${api}`,
    `  API             ${api}/docs`,
    '  From a terminal npm run -s tenantry -- products',
    '                  npm run -s tenantry -- subscribe stream professional --as you@example.com',
    `  State           ${home}  (logs in ${join(home, 'logs')})`,
    '',
    'Ctrl-C stops everything; the state stays for the next start.',
    '',
  ].join('\n');
}

function firstSignal(output: Output): Promise<undefined> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = () => {
      signals += 1;
      if (signals > 1) {
        output.progress('forced to stop; the next start ends what is left');
        process.exit(1);
      }
      resolve(undefined);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGHUP', onSignal);
  });
}

function sayWhatIsWrong<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new CliProblem(
      exitCodes.usage,
      'environment',
      error instanceof Error ? error.message : String(error),
    );
  }
}

/** The supervisor's errors are sentences for the user. */
function expected(error: unknown): unknown {
  return error instanceof Error ? new CliProblem(exitCodes.failed, 'start_failed', error.message) : error;
}
