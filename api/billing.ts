import type { Invoice } from '../automation/billing/index.ts';
import type { SubscriptionFacts } from '../automation/desired/index.ts';
import type { PaidSubscription, Role } from '../automation/organizations/index.ts';
import type { InvoiceView, SubscriptionView } from './contract/billing.ts';

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
    createdAt: subscription.createdAt.toISOString(),
  };
}

/** The row as it will be once the change that Stripe has confirmed is synced. */
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
