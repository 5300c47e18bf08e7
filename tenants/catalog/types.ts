/**
 * The vocabulary of the catalog: what a product is, what a plan grants, what is metered.
 * Money is integer millicents (1/1000 of a US cent) where a price can be below a cent, otherwise integer cents.
 */

export const productIds = ['workspace', 'browsers', 'inbox', 'agents', 'stream'] as const;
export type ProductId = (typeof productIds)[number];

/** Kubernetes quantities of one container: what the plan promises and caps. */
export interface ComputeLimits {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** The hard ceiling of a tenant's namespace; every field becomes one line of its ResourceQuota. */
export interface NamespaceQuota {
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  readonly pods?: number;
  readonly services?: number;
  readonly persistentVolumeClaims?: number;
}

/** A horizontal autoscaler, in the terms of `autoscaling/v2`. */
export interface Autoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly cpuUtilizationPercent?: number;
  readonly memoryUtilizationPercent?: number;
  readonly scaleDown?: { readonly pods: number; readonly periodSeconds: number; readonly stabilizationSeconds: number };
  readonly scaleUp?: { readonly pods: number; readonly periodSeconds: number; readonly stabilizationSeconds: number };
}

/** Where a tenant's rows live: a schema with its own role in the shared database, or a database of its own. */
export type DataIsolation = 'none' | 'schema' | 'database';

/** What a plan costs. `custom` is agreed by hand and never bought through checkout. */
export type PlanPrice =
  | { readonly kind: 'flat'; readonly priceCents: number; readonly interval: 'month' }
  | { readonly kind: 'perSeat'; readonly priceCents: number; readonly interval: 'month' }
  | { readonly kind: 'custom' };

/** A dimension that is measured and, where it has a price, billed. */
export interface MeteredDimension {
  /** Stable name: Stripe meter event name and metrics label. */
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  readonly unitPriceMillicents: number | null;
}

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly price: PlanPrice;
  /** Shown on the price page, in order. */
  readonly features: readonly string[];
  /** Named entitlements of the product (sessions, API calls, e-mails, …); null is unlimited. */
  readonly entitlements: Readonly<Record<string, number | boolean | string | null>>;
  /** Limits of the tenant's main container, or null where the product runs none at rest. */
  readonly compute: ComputeLimits | null;
  /** Size of the tenant's volume, or null where it has none. */
  readonly volumeBytes: number | null;
  readonly quota: NamespaceQuota;
  readonly autoscaling: Autoscaling | null;
  readonly warmPods: number;
  readonly dataIsolation: DataIsolation;
}

export interface Product {
  readonly id: ProductId;
  readonly name: string;
  readonly description: string;
  readonly plans: readonly Plan[];
  readonly meters: readonly MeteredDimension[];
  /** The tenant's namespace. `slug` is chosen by the customer, `tenantId` by us; a rule that reads only the
   *  tenant id lets a tenant be provisioned before it has an owner (a warm slot). */
  readonly namespace: { readonly from: 'tenantId' | 'slug'; readonly prefix: string };
  /** The plan a warm slot is provisioned with, or null where slots are impossible. */
  readonly slotPlan: string | null;
}
