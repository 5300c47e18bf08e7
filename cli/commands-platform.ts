/** The commands for the platform that tenants run on. */
import { type Command, Option } from 'commander';
import { allowances } from '../automation/preview/allowances.ts';
import { instant, positiveInteger, recoveryName } from './arguments.ts';
import type { Commands } from './context.ts';

export function addPlatform(commands: Commands): void {
  addEstimates(commands);
  addCells(commands);
  addRecovery(commands);
}

function addEstimates({ output, exit, add }: Commands): void {
  add('preview', 'show what the working tree changes on every platform stack and for every tenant')
    .option('--base <ref>', 'git reference to compare with (origin/main, else main)')
    .addOption(
      new Option('--format <format>', 'output format').choices(['text', 'markdown', 'json']).default('text'),
    )
    .addOption(new Option('--only <part>', 'only this part').choices(['platform', 'fleet']))
    .option('--stack <stack...>', 'only these platform stacks')
    .addOption(
      new Option('--providers <which>', 'for the platform; auto is official where there are credentials')
        .choices(['auto', 'simulated', 'official'])
        .default('auto'),
    )
    .addOption(
      new Option('--fleet <which>', 'tenants; auto is the installation here, else a sample made for it')
        .choices(['auto', 'installation', 'sample'])
        .default('auto'),
    )
    .addOption(new Option('--allow <what...>', 'allow what would block the change').choices(allowances))
    .option('--max-previews <n>', 'preview at most this many groups of tenants (60)', positiveInteger)
    .action(async (options) => exit(await (await import('./commands/preview.ts')).preview(output, options)));
  add('cost', 'estimate what a platform stack costs in a month, and what each plan earns')
    .option('--stack <name>', 'the stack whose configuration counts', 'prod')
    .option('--tenants <n>', 'for this many tenants (100, 500 and 2,000)', positiveInteger)
    .option('--bill', 'show every line of the bill, with its price and the source of that')
    .action(async (options) => (await import('./commands/cost.ts')).cost(output, options));
}

function addCells({ env, output, add }: Commands): void {
  const cells = add('cells', 'list the cells that tenants can be in').action(async () =>
    (await import('./commands/cells.ts')).cells(env, output),
  );
  cells
    .command('sync')
    .description("register cells as their platform stacks' outputs describe them")
    .option('--json', 'print one JSON document')
    .addOption(new Option('--stack <stack...>', 'the stacks').default(['prod']))
    .option('--pulumi <path>', "Pulumi's CLI (the one on PATH)")
    .option('--stdin', 'read the outputs from standard input instead: one, or a list of them')
    .action(async (options) => (await import('./commands/cells.ts')).cellsSync(env, output, options));
}

function addRecovery({ env, output, exit, add }: Commands): void {
  const dr = add('dr', 'disaster recovery; docs/disaster-recovery.md says when to use which');
  const command = (name: string, description: string) =>
    dr.command(name).description(description).option('--json', 'print one JSON document');
  const load = () => import('./commands/dr.ts');
  const changing = (made: Command) =>
    made
      .addOption(
        new Option(
          '--recovery <name>',
          'name of the recovery; the same name continues it (the day)',
        ).argParser(recoveryName),
      )
      .option('--dry-run', 'say what would be done');
  command('status', 'show how ready a cell is for recovery')
    .option('--stack <stack>', 'platform stack of the cell')
    .action(async (options) => exit(await (await load()).drStatus(env, output, options)));
  changing(command('promote', "put the read replica in the database server's place"))
    .requiredOption('--stack <stack>', 'platform stack of the cell')
    .action(async (options) => (await load()).drPromote(env, output, options));
  changing(command('restore', 'put a server restored from backups in its place, then restore volumes'))
    .requiredOption('--stack <stack>', 'platform stack of the cell to restore into')
    .option('--from <stack>', 'stack of another cell, whose region is lost')
    .addOption(
      new Option(
        '--at <time>',
        'as it was at this time, such as 2026-11-21T09:30:00Z (as late as possible)',
      ).argParser(instant),
    )
    .addOption(new Option('--only <part>', 'only this part').choices(['database', 'volumes']))
    .option(
      '--server <name>',
      "another server than the control plane's: `tenants`, or a dedicated one as the configuration names it",
    )
    .option('--copies <bucket>', "with --from: bucket here with the copies of that cell's backups")
    .action(async (options) => (await load()).drRestore(env, output, options));
  changing(
    command('repoint', "make every tenant of the environment's cell again, or move traffic between regions"),
  )
    .option('--move <cell>', "a lost cell, whose tenants become this one's")
    .addOption(
      new Option('--away <stack>', 'only send traffic away from the region of this stack').conflicts('move'),
    )
    .addOption(
      new Option('--back <stack>', 'only let health decide about traffic again').conflicts(['move', 'away']),
    )
    .action(async (options) => (await load()).drRepoint(env, output, options));
  command('verify', 'compare every tenant with its stack, its cluster and its database').action(async () =>
    exit(await (await load()).drVerify(env, output)),
  );
}
