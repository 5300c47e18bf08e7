/** The commands for onboarding, exports, and a tenant's end with its receipt. */
import { Option } from 'commander';
import { person, timeout } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';
import { addListFlags } from './lists.ts';

export function addPeople({ env, output, add }: Commands): void {
  add('onboard <organization>', 'onboard an organization: first admin, Stripe customer, welcome by mail')
    .requiredOption('--admin <email>', 'its first admin')
    .option('--slug <name>', 'short name, as in tokens (made of the name)')
    .addOption(timeout('wait this many seconds for the mail (30)'))
    .action(async (organization, options) =>
      (await import('./commands/onboard.ts')).onboard(await connect(env), output, organization, options),
    );
  add('export <tenant>', 'export everything that is kept of a tenant, and fetch the file')
    .option('--out <file>', 'where to write it (<tenant>-<export>.jsonl.gz)')
    .option('--list', 'only list the existing exports')
    .option('--id <export>', 'fetch this one instead of a new one')
    .addOption(person())
    .addOption(timeout('give up after this many seconds (600)'))
    .action(async (tenant, options) =>
      (await import('./commands/export.ts')).exportTenant(await connect(env), output, tenant, options),
    );
  addListFlags(
    add(
      'offboarding [tenant]',
      "show how far a tenant's end is (export, backup, destroy, verify, receipt), or list all that are under way",
    ),
    'listOffboardings',
    'all',
  )
    .option('--now', 'delete a tenant whose subscription has ended now, or retry what its end waits for')
    .option('--yes', 'with --now: yes, for good')
    .option('--wait', 'wait for the receipt')
    .addOption(person())
    .addOption(timeout('give up waiting after this many seconds (600)'))
    .action(async (tenant, options) =>
      (await import('./commands/offboarding.ts')).offboarding(await connect(env), output, tenant, options),
    );
  const receipt = add('receipt', 'the signed proof that nothing of a tenant remains');
  receipt
    .command('show <tenant>')
    .description("print a tenant's receipt; with --json, the signed document itself")
    .option('--json', 'print the signed document')
    .addOption(new Option('--out <file>', 'also write the signed document to this file'))
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/receipt.ts')).showReceipt(await connect(env), output, tenant, options),
    );
  receipt
    .command('verify <file>')
    .description('check a receipt; needs no network and no running Tenantry')
    .option('--json', 'print one JSON document')
    .option('--key <file>', 'public keys: PEM, or what /v1/receipt-keys answers (the key of this home)')
    .action(async (file, options) =>
      (await import('./commands/receipt.ts')).verify(env.home, output, file, options),
    );
}
