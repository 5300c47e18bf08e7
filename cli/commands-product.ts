/** The commands for a product of one's own, with their arguments. */
import type { Commands } from './context.ts';

export function addProduct({ env, output, exit, add }: Commands): void {
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
