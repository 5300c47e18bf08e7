import { Command } from 'commander';
import { start } from './commands/start.ts';
import { createOutput } from './output.ts';
import { CliProblem } from './problem.ts';

const program = new Command('tenantry').description('A paid subscription becomes a tenant.');
program
  .command('start')
  .description('start everything on this machine, until Ctrl-C')
  .option('--json', 'one JSON document on standard output')
  .action(({ json }: { json?: boolean }) => start(createOutput(json === true)));

try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  if (!(error instanceof CliProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error.exitCode);
}
