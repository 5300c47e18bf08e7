/** Every command, by subject. What a command does stands in its own file, which is loaded only when the command runs. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addBilling } from './commands-billing.ts';
import { addInstallation } from './commands-installation.ts';
import { addKeys } from './commands-keys.ts';
import { addNotifications } from './commands-notifications.ts';
import { addOperations } from './commands-operations.ts';
import { addPeople } from './commands-people.ts';
import { addPlatform } from './commands-platform.ts';
import { addProduct } from './commands-product.ts';
import { addTenants } from './commands-tenants.ts';
import type { CommandContext } from './context.ts';

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

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Parsing it runs the command. */
export function createCommands(context: CommandContext): Command {
  const program = new Command('tenantry')
    .description('A paid subscription becomes a tenant. Run it as: npm run -s tenantry -- <command>')
    .addHelpText('after', exitCodeHelp)
    .version(version, '-V, --version', 'print the version of Tenantry')
    .helpCommand(false);
  const add = (usage: string, description: string) =>
    program.command(usage).description(description).option('--json', 'print one JSON document');
  const commands = { ...context, add };
  addInstallation(commands);
  addTenants(commands);
  addBilling(commands);
  addPeople(commands);
  addNotifications(commands);
  addKeys(commands);
  addOperations(commands);
  addPlatform(commands);
  addProduct(commands);
  return program;
}
