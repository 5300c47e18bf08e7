import { findPlan, findProduct } from './catalog/index.ts';
import type { DataIsolation, Plan, Product, ProductId } from './catalog/types.ts';
import { type TenantSpec, tenantSpec } from './spec.ts';

/** A cell operator's decisions for all its tenants; the defaults are the platform program's. */
export interface Cell {
  /** Where the control plane runs: the only other namespace that may reach a tenant. */
  readonly controlPlaneNamespace: string;
  /** Where tenants' pods reach the API. */
  readonly apiUrl: string;
  /** Replacements for the catalog's images. They listen on the same ports and write only to `/tmp` and the volume. */
  readonly images: Readonly<Record<ProductId, string>>;
  /** Class of the tenants' volumes, which must allow them to grow; null for the cluster's default. */
  readonly storageClassName: string | null;
  /** Address ranges of the database servers: the only private addresses that a tenant may reach. */
  readonly databaseCidrs: readonly string[];
  /** The pool of nodes that tenants' pods run on and whose taint they tolerate; null for any node. */
  readonly nodePool: string | null;
  /** Whether the cluster has the custom resources and the recommender of the Vertical Pod Autoscaler. */
  readonly verticalPodAutoscaler: boolean;
}

export const defaultCell: Cell = {
  controlPlaneNamespace: 'tenantry-system',
  apiUrl: 'http://api.tenantry-system.svc.cluster.local',
  images: {},
  storageClassName: null,
  databaseCidrs: [],
  nodePool: null,
  verticalPodAutoscaler: false,
};

/** A spec with everything it refers to. */
export interface Tenant {
  readonly spec: TenantSpec;
  readonly product: Product;
  readonly plan: Plan;
  readonly cell: Cell;
}

/**
 * Checks a spec against its schema and the catalog.
 * @throws ZodError when a field is malformed, RangeError when it contradicts the catalog
 */
export function resolveTenant(spec: TenantSpec, cell: Cell = defaultCell): Tenant {
  const checked = tenantSpec.parse(spec);
  const product = findProduct(checked.product);
  const plan = findPlan(checked.product, checked.plan);
  if (!product || !plan) {
    throw new RangeError(`the catalog has no plan ${checked.plan} of ${checked.product}`);
  }
  if (!checked.namespace.startsWith(product.namespace.prefix)) {
    throw new RangeError(
      `namespace ${checked.namespace} of ${product.id} must start with ${product.namespace.prefix}`,
    );
  }
  return { spec: checked, product, plan, cell };
}

/**
 * The size of the tenant's volume, or null where it has none: the larger of the spec's and the plan's. A change of plan never
 * shrinks or removes a volume, because its data would go, too.
 */
export function volumeBytes({ spec, plan }: Tenant): number | null {
  const largest = Math.max(spec.volumeBytes ?? 0, plan.volumeBytes ?? 0);
  return largest === 0 ? null : largest;
}

/** Where the tenant's rows live: where the spec says they already do, else where the plan puts them. */
export function dataIsolation({ spec, plan }: Tenant): DataIsolation {
  return spec.dataIsolation ?? plan.dataIsolation;
}

/** Whether the tenant has a place in PostgreSQL. */
export function keepsRows(tenant: Tenant): boolean {
  return dataIsolation(tenant) !== 'none';
}
