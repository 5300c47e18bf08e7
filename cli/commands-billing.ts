/** The commands of billing with their arguments. */
import { type Command, Option } from 'commander';
import { invoiceStatuses } from '../automation/billing/invoices.ts';
import { connect } from './connection.ts';
import type { CliEnv } from './env.ts';
import type { Output } from './output.ts';

export interface BillingCommands {
  readonly env: CliEnv;
  readonly output: Output;
  readonly add: (usage: string, description: string) => Command;
  readonly person: () => Option;
  readonly positiveInteger: (text: string) => number;
}

export function addBilling({ env, output, add, person, positiveInteger }: BillingCommands): void {
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
  add('reactivate <tenant>', 'take a cancellation at the end of the period back, or resume what is paused')
    .addOption(person())
    .action(async (tenant, options) =>
      (await load()).reactivate(await connect(env), output, tenant, options),
    );
  add('invoices [tenant]', 'list invoices, newest first')
    .option('--organization <id>', 'of this organization')
    .addOption(new Option('--status <status>', 'only those').choices(invoiceStatuses))
    .option('--limit <n>', 'at most so many (20)', positiveInteger)
    .option('--pay <invoice>', 'charge this open invoice to the present payment method first')
    .addOption(person())
    .action(async (tenant, options) => (await load()).invoices(await connect(env), output, tenant, options));
  add('portal [tenant]', 'print the address of the billing portal, good for a short time')
    .option('--organization <id>', 'of this organization')
    .option('--payment-method', 'begin at the payment method')
    .addOption(person())
    .action(async (tenant, options) => (await load()).portal(await connect(env), output, tenant, options));
  add('organization', 'list the organizations of a person, with roles')
    .addOption(person())
    .action(async (options) => (await load()).organization(await connect(env), output, options));
}
