/** Every command with its arguments; what a command does stands in its own file and is loaded only when asked for. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { allowances } from '../automation/preview/allowances.ts';

import { phases } from '../automation/store/tenants.ts';

import { addBilling } from './commands-billing.ts';
import { addPeople } from './commands-people.ts';
import { connect } from './connection.ts';
import type { CliEnv } from './env.ts';
import type { Output } from './output.ts';
import type { ExitCode } from './problem.ts';

export interface CommandContext {
  readonly env: CliEnv;
  readonly output: Output;
  /** Called with the exit code of a command that has one of its own. */
  readonly exit: (code: ExitCode) => void;
}

const exitCodeHelp = `
Exit codes:
  0  done
  1  failed
  2  wrong use: an unknown command, product or value
  3  Tenantry is not running here, or does not answer
  4  the tenant failed
  5  not found
  6  not allowed
  7  the previewed change must not be merged as it is
  8  findings wait for an operator

With --json, standard output is exactly one JSON document; an error is {"error": {"code", "message"}}.
Progress goes to standard error. TENANTRY_HOME (default .tenantry) says which installation is meant.`;

/** The command line; parsing it runs the command. */
export function createCommands({ env, output, exit }: CommandContext): Command {
  const program = new Command('tenantry')
    .description('A paid subscription becomes a tenant. Run it as: npm run -s tenantry -- <command>')
    .addHelpText('after', exitCodeHelp)
    .helpCommand(false);
  const add = (usage: string, description: string) =>
    program.command(usage).description(description).option('--json', 'print one JSON document');

  add('start', 'start everything on this machine, until Ctrl-C').action(async () =>
    (await import('./commands/start.ts')).start(output),
  );
  add('down', 'stop what start runs, from another terminal')
    .option('--delete-state', 'delete everything that is kept, too')
    .option('--yes', 'do not ask')
    .addOption(timeout('give up after so many seconds (60)'))
    .action(async (options) => (await import('./commands/down.ts')).down(env, output, options));
  add('doctor', 'show the tools that were found, and what to do about the missing').action(async () =>
    exit(await (await import('./commands/doctor.ts')).doctor(output)),
  );
  add('products', 'list products and plans').action(async () =>
    (await import('./commands/products.ts')).products(await connect(env), output),
  );
  add('subscribe <product> <plan>', 'subscribe, pay and wait until the tenant is active')
    .addOption(person('the person who subscribes').default('you@example.com'))
    .option('--slug <name>', 'public name of the tenant, for products that have one')
    .option('--seats <n>', 'seats, for plans sold by the seat', positiveInteger)
    .option('--region <region>', 'where the tenant is to be (the home region)')
    .option('--trial', "begin with the plan's free trial")
    .option('--code <code>', 'a promotion code')
    .option('--decline', 'pay with a card that is declined (simulated payments only)')
    .option('--no-wait', 'return once paid')
    .addOption(timeout('give up waiting after so many seconds (120; 900 where a person pays)'))
    .action(async (product, plan, options) =>
      (await import('./commands/subscribe.ts')).subscribe(await connect(env), output, product, plan, options),
    );
  add('cancel <tenant>', "end a tenant's subscription")
    .option('--at-period-end', 'when the paid period is over, not now')
    .option('--wait', 'wait until the tenant is suspended or deleted')
    .addOption(timeout('give up waiting after so many seconds (120)'))
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/cancel.ts')).cancel(await connect(env), output, tenant, options),
    );
  addBilling({ env, output, add, person, positiveInteger });
  addPeople({ env, output, add, person, timeout });
  add('tenants', 'list tenants, newest first')
    .addOption(new Option('--phase <phase>', 'only those in this phase').choices(phases))
    .option('--product <product>', 'only those of this product')
    .option('--limit <n>', 'at most so many (50)', positiveInteger)
    .option('--all', 'every one')
    .addOption(person())
    .action(async (options) =>
      (await import('./commands/tenants.ts')).tenants(await connect(env), output, options),
    );
  add('tenant <tenant>', 'show one tenant: state, why it waits, outputs, timeline')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/tenant.ts')).tenant(await connect(env), output, tenant, options),
    );
  const events = add('events <tenant>', "show a tenant's timeline")
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .addOption(timeout('end following after so many seconds'))
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/events.ts')).events(await connect(env), output, tenant, options),
    );
  addStripeEvents({ env, output }, events);
  add('credits <tenant>', "show a tenant's credits, budgets and newest entries")
    .option('--limit <n>', 'at most so many entries (20)', positiveInteger)
    .option('--top-up <n>', 'add so many credits first, as the operator', positiveInteger)
    .option('--cause <id>', 'what they are for; added once, however often it is run')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/credits.ts')).credits(await connect(env), output, tenant, options),
    );
  add('usage [tenant]', 'show what a month costs: of one tenant, or of all for the operator')
    .addOption(new Option('--month <month>', 'a calendar month such as 2026-11 (this one)').argParser(month))
    .addOption(
      new Option('--by <step>', 'what a tenant used instead, step by step').choices([
        'sample',
        'hour',
        'day',
      ]),
    )
    .option('--csv', 'as comma-separated values')
    .option('--limit <n>', 'at most so many tenants (20)', positiveInteger)
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/usage.ts')).usage(await connect(env), output, tenant, options),
    );
  add('retry <tenant>', 'try a tenant that failed or waits again now')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/retry.ts')).retry(await connect(env), output, tenant, options),
    );
  add('preview', 'show what the working tree changes: on every platform stack, and for every tenant')
    .option('--base <ref>', 'git reference to compare with (origin/main, else main)')
    .addOption(
      new Option('--format <format>', 'how to say it').choices(['text', 'markdown', 'json']).default('text'),
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
    .addOption(new Option('--allow <what...>', 'let pass what blocks otherwise').choices(allowances))
    .option('--max-previews <n>', 'preview at most so many groups of tenants (60)', positiveInteger)
    .action(async (options) => exit(await (await import('./commands/preview.ts')).preview(output, options)));
  add('cost', 'estimate what a platform stack costs in a month, and what each plan leaves')
    .option('--stack <name>', 'the stack whose configuration counts', 'prod')
    .option('--tenants <n>', 'for so many tenants (100, 500 and 2,000)', positiveInteger)
    .option('--bill', 'show every line of the bill, with its price and where that is from')
    .action(async (options) => (await import('./commands/cost.ts')).cost(output, options));
  addProduct({ env, output, exit }, add);
  addCatalog({ env, output }, add);
  addReconcile({ env, output, exit }, add);
  addFigures({ env, output }, add);
  addCells({ env, output }, add);
  addRecovery({ env, output, exit }, add);
  add('token', 'print an access token for the API')
    .addOption(person('the person it is for').default('you@example.com').conflicts('operator'))
    .option('--operator', 'for the operator instead')
    .action(async ({ as, operator }) =>
      (await import('./commands/token.ts')).token(await connect(env), output, operator ? {} : { as }),
    );
  return program;
}

