/** Subscriptions, costs, invoices and organizations for a terminal. Pure. */
import type { ChangePreview, Invoice, Organization, Subscription } from '../../api/client/index.ts';
import { fields, table, time } from './table.ts';

/** `$1,234.50`, a credit as `-$3.00` */
export function money(cents: number, currency: string): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(cents / 100);
}

export function subscriptionText(subscription: Subscription): string {
  const { product, plan, seats, currentPeriodEnd, cancelAtPeriodEnd, organization, graceEndsAt } =
    subscription;
  return fields([
    ['subscription', `${subscription.id}, ${subscription.status.replaceAll('_', ' ')}`],
    ['plan', `${product ?? '?'} ${plan ?? '?'}`],
    ['seats', seats === null ? null : String(seats)],
    [cancelAtPeriodEnd ? 'ends' : 'renews', currentPeriodEnd && time(currentPeriodEnd)],
    ['suspended unless paid by', graceEndsAt && time(graceEndsAt)],
    ['paid by', organization && `${organization.name} (${organization.id})`],
    ['your role', subscription.role],
  ]);
}

export function previewText(preview: ChangePreview): string {
  const { currency, dueNowCents, nextInvoiceCents, periodCents, lines } = preview;
  const later = nextInvoiceCents < 0 ? 'credit on the next invoice' : 'added to the next invoice';
  const figures = fields([
    ['plan', preview.plan],
    ['seats', String(preview.seats)],
    ['due now', money(dueNowCents, currency)],
    [later, nextInvoiceCents === 0 ? null : money(Math.abs(nextInvoiceCents), currency)],
    ['every period', money(periodCents, currency)],
  ]);
  if (lines.length === 0) return figures;
  const rows = lines.map(({ description, amountCents }) => [money(amountCents, currency), description]);
  return [figures, table(['AMOUNT', 'FOR'], rows)].join('\n\n');
}

export function invoicesText(invoices: readonly Invoice[]): string {
  if (invoices.length === 0) return 'No invoices.';
  return table(
    ['INVOICE', 'NUMBER', 'STATUS', 'TOTAL', 'OPEN', 'CREATED', 'WHERE'],
    invoices.map((invoice) => [
      invoice.id,
      invoice.number ?? '-',
      invoice.status,
      money(invoice.totalCents, invoice.currency),
      money(invoice.remainingCents, invoice.currency),
      time(invoice.createdAt),
      invoice.hostedUrl ?? '',
    ]),
  );
}

export function organizationsText(organizations: readonly Organization[]): string {
  if (organizations.length === 0) return 'No organization; the first checkout makes one.';
  return table(
    ['ORGANIZATION', 'NAME', 'YOUR ROLE', 'MEMBERS'],
    organizations.map(({ id, name, personal, role, members }) => [
      id,
      name,
      role,
      personal
        ? 'you alone'
        : members.map((member) => `${member.email ?? member.subject} (${member.role})`).join(', '),
    ]),
  );
}
