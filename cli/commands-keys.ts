/** The commands for API keys. */
import { person, positiveInteger } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';

export function addKeys({ env, output, add }: Commands): void {
  const load = () => import('./commands/keys.ts');
  const keys = add('keys', 'API keys for programs: of a person, a tenant, or a product’s own application');
  const command = (usage: string, description: string) =>
    keys
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .addOption(person());
  command('create <name>', 'make a key and print it, this one time')
    .requiredOption('--scope <scope...>', 'what it may do, such as tenants:read; docs/api.md names them all')
    .option('--tenant <tenant>', 'it reaches this tenant alone')
    .option('--service [product]', 'it reaches every tenant of a product, or of all; as the operator')
    .option('--expires <days>', 'it ends after so many days (never)', positiveInteger)
    .action(async (name, options) => (await load()).createKey(await connect(env), output, name, options));
  command('list', 'list keys, newest first: a person’s and those of their tenants, or all').action(
    async (options) => (await load()).listKeys(await connect(env), output, options),
  );
  command('revoke <key>', 'end a key, by its id').action(async (id, options) =>
    (await load()).revokeKey(await connect(env), output, id, options),
  );
}
