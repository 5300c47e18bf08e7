/** A customer's commands for a subscription: `plan`, `seats`, `reactivate`, `invoices`, `portal`, `organization`. */
import {
  type Client,
  cancelSubscription,
  changeSubscription,
  getSubscription,
  getTenant,
  type ListInvoicesData,
  type ListOrganizationsData,
  listInvoices,
  listOrganizations,
  openPortal,
  payInvoice,
  previewChange,
  reactivateSubscription,
  type Subscription,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { tenantId } from '../tenant-id.ts';
import { invoicesText, money, organizationsText, previewText, subscriptionText } from '../text/billing.ts';

export interface ChangeOptions extends Identity {
  seats?: number;
  /** Only shows the cost. */
  preview?: boolean;
}

/**
 * Shows the subscription, or shows the cost of a change and then makes it for exactly that.
 * @param to the wanted plan; the present one when omitted
 */
export async function plan(
  connection: Connection,
  output: Output,
  tenant: string,
  to: string | undefined,
  options: ChangeOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const path = await subscriptionOf(client, tenant);
  const wish = {
    ...(to !== undefined && { plan: to }),
    ...(options.seats !== undefined && { seats: options.seats }),
  };
  if (Object.keys(wish).length === 0) {
    const found = await getSubscription({ client, path });
    output.result(found, () => subscriptionText(found));
    return;
  }
  const cost = await previewChange({ client, path, body: wish });
  if (options.preview) {
    output.result(cost, () => previewText(cost));
    return;
  }
  output.progress(previewText(cost));
  const { prorationDate } = cost;
  const after = await changeSubscription({ client, path, body: { ...wish, prorationDate } });
  output.result({ ...after, cost }, () => subscriptionText(after));
}

export async function reactivate(
  connection: Connection,
  output: Output,
  tenant: string,
  identity: Identity,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const after = await reactivateSubscription({ client, path: await subscriptionOf(client, tenant) });
  output.result(after, () => subscriptionText(after));
}

export interface InvoiceOptions extends Identity, ListOptions {
  /** Id of an open invoice to pay first. */
  pay?: string;
}

export async function invoices(
  connection: Connection,
  output: Output,
  tenant: string | undefined,
  options: InvoiceOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const { pay } = options;
  if (pay !== undefined) {
    const paid = await payInvoice({ client, path: { id: pay } });
    output.progress(`Paid ${money(paid.totalCents, paid.currency)}: invoice ${paid.number ?? paid.id}`);
  }
  const subscription =
    tenant === undefined ? {} : { subscription: (await subscriptionOf(client, tenant)).id };
  const found = await readList(
    output,
    { list: 'listInvoices', usual: 20, options },
    (query: QueryOf<ListInvoicesData>) => listInvoices({ client, query: { ...query, ...subscription } }),
    (page) => page.invoices,
  );
  output.result(found, () => invoicesText(found.invoices));
}

export interface PortalOptions extends Identity {
  organization?: string;
  /** Opens the portal at the payment method. */
  paymentMethod?: boolean;
}

export async function portal(
  connection: Connection,
  output: Output,
  tenant: string | undefined,
  { organization, paymentMethod, ...identity }: PortalOptions,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const opened = await openPortal({
    client,
    body: {
      ...(organization !== undefined && { organization }),
      ...(tenant !== undefined && { subscription: (await subscriptionOf(client, tenant)).id }),
      ...(paymentMethod && { flow: 'payment_method_update' as const }),
    },
  });
  output.result(opened, () => opened.url);
}

export async function organization(
  connection: Connection,
  output: Output,
  options: Identity & ListOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listOrganizations', usual: 'all', options },
    (query: QueryOf<ListOrganizationsData>) => listOrganizations({ client, query }),
    (page) => page.organizations,
  );
  output.result(found, () => organizationsText(found.organizations));
}

/** Ends the subscription of a tenant. */
export async function endSubscription(
  client: Client,
  id: string,
  when: 'period_end' | 'now',
): Promise<Subscription> {
  return cancelSubscription({ client, path: { id }, body: { when } });
}

/** @throws CliProblem `no_subscription` for a tenant without one */
async function subscriptionOf(client: Client, tenant: string): Promise<{ id: string }> {
  const { subscription } = await getTenant({ client, path: { id: tenantId(tenant) } });
  if (subscription !== null) return { id: subscription.id };
  throw new CliProblem(exitCodes.failed, 'no_subscription', `Tenant ${tenant} has no subscription.`);
}
