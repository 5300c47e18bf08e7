/** The catalog's figures in rules, in PromQL's form; the catalog is their only home. */
import { catalog, namespaceFor, type Threshold } from '../../../tenants/catalog/index.ts';
import type { ProductId } from '../../../tenants/catalog/types.ts';

/** An alert of the catalog by its id. */
export function threshold(id: string): Threshold {
  const found = catalog.flatMap((product) => product.alerts).find((alert) => alert.id === id);
  if (!found) throw new Error(`The catalog has no alert "${id}".`);
  return found;
}

const operators = { above: '>', below: '<', atMost: '<=', atLeast: '>=' } as const;

/** The comparison in which an alert fires, such as `> 0.01`; `scale` converts its unit to the expression's. */
export function breaches(alert: Threshold, scale = 1): string {
  return `${operators[alert.comparison]} ${Number((alert.value * scale).toPrecision(12))}`;
}

/** A figure of the product `stream`, which carries those of running the platform. */
export function platformFigure(name: string): number {
  const value = catalog.find(({ id }) => id === 'stream')?.figures[name];
  if (value === undefined) throw new Error(`The catalog has no figure "${name}".`);
  return value;
}

/** Matches the namespaces of a product's tenants, as a regular expression of PromQL. */
export function namespacesOf(productId: ProductId): string {
  const product = catalog.find(({ id }) => id === productId);
  if (!product) throw new Error(`The catalog has no product "${productId}".`);
  return `${namespaceFor(product, { tenantId: '', slug: '' })}.+`;
}

export interface Objective {
  readonly product: ProductId;
  readonly plan: string;
  /** Share of time in which a tenant must be available, 0 to 1. */
  readonly availability: number;
}

/** The availability that each plan promises, where it promises one. */
export function availabilityObjectives(): Objective[] {
  return catalog.flatMap((product) =>
    product.plans.flatMap((plan): Objective[] => {
      const basisPoints = plan.entitlements.availabilityBasisPoints;
      return typeof basisPoints === 'number'
        ? [{ product: product.id, plan: plan.id, availability: basisPoints / 10_000 }]
        : [];
    }),
  );
}
