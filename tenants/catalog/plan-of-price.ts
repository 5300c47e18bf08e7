import { findPlan, findProduct, parsePlanLookupKey } from './index.ts';
import type { Plan, Product } from './types.ts';

/** Metadata by which an object in Stripe says what of the catalog it is. */
export const catalogMetadata = {
  product: 'tenantry_product',
  plan: 'tenantry_plan',
  meter: 'tenantry_meter',
  /** How a plan's price is sold: `flat` or `perSeat`. A price agreed by hand says `custom`. */
  per: 'tenantry_per',
  promotion: 'tenantry_promotion',
} as const;

export interface PriceNames {
  readonly lookup_key: string | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/**
 * The plan that a price of Stripe sells, or null when it sells none of the catalog. The lookup key says so of what is
 * sold today; a price that another has replaced, and one that was agreed by hand, says it in its metadata, which only
 * the account's owner can write.
 */
export function planOfPrice({
  lookup_key: key,
  metadata,
}: PriceNames): { readonly product: Product; readonly plan: Plan } | null {
  const named = parsePlanLookupKey(key ?? '');
  if (named) return named;
  const productId = metadata?.[catalogMetadata.product] ?? '';
  const product = findProduct(productId);
  const plan = findPlan(productId, metadata?.[catalogMetadata.plan] ?? '');
  return product && plan ? { product, plan } : null;
}
