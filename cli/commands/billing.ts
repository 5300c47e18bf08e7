/** What a customer does with a subscription: `plan`, `seats`, `reactivate`, `invoices`, `portal`, `organization`. */
import { type ApiClient, tenantPath } from '../api-client.ts';
import { tenant as tenantSchema } from '../api-types.ts';
import {
  changePreview,
  invoice,
  invoiceList,
  organizationList,
  portal as portalSchema,
  type Subscription,
  subscription as subscriptionSchema,
} from '../billing-types.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { invoicesText, money, organizationsText, previewText, subscriptionText } from '../text/billing.ts';

export interface ChangeOptions extends Identity {
  seats?: number;
  /** Only say what it would cost. */
  preview?: boolean;
}

/**
 * Shows the subscription, or says what a change costs and then makes it for exactly that.
 * @param to the plan wanted; the present one when left out
 */
export async function plan(
  connection: Connection,
  output: Output,
  tenant: string,
  to: string | undefined,
  options: ChangeOptions,
): Promise<void> {
  const api = await apiAs(connection, options);
  const path = await subscriptionPath(api, tenant);
  const wish = {
    ...(to !== undefined && { plan: to }),
    ...(options.seats !== undefined && { seats: options.seats }),
  };
  if (Object.keys(wish).length === 0) {
    const found = await api.get(path, subscriptionSchema);
    output.result(found, () => subscriptionText(found));
    return;
  }
  const cost = await api.post(`${path}/preview`, wish, changePreview);
  if (options.preview) {
    output.result(cost, () => previewText(cost));
    return;
  }
  output.progress(previewText(cost));
  const { prorationDate } = cost;
  const after = await api.post(`${path}/change`, { ...wish, prorationDate }, subscriptionSchema);
  output.result({ ...after, cost }, () => subscriptionText(after));
}

export async function reactivate(
  connection: Connection,
  output: Output,
  tenant: string,
  identity: Identity,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const after = await api.post(`${await subscriptionPath(api, tenant)}/reactivate`, {}, subscriptionSchema);
  output.result(after, () => subscriptionText(after));
}

export interface InvoiceOptions extends Identity {
  organization?: string;
  status?: string;
  /** Default 20. */
  limit?: number;
  /** Id of an open invoice to pay first. */
  pay?: string;
}

export async function invoices(
  connection: Connection,
  output: Output,
  tenant: string | undefined,
  { organization, status, limit = 20, pay, ...identity }: InvoiceOptions,
): Promise<void> {
  const api = await apiAs(connection, identity);
  if (pay !== undefined) {
    const paid = await api.post(`/v1/invoices/${encodeURIComponent(pay)}/pay`, {}, invoice);
    output.progress(`Paid ${money(paid.totalCents, paid.currency)}: invoice ${paid.number ?? paid.id}`);
  }
  const query = new URLSearchParams({
    limit: String(Math.min(limit, 100)),
    ...(organization !== undefined && { organization }),
    ...(status !== undefined && { status }),
    ...(tenant !== undefined && { subscription: (await subscriptionOf(api, tenant)).id }),
  });
  const found = await api.get(`/v1/invoices?${query}`, invoiceList);
  output.result(found, () => invoicesText(found.invoices));
}

export interface PortalOptions extends Identity {
  organization?: string;
  /** Begin at the payment method. */
  paymentMethod?: boolean;
}

export async function portal(
  connection: Connection,
  output: Output,
  tenant: string | undefined,
  { organization, paymentMethod, ...identity }: PortalOptions,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const opened = await api.post(
    '/v1/portal',
    {
      ...(organization !== undefined && { organization }),
      ...(tenant !== undefined && { subscription: (await subscriptionOf(api, tenant)).id }),
      ...(paymentMethod && { flow: 'payment_method_update' }),
    },
    portalSchema,
  );
  output.result(opened, () => opened.url);
}

export async function organization(
  connection: Connection,
  output: Output,
  identity: Identity,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const found = await api.get('/v1/organizations', organizationList);
  output.result(found, () => organizationsText(found.organizations));
}

/** Ends the subscription of a tenant. */
export async function endSubscription(
  api: ApiClient,
  id: string,
  when: 'period_end' | 'now',
): Promise<Subscription> {
  return api.post(`/v1/subscriptions/${encodeURIComponent(id)}/cancel`, { when }, subscriptionSchema);
}

async function subscriptionPath(api: ApiClient, tenant: string): Promise<string> {
  return `/v1/subscriptions/${encodeURIComponent((await subscriptionOf(api, tenant)).id)}`;
}

/** @throws CliProblem `no_subscription` for a tenant without one */
async function subscriptionOf(api: ApiClient, tenant: string): Promise<{ id: string }> {
  const { subscription } = await api.get(tenantPath(tenant), tenantSchema);
  if (subscription !== null) return subscription;
  throw new CliProblem(exitCodes.failed, 'no_subscription', `Tenant ${tenant} has no subscription.`);
}
