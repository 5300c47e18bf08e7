/** What the API answers, under the names the page uses. Times are RFC 3339 in UTC; money is integer cents. */

import type { FiguresView, OverviewView } from '../../contract/figures.ts';
import type {
  EntryView,
  PageConfig,
  ProductView,
  TenantListView,
  TenantView,
} from '../../contract/tenant.ts';

export type { CheckoutRequest } from '../../contract/tenant.ts';

import type { ChangePreviewView, InvoiceView, SubscriptionView } from '../../contract/billing.ts';

export type Config = PageConfig;
export type Product = ProductView;
export type Plan = Product['plans'][number];
export type Price = Plan['price'];
export type EntitlementValue = Plan['entitlements'][string];

export type Tenant = TenantView;
export type TenantList = TenantListView;
export type Phase = Tenant['phase'];
export type TenantOutputs = NonNullable<Tenant['outputs']>;
export type KubernetesObject = TenantOutputs['objects'][number];
export type Entry = EntryView;

export type Subscription = SubscriptionView;
export type ChangePreview = ChangePreviewView;
export type Invoice = InvoiceView;

export type Figures = FiguresView;
export type FiguresRow = Figures['rows'][number];
export type Overview = OverviewView;

export interface Checkout {
  readonly id: string;
  readonly url: string;
}

/** RFC 9457, also where a proxy answered and half of it is missing. */
export interface ProblemDetails {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}
