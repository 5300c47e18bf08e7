import { findPlan, findProduct, parsePlanLookupKey } from './index.ts';
import type { Plan, Product } from './types.ts';

/** Metadata on objects in Stripe that says which part of the catalog they are. */
export const catalogMetadata = {
  product: 'tenantry_product',
  plan: 'tenantry_plan',
  meter: 'tenantry_meter',
  /** How a plan's price is sold: `flat`, `perSeat`, or `custom` if it was agreed by hand. */
  per: 'tenantry_per',
  promotion: 'tenantry_promotion',
} as const;

export interface PriceNames {
  readonly lookup_key: string | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/**
 * The plan that a price at Stripe sells; null when it sells none of the catalog. Prices that are on sale name it in their
 * lookup key. Replaced prices and those that were agreed by hand name it in their metadata, which only the account's owner
 * can write.
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
