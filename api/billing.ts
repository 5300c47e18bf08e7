import type { Invoice } from '../automation/billing/invoices.ts';
import type { SubscriptionFacts } from '../automation/desired/subscription-facts.ts';
import { findOrganization, type Role } from '../automation/organizations/organizations.ts';
import { findPaidSubscription, type PaidSubscription } from '../automation/organizations/payers.ts';
import type { Queryable } from '../automation/store/database.ts';
import type { Caller } from './auth.ts';
import type { InvoiceView, SubscriptionView } from './contract/billing.ts';
import { Problem } from './errors.ts';
import { assertAdmin, roleIn } from './organizations.ts';

/** A subscription and what the caller may do with it. */
export interface Access {
  readonly subscription: PaidSubscription;
  readonly role: Role;
}

/**
 * The subscription, if the caller may see it; somebody else's looks like none at all. What may be done is up to the role in
 * the organization that pays. Who bought it for an organization that they left still sees it.
 * @throws Problem `not_found`
 */
export async function accessTo(db: Queryable, caller: Caller, id: string): Promise<Access> {
  const subscription = await findPaidSubscription(db, id);
  const role = subscription && (await roleFor(db, caller, subscription));
  if (!subscription || !role)
    throw new Problem('not_found', `There is no subscription ${JSON.stringify(id.slice(0, 64))}.`);
  return { subscription, role };
}

/** The same, for a change. @throws Problem `not_found` or `forbidden` */
export async function accessToChange(db: Queryable, caller: Caller, id: string): Promise<PaidSubscription> {
  const { subscription, role } = await accessTo(db, caller, id);
  assertAdmin(role, { name: subscription.organizationName ?? 'its owner' });
  return subscription;
}

async function roleFor(db: Queryable, caller: Caller, subscription: PaidSubscription): Promise<Role | null> {
  if (caller.isOperator) return 'admin';
  const mine = subscription.owner === caller.subject;
  if (subscription.organizationId === null) return mine ? 'admin' : null;
  const organization = await findOrganization(db, { id: subscription.organizationId });
  const role = organization && (await roleIn(db, caller, organization));
  return role ?? (mine ? 'viewer' : null);
}

export function subscriptionView(
  subscription: PaidSubscription,
  role: Role,
  graceMs: number,
): SubscriptionView {
  const { pastDueSince, organizationId, organizationName } = subscription;
  return {
    id: subscription.id,
    status: subscription.status ?? 'unknown',
    product: subscription.product,
    plan: subscription.plan,
    seats: subscription.seats,
    currentPeriodEnd: subscription.currentPeriodEnd?.toISOString() ?? null,
    cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
    pastDueSince: pastDueSince?.toISOString() ?? null,
    graceEndsAt: pastDueSince && new Date(pastDueSince.getTime() + graceMs).toISOString(),
    organization: organizationId === null ? null : { id: organizationId, name: organizationName ?? '' },
    role,
    tenant: subscription.tenantId,
  };
}

/** The row as it will be once the change that Stripe answered is synchronized. */
export function withFacts(row: PaidSubscription, facts: SubscriptionFacts): PaidSubscription {
  const { status, bought, currentPeriodEnd, cancelAtPeriodEnd } = facts;
  return {
    ...row,
    status,
    currentPeriodEnd,
    cancelAtPeriodEnd,
    ...('problem' in bought ? {} : bought),
    pastDueSince: status === 'past_due' ? row.pastDueSince : null,
  };
}

export function invoiceView({ customerId: _, subscriptionId, ...invoice }: Invoice): InvoiceView {
  return {
    ...invoice,
    status: invoice.status as InvoiceView['status'],
    subscription: subscriptionId,
    createdAt: invoice.createdAt.toISOString(),
    periodStart: invoice.periodStart.toISOString(),
    periodEnd: invoice.periodEnd.toISOString(),
    paidAt: invoice.paidAt?.toISOString() ?? null,
    nextAttemptAt: invoice.nextAttemptAt?.toISOString() ?? null,
    lines: invoice.lines.map(lineView),
  };
}

export function lineView(line: Invoice['lines'][number]): InvoiceView['lines'][number] {
  return {
    ...line,
    periodStart: line.periodStart.toISOString(),
    periodEnd: line.periodEnd.toISOString(),
  };
}
