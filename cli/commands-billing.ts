/** The commands of billing with their arguments. */
import { Option } from 'commander';
import { month, person, positiveInteger } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';
import { addListFlags } from './lists.ts';

export function addBilling({ env, output, add }: Commands): void {
  const load = () => import('./commands/billing.ts');
  add('plan <tenant> [plan]', "show a tenant's subscription, or change its plan and say what that costs")
    .option('--seats <n>', 'seats, for plans sold by the seat', positiveInteger)
    .option('--preview', 'only say what it would cost')
    .addOption(person())
    .action(async (tenant, plan, options) =>
      (await load()).plan(await connect(env), output, tenant, plan, options),
    );
  add('seats <tenant>', "change the seats of a tenant's plan")
    .argument('<n>', 'how many', positiveInteger)
    .option('--preview', 'only say what it would cost')
    .addOption(person())
    .action(async (tenant, seats, options) =>
      (await load()).plan(await connect(env), output, tenant, undefined, { ...options, seats }),
    );
  add('reactivate <tenant>', 'undo a cancellation at the end of the period, or resume a paused subscription')
    .addOption(person())
    .action(async (tenant, options) =>
      (await load()).reactivate(await connect(env), output, tenant, options),
    );
  addListFlags(add('invoices [tenant]', 'list invoices, newest first'), 'listInvoices', 20)
    .option('--pay <invoice>', 'charge this open invoice to the present payment method first')
    .addOption(person())
    .action(async (tenant, options) => (await load()).invoices(await connect(env), output, tenant, options));
  add('portal [tenant]', 'print an address of the billing portal, which is valid for a short time')
    .option('--organization <id>', 'of this organization')
    .option('--payment-method', 'begin at the payment method')
    .addOption(person())
    .action(async (tenant, options) => (await load()).portal(await connect(env), output, tenant, options));
  addListFlags(
    add('organization', 'list the organizations of a person, with roles'),
    'listOrganizations',
    'all',
  )
    .addOption(person())
    .action(async (options) => (await load()).organization(await connect(env), output, options));
  addListFlags(
    add('credits <tenant>', "show a tenant's credits, budgets and newest entries"),
    'getCredits',
    20,
  )
    .option('--top-up <n>', 'first add this many credits, as the operator', positiveInteger)
    .option('--cause <id>', 'why they are added; a cause adds them once, however often it is run')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/credits.ts')).credits(await connect(env), output, tenant, options),
    );
  add('entitlements <tenant>', 'show what a tenant may do now: limits and what is left, credits, budgets')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/tenant.ts')).entitlements(await connect(env), output, tenant, options),
    );
  addListFlags(
    add('usage [tenant]', 'show what a month costs: for one tenant, or for all, as the operator'),
    'getFleetUsage',
    20,
  )
    .addOption(new Option('--month <month>', 'a calendar month such as 2026-11 (this one)').argParser(month))
    .addOption(
      new Option('--by <step>', 'show what a tenant used instead, step by step').choices([
        'sample',
        'hour',
        'day',
      ]),
    )
    .option('--csv', 'as comma-separated values')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/usage.ts')).usage(await connect(env), output, tenant, options),
    );
}
