import { warnOfUnknownVariables } from '../automation/environment/index.ts';
import { readCliEnv } from './env.ts';
import { run } from './run.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// Nor is progress that nobody reads any more: a terminal that has gone must not keep a command from ending well.
process.stderr.on('error', () => {});

warnOfUnknownVariables((line) => process.stderr.write(`${line}\n`));
process.exit(await run(process.argv.slice(2), readCliEnv, { out: process.stdout, err: process.stderr }));
