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

/**
 * How a meter's amounts come to be.
 *
 * `told`: the product's service or application says them. A `count` is of things that happened and adds up; a `level`
 * is of something that is there, of which a day and a month have the average; a `peak` the most that was there at once.
 *
 * Otherwise they are sampled from the cluster: processors, GB of memory, GB of volumes. A `level` is their average; one
 * unit of a `second`, an `hour` or a `month` is a processor (a GB) that was there for so long.
 */
export type Measure =
  | { readonly from: 'told'; readonly as: 'count' | 'level' | 'peak' }
  | {
      readonly from: 'cpu' | 'memory' | 'storage';
      readonly as: 'level' | 'second' | 'hour' | 'month';
      /** A meter of the product, told as a level in the same unit, that is added as if it were sampled with it. */
      readonly withLevel?: string;
    };

/** The part of a statement that a meter belongs to. */
export const meterSections = ['compute', 'storage', 'other'] as const;
export type MeterSection = (typeof meterSections)[number];

/** A dimension that is measured and, where it has a price, billed. */
export interface MeteredDimension {
  /** Stable name, unique over all products: Stripe meter event name and metrics label. */
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  readonly measure: Measure;
  readonly section: MeterSection;
  /** Charged to the customer for one unit; null where use is included in the plan or only observed. */
  readonly unitPriceMicros: number | null;
  /** What one unit costs us; null where it is not tracked. */
  readonly unitCostMicros: number | null;
}

/** A figure that is watched: as an alert it fires when it holds, as an objective it is met when it holds. */
export interface Threshold {
  readonly description: string;
  readonly comparison: 'above' | 'below' | 'atMost' | 'atLeast';
  readonly value: number;
  readonly unit: string;
  /** How long the comparison must hold; 0 is at once. */
  readonly forSeconds: number;
}

/** What a product is to hold. */
export interface Objective extends Threshold {
  readonly id: string;
}

/** What of its tenants a product has watched. */
export interface ProductAlerts {
  /** Memory of a container, in percent of its limit. */
  readonly memory?: Threshold;
}

/** An entitlement whose number limits what meters count. */
export interface UsageLimit {
  readonly entitlement: string;
  /** What it is called when a tenant reads of it, such as `API calls of this month`. */
  readonly name: string;
  /** Meters of the product. Together they are limited by the month; meters of a peak by what is there at once. */
  readonly meters: readonly string[];
}

/** A product whose use is paid for with credits. */
export interface CreditRule {
  /** Its number of uses is given out as credits with each paid period. */
  readonly entitlement: string;
  readonly creditsPerUse: number;
}

/** A product whose calls of somebody's priced API have a budget in each month. */
export interface BudgetRule {
  /** US cents that the calls of a month may cost; null has no limit. */
  readonly entitlement: string;
  /** Days that each call is kept; the sums of months stay. */
  readonly callsKeptDays: number;
}

/** What a typical tenant of a plan uses in a month. Assumptions: `docs/cost.md` says where each comes from. */
export interface TypicalMonth {
  /** How many tenants have the plan, in proportion to those of all other plans. */
  readonly share: number;
  /** People who sign in; those who pay, where a plan is sold by the seat. */
  readonly users: number;
  /** Hours that pods of the plan's size run, all replicas together. */
  readonly podHours: number;
  /** Objects in S3 that are read now and then: assets, uploads, e-mails. */
  readonly objectsGb?: number;
  /** Recordings made in a month; how long they are kept is an entitlement. */
  readonly recordingsGb?: number;
  /** Rows in PostgreSQL. */
  readonly databaseGb: number;
  /** What goes to the tenant's people. */
  readonly egressGb: number;
  /** What its pods fetch from the internet. */
  readonly ingressGb: number;
  /** Requests that reach the edge, in thousands. */
  readonly requestsThousands: number;
}

/** Entitlements that the platform applies, to whichever product's plans have them. */
export interface PlatformEntitlements {
  /** Share of time in which a tenant is to be available. */
  readonly availabilityBasisPoints?: number;
  readonly recordingRetentionDays?: number;
  /** A law may bind the tenant's data to a region. */
  readonly compliance?: boolean;
}

export const platformEntitlements = [
  'availabilityBasisPoints',
  'recordingRetentionDays',
  'compliance',
] as const satisfies readonly (keyof PlatformEntitlements)[];

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
  readonly entitlements: Readonly<Record<string, EntitlementValue>> & PlatformEntitlements;
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
  readonly typicalMonth: TypicalMonth;
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
  readonly limits: readonly UsageLimit[];
  readonly credits?: CreditRule;
  readonly budget?: BudgetRule;
  /** Entitlements that the product's own service or application applies; the platform only tells them. */
  readonly applies?: readonly string[];
  readonly objectives: readonly Objective[];
  readonly alerts: ProductAlerts;
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