type Add = (usage: string, description: string) => Command;

function addStripeEvents({ env, output }: Pick<CommandContext, 'env' | 'output'>, events: Command): void {
  events
    .command('replay')
    .description("handle Stripe's events anew: of the inbox, and from Stripe those that never came")
    .option('--json', 'print one JSON document')
    .option('--id <event>', 'this one')
    .addOption(
      new Option('--since <time>', 'those since then, such as 2026-11-21T09:30:00Z').argParser(instant),
    )
    .option('--type <type>', 'those of this type; invoice.* is every one below invoice.')
    .option('--failed', 'only those that could not be handled')
    .option('--dry-run', 'only show them')
    .action(async (options) =>
      (await import('./commands/stripe-events.ts')).eventsReplay(env, output, options),
    );
  events
    .command('alerts')
    .description("what of Stripe's events waits for an operator")
    .option('--json', 'print one JSON document')
    .option('--close <alert>', 'end this one')
    .action(async (options) =>
      (await import('./commands/stripe-events.ts')).eventsAlerts(env, output, options),
    );
}

function addProduct({ env, output, exit }: CommandContext, add: Add): void {
  add('product', "help with a product of one's own")
    .command('check [image-or-manifest]')
    .description('check whether an image, a manifest or a program can run as a tenant of a product')
    .option('--json', 'print one JSON document')
    .requiredOption('--product <product>', 'the product that it is to be')
    .option('--plan <plan>', 'hold sizes to this plan')
    .option('--login <user:password>', 'for a registry that does not show the image to everybody')
    .option('--run <command>', 'start this program here, ask its probes and end it')
    .addHelpText('after', '\ndocs/pod-contract.md tells what a container gets and what it must stand.')
    .action(async (target, options) =>
      exit(await (await import('./commands/product-check.ts')).productCheck(env, output, target, options)),
    );
}

function addCatalog({ env, output }: Pick<CommandContext, 'env' | 'output'>, add: Add): void {
  const catalog = add('catalog', 'the catalog of products and prices, and what Stripe has of it');
  catalog
    .command('sync')
    .description('create or mend products, prices, meters and coupons in Stripe; shows the difference first')
    .option('--json', 'print one JSON document')
    .option('--dry-run', 'only show the difference')
    .option('--yes', 'do not ask')
    .action(async (options) => (await import('./commands/catalog.ts')).catalogSync(env, output, options));
}

function addReconcile({ env, output, exit }: CommandContext, add: Add): void {
  const load = () => import('./commands/reconcile.ts');
  const reconcile = add(
    'reconcile',
    'compare money, rows and infrastructure now, and heal what heals by itself',
  )
    .option('--dry-run', 'only tell')
    .addOption(timeout('give up waiting after so many seconds (120)'))
    .action(async (options) => exit(await (await load()).reconcile(await connect(env), output, options)));
  const decision = (name: 'approve' | 'dismiss', description: string) =>
    reconcile
      .command(`${name} <finding...>`)
      .description(description)
      .option('--note <text>', 'why, for the audit trail')
      .option('--json', 'print one JSON document')
      .action(async (findings, options) =>
        (await load()).decide(await connect(env), output, name, findings, options),
      );
  decision('approve', 'do what a finding that waits says, as the operator');
  decision('dismiss', 'leave it as it is, and tell of it no more');
}

