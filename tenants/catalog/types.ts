/**
 * The vocabulary of the catalog: what a product is, what a plan grants, what is metered.
 *
 * Every number is a safe integer in the unit that its name carries. Prices of plans are US cents. Prices and costs of one
 * unit of use are micro-dollars (1/1,000,000 of a US dollar), because $0.002107 is no whole number of cents. Shares are
 * basis points (1/100 of a percent).
 */

/** `product-id.ts` checks an id from outside against the catalog. */
export type ProductId = string;

/** Requests and limits of one container. */
export interface ComputeLimits {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** The ResourceQuota of a tenant's namespace; every field becomes one line of it. */
export interface NamespaceQuota {
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  readonly pods?: number;
  readonly services?: number;
  readonly persistentVolumeClaims?: number;
}

/** Adds or removes at most `pods` in `periodSeconds`, once the need has lasted for `stabilizationSeconds`. */
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
  /** Adds a vertical autoscaler that recommends requests. It never sets them: the plan sells a pod's size. */
  readonly recommendsRequests?: true;
}

/** Where a tenant's rows live: in a schema of the shared database, or in its own database; each has its own role. */
export const dataIsolations = ['none', 'schema', 'database'] as const;
export type DataIsolation = (typeof dataIsolations)[number];

/** A free plan has a flat price of 0. A `custom` price is agreed by hand; checkout does not sell it. */
export type PlanPrice =
  | { readonly kind: 'flat'; readonly priceCents: number; readonly interval: 'month' }
  | {
      readonly kind: 'perSeat';
      readonly priceCents: number;
      readonly interval: 'month';
      /** Most seats that checkout sells. */
      readonly maxSeats: number;
    }
  | { readonly kind: 'custom' };

/**
 * How a meter measures.
 *
 * `told`: the product's service or application reports the amounts. A `count` adds up things that happened. A `level` says
 * how much of something exists; a day and a month have its average. A `peak` keeps the most that existed at once.
 *
 * Otherwise the cluster is sampled for processors, GB of memory or GB of volumes. A `level` is the average; one unit of a
 * `second`, an `hour` or a `month` is one processor (or GB) for that time.
 */
export type Measure =
  | { readonly from: 'told'; readonly as: 'count' | 'level' | 'peak' }
  | {
      readonly from: 'cpu' | 'memory' | 'storage';
      readonly as: 'level' | 'second' | 'hour' | 'month';
      /** A meter of the product that is told as a level in the same unit; its amounts are added to the samples. */
      readonly withLevel?: string;
    };

/** The sections of a statement. */
export const meterSections = ['compute', 'storage', 'other'] as const;
export type MeterSection = (typeof meterSections)[number];

/** Something that is measured and, where it has a price, billed. */
export interface MeteredDimension {
  /** Stable name, unique over all products: Stripe meter event name and metrics label. */
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  readonly measure: Measure;
  readonly section: MeterSection;
  /** What the customer pays for one unit; null where the plan includes the use or the meter only observes. */
  readonly unitPriceMicros: number | null;
  /** What one unit costs us; null where that is not tracked. */
  readonly unitCostMicros: number | null;
}

/** A comparison with a watched figure. While it holds, an alert fires and an objective is met. */
export interface Threshold {
  readonly description: string;
  readonly comparison: 'above' | 'below' | 'atMost' | 'atLeast';
  readonly value: number;
  readonly unit: string;
  /** How long the comparison must hold; 0 for at once. */
  readonly forSeconds: number;
}

/** A service level that a product should keep. */
export interface Objective extends Threshold {
  readonly id: string;
}

/** Alerts on a product's tenants. */
export interface ProductAlerts {
  /** Memory of a container, in percent of its limit. */
  readonly memory?: Threshold;
}

/** An entitlement whose number limits what meters count. */
export interface UsageLimit {
  readonly entitlement: string;
  /** What messages to the tenant call it, such as `API calls of this month`. */
  readonly name: string;
  /** Meters of the product. The limit is on their sum in a month; for meters of a peak, on what exists at once. */
  readonly meters: readonly string[];
}

/** Has a product's use paid for with credits. */
export interface CreditRule {
  /** Each paid period grants credits for this many uses. */
  readonly entitlement: string;
  readonly creditsPerUse: number;
}

/** Gives a product's calls of priced third-party APIs a monthly budget. */
export interface BudgetRule {
  /** US cents that a month's calls may cost; null for no limit. */
  readonly entitlement: string;
  /** How long single calls are kept; monthly sums stay. */
  readonly callsKeptDays: number;
}

/** What a typical tenant of a plan uses in a month. `docs/cost.md` says where each assumption comes from. */
export interface TypicalMonth {
  /** The plan's share of all tenants, in proportion to the other plans' shares. */
  readonly share: number;
  /** People who sign in; the paid seats, where a plan is sold by the seat. */
  readonly users: number;
  /** Hours that pods of the plan's size run, summed over replicas. */
  readonly podHours: number;
  /** Objects in S3 that are read now and then, such as assets, uploads and e-mails. */
  readonly objectsGb?: number;
  /** Recordings made in a month; an entitlement says how long they are kept. */
  readonly recordingsGb?: number;
  /** Rows in PostgreSQL. */
  readonly databaseGb: number;
  /** Traffic to the tenant's people. */
  readonly egressGb: number;
  /** Traffic that its pods fetch from the internet. */
  readonly ingressGb: number;
  /** Requests that reach the edge, in thousands. */
  readonly requestsThousands: number;
}

