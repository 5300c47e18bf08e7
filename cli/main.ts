import { warnOfUnknownVariables } from '../automation/environment/index.ts';
import { loadServices, readServicePackages } from '../automation/packages/index.ts';
import { readCliEnv } from './env.ts';
import { CliProblem, exitCodes } from './problem.ts';
import { run } from './run.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// Nor is progress that nobody reads any more: a terminal that has gone must not keep a command from ending well.
process.stderr.on('error', () => {});

/** Commands see the products of packages beside the tree, as the API and the worker do. */
async function loadProducts(): Promise<void> {
  try {
    await loadServices({ own: [], packages: readServicePackages() });
  } catch (error) {
    throw new CliProblem(
      exitCodes.failed,
      'services_not_loaded',
      error instanceof Error ? error.message : String(error),
    );
  }
}

warnOfUnknownVariables((line) => process.stderr.write(`${line}\n`));
const streams = { out: process.stdout, err: process.stderr };
const exitCode = await run(process.argv.slice(2), readCliEnv, streams, loadProducts);
// A reader at the other end of a pipe may not have taken everything yet.
process.stdout.write('', () => process.exit(exitCode));
