import { agents } from './agents.ts';
import { browsers } from './browsers.ts';
import { inbox } from './inbox.ts';
import { faultsOf, uncountedEntitlements } from './rules.ts';
import { stream } from './stream.ts';
import type { Plan, Product } from './types.ts';
import { workspace } from './workspace.ts';

export { platform } from './platform.ts';
export type * from './types.ts';

const products: Product[] = [workspace, browsers, inbox, agents, stream];

/** Every product on sale, in the order of the price page. Derive from it when needed, not at import: it can grow. */
export const catalog: readonly Product[] = products;

/**
 * Puts the products of packages on sale, after those of this tree. Every process that reads the catalog (API, worker, the
 * worker's runners, command line) calls it once, with the same products, before anything else. Ignores a product that is on
 * sale already.
 * @throws CatalogError that names the product and every wrong field; then none of them is on sale
 */
export function extendCatalog(additions: readonly Product[]): void {
  const fresh = additions.filter((product) => !products.includes(product));
  const problems = fresh.flatMap((product, n) => {
    const faults = faultsOf(product);
    const found =
      faults.length > 0
        ? faults
        : [...uncountedEntitlements(product), ...clashes(product, [...products, ...fresh.slice(0, n)])];
    return found.map((fault) => `product ${product?.id}: ${fault}`);
  });
  if (problems.length > 0) throw new CatalogError(problems);
  products.push(...fresh);
}

export class CatalogError extends Error {
  override readonly name = 'CatalogError';
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Lists what a product has in common with others although it must be unique. */
function clashes(product: Product, others: readonly Product[]): string[] {
  const { id, meters, namespace } = product;
  const taken = new Map(
    others.flatMap((other) => other.meters.map((meter) => [meter.id, other.id] as const)),
  );
  return [
    ...others.flatMap((other) => (other.id === id ? ['id: another product has it'] : [])),
    ...meters.flatMap((meter, n) => {
      const by = taken.get(meter.id);
      return by === undefined ? [] : [`meters[${n}].id: ${meter.id} is a meter of ${by}`];
    }),
    ...others.flatMap((other) => {
      const [own, its] = [namespace.prefix, other.namespace.prefix];
      return own.startsWith(its) || its.startsWith(own)
        ? [`namespace.prefix: ${own} cannot be told from ${its} of ${other.id}`]
        : [];
    }),
  ];
}

/** Finds a product; the id may come from outside. */
export function findProduct(productId: string): Product | undefined {
  return catalog.find((product) => product.id === productId);
}

/** Finds a product's plan; the ids may come from outside. */
export function findPlan(productId: string, planId: string): Plan | undefined {
  return findProduct(productId)?.plans.find((plan) => plan.id === planId);
}

/** The Stripe `lookup_key` of a plan's price: `tenantry:<product>:<plan>`. */
export function planLookupKey(productId: string, planId: string): string {
  return `tenantry:${productId}:${planId}`;
}

/** The plan that a Stripe `lookup_key` names; null when it names none of the catalog. */
export function parsePlanLookupKey(key: string): { readonly product: Product; readonly plan: Plan } | null {
  const [scheme, productId, planId, ...rest] = key.split(':');
  if (scheme !== 'tenantry' || productId === undefined || planId === undefined || rest.length > 0)
    return null;
  const product = findProduct(productId);
  const plan = findPlan(productId, planId);
  return product && plan ? { product, plan } : null;
}

/** The name of a tenant's namespace: the product's prefix and the tenant's id or slug, which the caller must validate. */
export function namespaceFor(
  product: Product,
  tenant: { readonly tenantId: string; readonly slug: string },
): string {
  return product.namespace.prefix + tenant[product.namespace.from];
}
