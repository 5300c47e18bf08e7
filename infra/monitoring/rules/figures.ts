/** The catalog's figures in rules, in PromQL's form; the catalog is their only home. */
import { catalog, namespaceFor, type Product, type Threshold } from '../../../tenants/catalog/index.ts';

const operators = { above: '>', below: '<', atMost: '<=', atLeast: '>=' } as const;

/** The comparison in which an alert fires, such as `> 0.01`; `scale` converts its unit to the expression's. */
export function breaches(alert: Threshold, scale = 1): string {
  return `${operators[alert.comparison]} ${Number((alert.value * scale).toPrecision(12))}`;
}

/** Matches the namespaces of a product's tenants, as a regular expression of PromQL. */
export function namespacesOf(product: Product): string {
  return `${namespaceFor(product, { tenantId: '', slug: '' })}.+`;
}

export interface Objective {
  readonly product: string;
  readonly plan: string;
  /** Share of time in which a tenant must be available, 0 to 1. */
  readonly availability: number;
}

/** The availability that each plan promises, where it promises one. */
export function availabilityObjectives(): Objective[] {
  return catalog.flatMap((product) =>
    product.plans.flatMap((plan): Objective[] => {
      const basisPoints = plan.entitlements.availabilityBasisPoints;
      return basisPoints === undefined
        ? []
        : [{ product: product.id, plan: plan.id, availability: basisPoints / 10_000 }];
    }),
  );
}
