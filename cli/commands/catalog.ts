/** `tenantry catalog sync`: brings Stripe's products, prices and meters in line with the catalog; the diff first. */
import { createInterface } from 'node:readline/promises';
import {
  applyCatalog,
  CatalogNotInLine,
  type CatalogPlan,
  planCatalog,
  wantedCatalog,
} from '../../automation/billing/catalog/index.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { promotions } from '../../tenants/catalog/promotions.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { stripeAccount } from '../stripe-client.ts';
import { catalogText, changeLine } from '../text/catalog.ts';

export interface CatalogSyncOptions {
  readonly dryRun?: boolean;
  /** Does not ask for confirmation. */
  readonly yes?: boolean;
}

export async function catalogSync(env: CliEnv, output: Output, options: CatalogSyncOptions): Promise<void> {
  const { stripe, name } = await stripeAccount(env);
  const wanted = wantedCatalog(catalog, promotions);
  output.progress(`Comparing the catalog with ${name}`);
  const plan = await planCatalog(stripe, wanted);
  const { changes, kept } = plan;
  const applies = !options.dryRun && changes.length > 0;
  if (applies) {
    output.progress(catalogText(plan));
    await confirm(plan, options);
    await applyCatalog(stripe, wanted, plan, (change) =>
      output.progress(`done: ${changeLine(change)}`),
    ).catch((error: unknown) => {
      if (!(error instanceof CatalogNotInLine)) throw error;
      throw new CliProblem(exitCodes.failed, 'not_in_line', error.message);
    });
  }
  output.result({ applied: applies, changes, kept }, () =>
    applies ? `Stripe has the catalog: ${changes.length} changes made.` : catalogText(plan),
  );
}

async function confirm({ changes }: CatalogPlan, { yes }: CatalogSyncOptions): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new CliProblem(
      exitCodes.usage,
      'not_confirmed',
      'Changes need --yes where nobody can be asked; --dry-run only shows them.',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Make these ${changes.length} changes? Type yes: `);
  terminal.close();
  if (answer.trim() !== 'yes')
    throw new CliProblem(exitCodes.failed, 'not_confirmed', 'Nothing was changed.');
}
