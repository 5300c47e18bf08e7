/** The operator's commands for money and what it pays for. */
import { Option } from 'commander';
import { day, timeout } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';

export function addOperations(commands: Commands): void {
  addCatalog(commands);
  addReconcile(commands);
  addFigures(commands);
}

function addCatalog({ env, output, add }: Commands): void {
  const catalog = add('catalog', 'the catalog of products and prices, compared with Stripe');
  catalog
    .command('sync')
    .description(
      'create or correct products, prices, meters and coupons in Stripe; shows the differences first',
    )
    .option('--json', 'print one JSON document')
    .option('--dry-run', 'only show the differences')
    .option('--yes', 'do not ask')
    .action(async (options) => (await import('./commands/catalog.ts')).catalogSync(env, output, options));
}

function addReconcile({ env, output, exit, add }: Commands): void {
  const load = () => import('./commands/reconcile.ts');
  const reconcile = add(
    'reconcile',
    'compare money, rows and infrastructure now, and heal what heals by itself',
  )
    .option('--dry-run', 'only tell')
    .addOption(timeout('give up waiting after this many seconds (120)'))
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
  decision('approve', 'approve what waiting findings propose, as the operator');
  decision('dismiss', 'leave findings alone and stop reporting them');
}

function addFigures({ env, output, add }: Commands): void {
  const load = () => import('./commands/figures.ts');
  const figures = add('figures', 'MRR and what moved it, churn, LTV, conversion, revenue; as the operator')
    .addOption(new Option('--from <day>', 'first UTC day, such as 2026-11-01').argParser(day))
    .addOption(new Option('--to <day>', 'last UTC day (today)').argParser(day))
    .addOption(new Option('--every <step>', 'a row for each (month)').choices(['day', 'month', 'whole']))
    .addOption(new Option('--by <what>', 'a row for each').choices(['product', 'plan']))
    .option('--currency <code>', 'in this currency (usd)')
    .option('--csv', 'as comma-separated values, with every figure')
    .action(async (options) => (await load()).figures(await connect(env), output, options));
  figures
    .command('overview')
    .description('how each product stands: applications, subscriptions, MRR, active tenants, resources')
    .option('--json', 'print one JSON document')
    .action(async () => (await load()).figuresOverview(await connect(env), output));
  figures
    .command('rebuild')
    .description('add what is missing from Stripe: subscriptions, invoices, its events of 30 days')
    .option('--json', 'print one JSON document')
    .action(async () => (await load()).figuresRebuild(env, output));
}