function addFigures({ env, output }: Pick<CommandContext, 'env' | 'output'>, add: Add): void {
  const load = () => import('./commands/figures.ts');
  const figures = add('figures', 'MRR and what moved it, churn, LTV, conversion, revenue; as the operator')
    .addOption(new Option('--from <day>', 'first UTC day, such as 2026-11-01').argParser(day))
    .addOption(new Option('--to <day>', 'last UTC day (today)').argParser(day))
    .addOption(new Option('--every <step>', 'a row for each (month)').choices(['day', 'month', 'whole']))
    .addOption(new Option('--by <what>', 'a row for each of them').choices(['product', 'plan']))
    .option('--currency <code>', 'of this currency (usd)')
    .option('--csv', 'as comma-separated values, with every figure')
    .action(async (options) => (await load()).figures(await connect(env), output, options));
  figures
    .command('overview')
    .description('how each product stands: applications, subscriptions, MRR, active tenants, resources')
    .option('--json', 'print one JSON document')
    .action(async () => (await load()).figuresOverview(await connect(env), output));
  figures
    .command('rebuild')
    .description('fill what is missing from Stripe: subscriptions, invoices, its events of 30 days')
    .option('--json', 'print one JSON document')
    .action(async () => (await load()).figuresRebuild(env, output));
}

function addCells({ env, output }: Pick<CommandContext, 'env' | 'output'>, add: Add): void {
  const cells = add('cells', 'list the cells that tenants can be in').action(async () =>
    (await import('./commands/cells.ts')).cells(env, output),
  );
  cells
    .command('sync')
    .description('make cells known as the outputs of their platform stacks have them')
    .option('--json', 'print one JSON document')
    .addOption(new Option('--stack <stack...>', 'the stacks').default(['prod']))
    .option('--pulumi <path>', "Pulumi's CLI (the one on PATH)")
    .option('--stdin', 'take the outputs from standard input instead: one, or a list of them')
    .action(async (options) => (await import('./commands/cells.ts')).cellsSync(env, output, options));
}

function addRecovery({ env, output, exit }: CommandContext, add: Add): void {
  const dr = add('dr', 'disaster recovery; docs/disaster-recovery.md says when to use which');
  const command = (name: string, description: string) =>
    dr.command(name).description(description).option('--json', 'print one JSON document');
  const load = () => import('./commands/dr.ts');
  const changing = (made: Command) =>
    made
      .addOption(
        new Option(
          '--recovery <name>',
          'name of the recovery; the same one goes on with it (the day)',
        ).argParser(recoveryName),
      )
      .option('--dry-run', 'say what would be done');
  command('status', 'how ready a cell is for its recovery')
    .option('--stack <stack>', 'platform stack of the cell')
    .action(async (options) => exit(await (await load()).drStatus(env, output, options)));
  changing(command('promote', 'put the read replica in the place of the database server'))
    .requiredOption('--stack <stack>', 'platform stack of the cell')
    .action(async (options) => (await load()).drPromote(env, output, options));
  changing(command('restore', 'put a server restored from backups in its place, then restore volumes'))
    .requiredOption('--stack <stack>', 'platform stack of the cell that is restored into')
    .option('--from <stack>', 'stack of another cell, whose region is lost')
    .addOption(
      new Option(
        '--at <time>',
        'as it was then, such as 2026-11-21T09:30:00Z (as late as possible)',
      ).argParser(instant),
    )
    .addOption(new Option('--only <part>', 'only this part').choices(['database', 'volumes']))
    .option('--server <name>', "a dedicated tenant's database server, as the configuration names it")
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

function recoveryName(text: string): string {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) || text.length > 16)
    throw new InvalidArgumentError('It must be up to 16 lower-case letters, digits and single hyphens.');
  return text;
}

function instant(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || !/(Z|[+-]\d\d:\d\d)$/.test(text))
    throw new InvalidArgumentError('It must be a time with its zone, such as 2026-11-21T09:30:00Z.');
  return at;
}

function person(description = 'as this person; default: as the operator'): Option {
  return new Option('--as <email>', description);
}

function timeout(description: string): Option {
  return new Option('--timeout <seconds>', description).argParser((text) => {
    const seconds = Number(text);
    if (!Number.isFinite(seconds) || seconds <= 0)
      throw new InvalidArgumentError('It must be a number of seconds above 0.');
    return seconds;
  });
}

function month(text: string): string {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text))
    throw new InvalidArgumentError('It must be a month such as 2026-11.');
  return text;
}

function day(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a day such as 2026-11-21.');
  return text;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
