/** What the API answers, under the names that the page uses. Times are RFC 3339 in UTC; money is integer cents. */
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
export type TenantOutputs = NonNullable<Tenant['outputs']>;
export type KubernetesObject = TenantOutputs['objects'][number];

/** What the page shows of something that went wrong. */
export interface ProblemDetails {
  readonly title: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  readonly detail?: string | undefined;
  readonly code?: string | undefined;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}
