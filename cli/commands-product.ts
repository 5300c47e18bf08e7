/** The commands for a product of your own. */
import type { Commands } from './context.ts';

export function addProduct({ env, output, exit, add }: Commands): void {
  add('product', 'help with a product of your own')
    .command('check [image-or-manifest]')
    .description('check whether an image, a manifest or a program can run as a tenant of a product')
    .option('--json', 'print one JSON document')
    .requiredOption('--product <product>', 'the product that it should be')
    .option('--plan <plan>', 'check sizes against this plan')
    .option('--login <user:password>', 'for a registry that demands a login for the image')
    .option('--run <command>', 'start this program here, call its probes and end it')
    .addHelpText('after', '\ndocs/pod-contract.md says what a container gets and what it must withstand.')
    .action(async (target, options) =>
      exit(await (await import('./commands/product-check.ts')).productCheck(env, output, target, options)),
    );
}
