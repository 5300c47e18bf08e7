/**
 * The vocabulary of the catalog: what a product is, what a plan grants, what is metered.
 *
 * Every number is a safe integer in the unit its name carries. Prices that a customer pays at once are US cents;
 * prices and costs of one unit of use are micro-dollars (1/1,000,000 of a US dollar), since $0.002107 has no
 * whole number of cents. Shares are basis points (1/100 of a percent).
 */

/** The id of a product. A text from outside is checked against the catalog: see `product-id.ts`. */
export type ProductId = string;

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

/** At most `pods` more or fewer in `periodSeconds`, once the need has lasted `stabilizationSeconds`. */
export interface ScalingPace {
  readonly pods: number;
  readonly periodSeconds: number;
  readonly stabilizationSeconds: number;
}

/** A horizontal autoscaler, in the terms of `autoscaling/v2`. */
export interface Autoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly cpuUtilizationPercent?: number;
  readonly memoryUtilizationPercent?: number;
  readonly scaleDown?: ScalingPace;
  readonly scaleUp?: ScalingPace;
  /** A vertical autoscaler beside it recommends requests. It sets none: a pod's size is what the plan sells. */
  readonly recommendsRequests?: true;
}

/** Where a tenant's rows live: a schema with its own role in the shared database, or a database of its own. */
export const dataIsolations = ['none', 'schema', 'database'] as const;
export type DataIsolation = (typeof dataIsolations)[number];

/** What a plan costs; free is a flat price of 0. `custom` is agreed by hand and never bought through checkout. */
export type PlanPrice =
  | { readonly kind: 'flat'; readonly priceCents: number; readonly interval: 'month' }
  | {
      readonly kind: 'perSeat';
      readonly priceCents: number;
      readonly interval: 'month';
      /** Most seats that are sold without an agreement. */
      readonly maxSeats: number;
    }
  | { readonly kind: 'custom' };

/** A dimension that is measured and, where it has a price, billed. */
export interface MeteredDimension {
  /** Stable name, unique over all products: Stripe meter event name and metrics label. */
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  /** Charged to the customer for one unit; null where use is included in the plan or only observed. */
  readonly unitPriceMicros: number | null;
  /** What one unit costs us; null where it is not tracked. */
  readonly unitCostMicros: number | null;
}

/** A figure that is watched: as an alert it fires when it holds, as an objective it is met when it holds. */
export interface Threshold {
  readonly id: string;
  readonly description: string;
  readonly comparison: 'above' | 'below' | 'atMost' | 'atLeast';
  readonly value: number;
  readonly unit: string;
  /** How long the comparison must hold; 0 is at once. */
  readonly forSeconds: number;
}

export type EntitlementValue = number | boolean | string | readonly string[] | null;

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly price: PlanPrice;
  /** Days that the first subscription may be tried for free; left out where there is no trial. */
  readonly trialDays?: number;
  /** Shown on the price page, in order. */
  readonly features: readonly string[];
  /** Named entitlements of the product (sessions, API calls, e-mails, …), the same keys in all its plans;
   *  a number is a cap or an allowance, null is unlimited or agreed by hand. */
  readonly entitlements: Readonly<Record<string, EntitlementValue>>;
  /** Requests and limits of one pod of the tenant's workload, or null where the plan runs none. */
  readonly compute: ComputeLimits | null;
  /** Size of the tenant's volume, or null where it has none. */
  readonly volumeBytes: number | null;
  readonly quota: NamespaceQuota;
  readonly autoscaling: Autoscaling | null;
  /** Pods kept ready for the next session; 0 where the workload is one ordinary pod or scales on its own. */
  readonly warmPods: number;
  readonly dataIsolation: DataIsolation;
  /** Most connections the tenant's database role may hold; 0 where the tenant has no database. */
  readonly databaseConnections: number;
}

/** What of a tenant its namespace can tell. `createdOn` is a date; a slot has neither owner nor billing account. */
export const tenantFacts = [
  'tenantId',
  'slug',
  'plan',
  'region',
  'owner',
  'billingAccount',
  'createdOn',
] as const;
export type TenantFact = (typeof tenantFacts)[number];

/** The namespace of a tenant: its name, what stands on it, and who may do what in it. */
export interface NamespaceRule {
  /** `slug` is chosen by the customer, `tenantId` by us; a name that reads only the tenant id lets a tenant be
   *  provisioned before it has an owner (a warm slot). */
  readonly from: 'tenantId' | 'slug';
  readonly prefix: string;
  /** Labels and annotations of the product's own, each with what it tells; what a tenant has not is left out. */
  readonly labels?: Readonly<Record<string, TenantFact>>;
  readonly annotations?: Readonly<Record<string, TenantFact>>;
  /** The tenant's people look on, or administer what they run. */
  readonly people: 'view' | 'administer';
}

/** What the platform has to know of a product's container to run it. */
export interface Runtime {
  /** Reached by the control plane; the first is the one of the service's address. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly scheme: 'http' | 'tcp' | 'ws';
  /** Given to the catalog's image only. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the tenant's volume is mounted, or null where the product keeps nothing on disk. */
  readonly volumePath: string | null;
  /** Paths that answer 200 when the process lives, and when it can serve; null asks for a TCP connection. */
  readonly livePath: string | null;
  readonly readyPath: string | null;
  /** Most that `/tmp` may hold. */
  readonly scratchBytes: number;
  /** Ports on the internet that the product's pods may reach. */
  readonly internetPorts: readonly number[];
  /** How long a pod may take to end what it is doing. */
  readonly terminationGraceSeconds: number;
  /**
   * The container is the product's own application: it reads who its tenant is and what it may do from a file, and asks
   * the API with a key of its own. Not for containers in which tenants run what they like: the key tells use.
   */
  readonly readsTenant?: true;
}

export interface Product {
  readonly id: ProductId;
  readonly name: string;
  readonly description: string;
  /** Cheapest first. */
  readonly plans: readonly Plan[];
  readonly meters: readonly MeteredDimension[];
  /** Figures of the product as a whole; the unit is part of the name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly objectives: readonly Threshold[];
  readonly alerts: readonly Threshold[];
  readonly namespace: NamespaceRule;
  /** The entitlement, true or false, by which a plan's tenants run sandboxes: pods that are each alone. */
  readonly sandboxEntitlement?: string;
  /** The plan a warm slot is provisioned with, or null where slots are impossible. */
  readonly slotPlan: string | null;
  /** The container image of the tenant's workload. It is the product's own, so an operator may set another;
   *  the default is a public image that does the product's job. */
  readonly image: string;
  readonly runtime: Runtime;
}
