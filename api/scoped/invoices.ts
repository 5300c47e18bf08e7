import type Stripe from 'stripe';
import {
  findInvoice,
  type Invoice,
  type InvoiceStatus,
  listInvoices,
} from '../../automation/billing/index.ts';
import { findOrganization, findPaidSubscription, type Role } from '../../automation/organizations/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import type { Page } from '../../automation/store/pages.ts';
import { Problem } from '../errors.ts';
import { type Principal, signedIn } from '../principal.ts';
import type { ScopedOrganizations } from './organizations.ts';
import type { ScopedSubscriptions } from './subscriptions.ts';

/** Asks for the invoices of an organization, of a subscription's payer, or of the principal's own organization. */
export interface InvoicesAsked {
  readonly organization?: string | undefined;
  readonly subscription?: string | undefined;
  readonly status?: InvoiceStatus | undefined;
}

/** The invoices of one principal; operators see everybody's. Each function throws `forbidden` for an API key. */
export interface ScopedInvoices {
  /** @throws Problem `not_found`, also for somebody else's */
  find(id: string): Promise<{ readonly invoice: Invoice; readonly role: Role }>;
  /** Newest first. @throws Problem `not_found` for somebody else's organization or subscription */
  list(asked: InvoicesAsked, page: Page<'createdAt'>): Promise<readonly Invoice[]>;
}

export function scopedInvoices(
  db: Queryable,
  stripe: Stripe,
  principal: Principal,
  {
    organizations,
    subscriptions,
  }: { organizations: ScopedOrganizations; subscriptions: ScopedSubscriptions },
): ScopedInvoices {
  /** The principal's role for the invoice's subscription, or else in its organization. */
  const roleFor = async ({ subscriptionId, customerId }: Invoice): Promise<Role | null> => {
    if (signedIn(principal).kind === 'operator') return 'admin';
    if (subscriptionId !== null && (await findPaidSubscription(db, subscriptionId)))
      return (await subscriptions.find(subscriptionId)).role;
    const organization = customerId === null ? null : await findOrganization(db, { customerId });
    return organization && organizations.roleIn(organization);
  };

  /** Whose invoices the request asks for; null for nobody's, undefined for everybody's. */
  const customerOf = async ({
    organization,
    subscription,
  }: InvoicesAsked): Promise<string | null | undefined> => {
    if (subscription !== undefined) return (await subscriptions.find(subscription)).subscription.customerId;
    if (organization !== undefined) return (await organizations.find(organization)).organization.customerId;
    if (signedIn(principal).kind === 'operator') return undefined;
    return (await organizations.own())?.customerId ?? null;
  };

  return {
    find: async (id) => {
      const missing = () =>
        new Problem('not_found', `There is no invoice ${JSON.stringify(id.slice(0, 64))}.`);
      const invoice = /^in_\w{1,100}$/.test(id) ? await findInvoice(stripe, id) : null;
      if (!invoice) throw missing();
      const role = await roleFor(invoice).catch((error: unknown) => {
        throw error instanceof Problem && error.code === 'not_found' ? missing() : error;
      });
      if (!role) throw missing();
      return { invoice, role };
    },
    list: async (asked, { after, limit }) => {
      const customerId = await customerOf(asked);
      if (customerId === null) return [];
      const { subscription: subscriptionId, status } = asked;
      return listInvoices(stripe, {
        customerId,
        subscriptionId,
        status,
        after: after === null ? undefined : String(after[1]),
        limit,
      });
    },
  };
}
