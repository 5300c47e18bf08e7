import { findPlan, findProduct, parsePlanLookupKey } from '../../../tenants/catalog/index.ts';
import type { Plan, Product } from '../../../tenants/catalog/types.ts';
import { catalogMetadata } from './wanted.ts';

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
