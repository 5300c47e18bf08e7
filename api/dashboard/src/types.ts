/** The API's answers, under the page's names. Times are RFC 3339 in UTC; money is integer cents. */
import type { Product, Tenant } from '../../client/index.ts';

export type {
  ChangePreview,
  Figures,
  FiguresOverview as Overview,
  FiguresRow,
  Invoice,
  PageConfig as Config,
  Product,
  Subscription,
  Tenant,
  TimelineEntry as Entry,
} from '../../client/index.ts';

export type Plan = Product['plans'][number];
export type Price = Plan['price'];
export type EntitlementValue = Plan['entitlements'][string];

export type Phase = Tenant['phase'];
export type Health = NonNullable<Tenant['health']>;
export type TenantOutputs = NonNullable<Tenant['outputs']>;
export type KubernetesObject = TenantOutputs['objects'][number];

/** What the page shows about a failure. */
export interface ProblemDetails {
  readonly title: string;
  /** Of the answer; 0 without one. */
  readonly status: number;
  readonly detail?: string | undefined;
  readonly code?: string | undefined;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}
