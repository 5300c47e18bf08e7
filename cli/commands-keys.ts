/** The commands for API keys. */
import { person, positiveInteger } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';
import { addListFlags } from './lists.ts';

export function addKeys({ env, output, add }: Commands): void {
  const load = () => import('./commands/keys.ts');
  const keys = add('keys', 'API keys of people, tenants and products’ applications');
  const command = (usage: string, description: string) =>
    keys
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .addOption(person());
  command('create <name>', 'make a key and print it, only now')
    .requiredOption(
      '--scope <scope...>',
      'what it may do, such as tenants:read; docs/api.md lists all scopes',
    )
    .option('--tenant <tenant>', 'reach only this tenant')
    .option('--service [product]', 'reach every tenant of a product, or of all products; as the operator')
    .option('--expires <days>', 'expire after this many days (never)', positiveInteger)
    .action(async (name, options) => (await load()).createKey(await connect(env), output, name, options));
  addListFlags(
    command('list', 'list keys, newest first: those of a person and their tenants, or all'),
    'listKeys',
    'all',
  ).action(async (options) => (await load()).listKeys(await connect(env), output, options));
  command('revoke <key>', 'end a key, by its id').action(async (id, options) =>
    (await load()).revokeKey(await connect(env), output, id, options),
  );
}