/** Entitlements that the platform itself applies, for every product whose plans have them. */
export interface PlatformEntitlements {
  /** Share of the time that a tenant should be available. */
  readonly availabilityBasisPoints?: number;
  readonly recordingRetentionDays?: number;
  /** The plan can keep the tenant's data in a region that a law demands. */
  readonly compliance?: boolean;
  /** How soon the tenant is back after a loss; null is as soon as can be. */
  readonly rtoMinutes?: number | null;
  /** How much of the past such a loss may cost; null is as little as can be. */
  readonly rpoMinutes?: number | null;
}

export const platformEntitlements = [
  'availabilityBasisPoints',
  'recordingRetentionDays',
  'compliance',
  'rtoMinutes',
  'rpoMinutes',
] as const satisfies readonly (keyof PlatformEntitlements)[];

export type EntitlementValue = number | boolean | string | readonly string[] | null;

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly price: PlanPrice;
  /** Days of a free trial, for a customer's first subscription; left out where there is no trial. */
  readonly trialDays?: number;
  /** Shown on the price page, in order. */
  readonly features: readonly string[];
  /** The product's entitlements (sessions, API calls, e-mails, …), with the same keys in all its plans. A number is a cap
   *  or an allowance; null is unlimited or agreed by hand. */
  readonly entitlements: Readonly<Record<string, EntitlementValue>> & PlatformEntitlements;
  /** One pod of the tenant's workload, or null where the plan runs none. */
  readonly compute: ComputeLimits | null;
  /** Size of the tenant's volume, or null where it has none. */
  readonly volumeBytes: number | null;
  readonly quota: NamespaceQuota;
  readonly autoscaling: Autoscaling | null;
  /** Pods kept ready for the next session; 0 where the workload is one ordinary pod or scales on its own. */
  readonly warmPods: number;
  readonly dataIsolation: DataIsolation;
  /** Connection limit of the tenant's database role; 0 where the tenant has no database. */
  readonly databaseConnections: number;
  readonly typicalMonth: TypicalMonth;
}

/** Facts that labels and annotations can carry. `createdOn` is a date; a slot has no owner and no billing account. */
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

/** A tenant's namespace: its name, its labels and annotations, and what the tenant's people may do in it. */
export interface NamespaceRule {
  /** The customer chooses `slug`, we choose `tenantId`. Only a name made of the tenant id allows warm slots: tenants that
   *  are provisioned before they have an owner. */
  readonly from: 'tenantId' | 'slug';
  readonly prefix: string;
  /** The product's own labels and annotations, each with the fact that it carries. A fact that a tenant lacks is left out. */
  readonly labels?: Readonly<Record<string, TenantFact>>;
  readonly annotations?: Readonly<Record<string, TenantFact>>;
  readonly people: PeopleRole;
}

/** A rule of a Role, in the terms of RBAC. */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What the tenant's people may do in its namespace. */
export interface PeopleRole {
  /** Of the Role and its binding. */
  readonly name: string;
  /** At most `mostRights` (`roles.ts`). While the tenant is suspended, its people have of them what reads. */
  readonly rules: readonly RoleRule[];
}

/**
 * Pods beside the tenant's workload that are isolated from each other and from its database: the tenant's other pods reach
 * them, and they reach the internet. Only with a plan that has them.
 */
export interface SandboxRule {
  /** The boolean entitlement of plans that have them. */
  readonly entitlement: string;
  readonly ports: readonly number[];
  readonly internetPorts: readonly number[];
}

/** No pod of a tenant may hold up the drain of a node, or the end of its tenant, for longer. */
export const maxTerminationGraceSeconds = 300;

/** What the platform must know about a product's container to run it. */
export interface Runtime {
  /** Ports that the control plane reaches. The first one is in the service's address. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly scheme: 'http' | 'tcp' | 'ws';
  /** Only for the catalog's image: an operator's own image gets none. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the tenant's volume is mounted, or null where the product keeps nothing on disk. */
  readonly volumePath: string | null;
  /** Paths that answer 200 when the process is alive and when it can serve; null probes a TCP connection instead. */
  readonly livePath: string | null;
  readonly readyPath: string | null;
  /** Size of `/tmp`. */
  readonly scratchBytes: number;
  /** Ports that the product's pods may reach on the internet. */
  readonly internetPorts: readonly number[];
  /** How long a stopping pod may take to finish its work; at most `maxTerminationGraceSeconds`. */
  readonly terminationGraceSeconds: number;
  /**
   * The container is the product's own application: it reads its tenant and entitlements from a file and calls the API with
   * its own key. Not for containers in which tenants run their own code, because the key may report usage.
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
  /** Entitlements that the product's own service or application applies. The platform only announces them. */
  readonly applies?: readonly string[];
  readonly objectives: readonly Objective[];
  readonly alerts: ProductAlerts;
  readonly namespace: NamespaceRule;
  readonly sandboxes?: SandboxRule;
  /** The plan of warm slots, or null where slots are impossible. */
  readonly slotPlan: string | null;
  /** The container image of the tenant's workload: by default a public image that does the product's job. An operator may
   *  set another. */
  readonly image: string;
  readonly runtime: Runtime;
}
