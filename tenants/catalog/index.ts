import { agents } from './agents.ts';
import { browsers } from './browsers.ts';
import { inbox } from './inbox.ts';
import { stream } from './stream.ts';
import type { Plan, Product } from './types.ts';
import { workspace } from './workspace.ts';

export { platform } from './platform.ts';
export type * from './types.ts';

/** Every product on sale, in the order of the price page. */
export const catalog: readonly Product[] = [workspace, browsers, inbox, agents, stream];

/** The product with this id, or undefined. Takes text from outside. */
export function findProduct(productId: string): Product | undefined {
  return catalog.find((product) => product.id === productId);
}

/** The plan of this product, or undefined when either does not exist. Takes text from outside. */
export function findPlan(productId: string, planId: string): Plan | undefined {
  return findProduct(productId)?.plans.find((plan) => plan.id === planId);
}

/** The Stripe `lookup_key` of a plan's price: `tenantry:<product>:<plan>`. */
export function planLookupKey(productId: string, planId: string): string {
  return `tenantry:${productId}:${planId}`;
}

/** What a Stripe `lookup_key` stands for, or null when it names nothing in the catalog. */
export function parsePlanLookupKey(key: string): { readonly product: Product; readonly plan: Plan } | null {
  const [scheme, productId, planId, ...rest] = key.split(':');
  if (scheme !== 'tenantry' || productId === undefined || planId === undefined || rest.length > 0)
    return null;
  const product = findProduct(productId);
  const plan = findPlan(productId, planId);
  return product && plan ? { product, plan } : null;
}

/** The name of a tenant's namespace: the product's prefix and the tenant's id or slug, which the caller validated. */
export function namespaceFor(
  product: Product,
  tenant: { readonly tenantId: string; readonly slug: string },
): string {
  return product.namespace.prefix + tenant[product.namespace.from];
}
