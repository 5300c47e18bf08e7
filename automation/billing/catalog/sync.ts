/** Makes Stripe's products, prices, meters, coupons and promotion codes match the catalog. */
import type Stripe from 'stripe';
import { applyChanges } from './apply.ts';
import { type CatalogChange, type CatalogDifference, differenceOf, outdatedPrices } from './difference.ts';
import { type FoundCatalog, pricesInUse, readFoundCatalog } from './found.ts';
import type { WantedCatalog } from './wanted.ts';

/** Stripe still differs after every change was made. */
export class CatalogNotInLine extends Error {
  override readonly name = 'CatalogNotInLine';
}

export interface CatalogPlan extends CatalogDifference {
  readonly found: FoundCatalog;
}

/** Reads the account and returns its differences from the catalog. Changes nothing. */
export async function planCatalog(stripe: Stripe, wanted: WantedCatalog): Promise<CatalogPlan> {
  const found = await readFoundCatalog(stripe, wanted);
  const inUse = await pricesInUse(stripe, outdatedPrices(wanted, found));
  return { ...differenceOf(wanted, found, inUse), found };
}

/**
 * Makes the changes of a plan and reads the account again.
 * @throws CatalogNotInLine when something still differs: somebody changed it meanwhile, or Stripe repeated its answer to an
 *   earlier creation of an object that has been deleted in the dashboard within the last day
 */
export async function applyCatalog(
  stripe: Stripe,
  wanted: WantedCatalog,
  { changes, found }: CatalogPlan,
  onChange: (change: CatalogChange) => void = () => {},
): Promise<void> {
  await applyChanges(changes, { stripe, wanted, found, onChange });
  if (changes.length === 0) return;
  const after = await planCatalog(stripe, wanted);
  if (after.changes.length === 0) return;
  const left = after.changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`).join(', ');
  throw new CatalogNotInLine(`Stripe still differs after every change was made: ${left}.`);
}
