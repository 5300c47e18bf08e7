/** What the API answers, as far as the page reads it. Times are RFC 3339 in UTC; money is integer cents. */

export interface Config {
  readonly issuer: string;
  readonly clientId: string;
  readonly audience: string;
  /** True on the embedded default, where payments are simulated. */
  readonly local: boolean;
}

export interface Price {
  readonly kind: 'flat' | 'perSeat' | 'custom';
  readonly priceCents?: number | null;
  /** ISO 4217, lower case as Stripe writes it. */
  readonly currency?: string;
  readonly interval?: string | null;
}

export type EntitlementValue = number | boolean | string | readonly string[] | null;

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly price: Price;
  readonly features: readonly string[];
  /** Figures whose unit is the end of their name: cpuMillis, memoryBytes, pods, … */
  readonly limits: Readonly<Record<string, number | null>>;
  readonly entitlements: Readonly<Record<string, EntitlementValue>>;
}

export interface Meter {
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  /** Millionths of the currency; null where the use is measured but not billed. */
  readonly unitPriceMicros?: number | null;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly plans: readonly Plan[];
  readonly meters: readonly Meter[];
  /** How a tenant's namespace is called; `slug` is the name the customer chooses. */
  readonly namespace?: { readonly from: 'tenantId' | 'slug'; readonly prefix: string };
}

export const phases = [
  'pending',
  'provisioning',
  'active',
  'updating',
  'suspending',
  'suspended',
  'deleting',
  'deleted',
  'failed',
] as const;
export type Phase = (typeof phases)[number];

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
}

export interface TenantOutputs {
  readonly namespace: string;
  readonly serviceUrl: string | null;
  readonly database: {
    readonly name: string;
    readonly schema: string;
    readonly role: string;
    readonly secretName: string;
  } | null;
  readonly objects: readonly KubernetesObject[];
}

export interface Subscription {
  readonly id: string;
  readonly status: string;
  readonly currentPeriodEnd: string | null;
  readonly cancelAtPeriodEnd: boolean;
}

export interface Tenant {
  readonly id: string;
  readonly product: string;
  readonly plan: string;
  readonly slug: string;
  readonly namespace: string;
  readonly region: string;
  readonly cell: string;
  readonly owner: string | null;
  readonly phase: Phase;
  readonly desired: { readonly state: string; readonly plan: string; readonly generation: number };
  readonly observed: { readonly generation: number; readonly plan: string | null };
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly nextTryAt: string | null;
  readonly subscription: Subscription | null;
  readonly outputs: TenantOutputs | null;
  readonly createdAt: string;
  /** When the first word of its payment reached the service. */
  readonly requestedAt: string | null;
  readonly activeAt: string | null;
  readonly deleteAfter: string | null;
  /** Only in what operators are shown. */
  readonly cause?: string | null;
}

/** One line of a tenant's audit trail. */
export interface Entry {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  readonly data?: unknown;
}

export interface Checkout {
  readonly id: string;
  readonly url: string;
}

export interface CheckoutRequest {
  readonly product: string;
  readonly plan: string;
  readonly slug?: string;
  readonly seats?: number;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** RFC 9457. */
export interface ProblemDetails {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}
