/** Turns the present state of a Stripe object into what people read about it. Pure. */
import type Stripe from 'stripe';
import type { CatalogDifference } from '../catalog/difference.ts';
import type { StripeNotice } from './notices-rows.ts';

export interface Payer {
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
}

/** A notice and who may see it in the timeline. */
export interface ToldNotice extends StripeNotice {
  readonly audience: 'tenant' | 'operator';
}

/** Final states of a dispute, including an inquiry that came to nothing. */
const disputeEnds: ReadonlySet<string> = new Set(['won', 'lost', 'warning_closed', 'prevented']);

export function disputeNotice(dispute: Stripe.Dispute, payer: Payer): ToldNotice {
  const { id, amount, currency, reason, status, evidence_details: evidence } = dispute;
  const over = disputeEnds.has(status);
  const dueBy = evidence.due_by ? new Date(evidence.due_by * 1000).toISOString().slice(0, 10) : null;
  const what = `${moneyText(amount, currency)} (${words(reason)})`;
  const next = over || dueBy === null ? '' : `; answer in Stripe by ${dueBy}`;
  return {
    key: `dispute:${id}`,
    kind: 'dispute',
    severity: 'alert',
    subject: id,
    message: over
      ? `The dispute over ${what} is over: ${words(status)}`
      : `A payment of ${what} is disputed: ${words(status)}${next}`,
    ...payer,
    data: { amountCents: amount, currency, reason, status, dueBy },
    closedBecause: over ? status : null,
    audience: 'operator',
  };
}

export function refundNotice(refund: Stripe.Refund, payer: Payer): ToldNotice {
  const { id, amount, currency, status } = refund;
  const money = moneyText(amount, currency);
  const failed = status === 'failed';
  const messages: Record<string, string> = {
    succeeded: `${money} was paid back`,
    failed: `${money} could not be paid back${refund.failure_reason ? `: ${words(refund.failure_reason)}` : ''}`,
    canceled: `The refund of ${money} was cancelled`,
  };
  return {
    key: `refund:${id}:${failed ? 'failed' : (status ?? 'succeeded')}`,
    kind: failed ? 'refund-failed' : 'refund',
    severity: failed ? 'alert' : 'note',
    subject: id,
    message: messages[status ?? 'succeeded'] ?? `${money} is being paid back`,
    ...payer,
    data: { amountCents: amount, currency, status },
    closedBecause: null,
    audience: failed ? 'operator' : 'tenant',
  };
}

/** Null when no trial is about to end. */
export function trialNotice(subscription: Stripe.Subscription): ToldNotice | null {
  const { id, status, trial_end: end, default_payment_method: card } = subscription;
  if (status !== 'trialing' || end === null) return null;
  const on = new Date(end * 1000).toISOString().slice(0, 10);
  const ends = subscription.cancel_at_period_end
    ? 'and the subscription with it'
    : card === null && subscription.trial_settings?.end_behavior.missing_payment_method === 'cancel'
      ? 'and the subscription with it unless a card is given'
      : 'and the first payment is due';
  return {
    key: `trial:${id}:${end}`,
    kind: 'trial-ends',
    severity: 'note',
    subject: id,
    message: `The trial ends on ${on}, ${ends}`,
    customerId: referenceId(subscription.customer),
    subscriptionId: id,
    data: { trialEnd: new Date(end * 1000).toISOString() },
    closedBecause: null,
    audience: 'tenant',
  };
}

/** Null when the invoice no longer needs paying. */
export function paymentActionNotice(invoice: Stripe.Invoice): ToldNotice | null {
  if (invoice.status !== 'open' || !invoice.id) return null;
  const money = moneyText(invoice.amount_remaining, invoice.currency);
  return {
    key: `payment-action:${invoice.id}:${invoice.attempt_count}`,
    kind: 'payment-action',
    severity: 'note',
    subject: invoice.id,
    message: `The bank wants the payment of ${money} confirmed: open the invoice ${invoice.number ?? ''} in the billing portal`,
    ...payerOfInvoice(invoice),
    data: { invoice: invoice.number, amountCents: invoice.amount_remaining },
    closedBecause: null,
    audience: 'tenant',
  };
}

export function stuckInvoiceNotice(invoice: Stripe.Invoice): ToldNotice | null {
  if (!invoice.id) return null;
  const stuck = invoice.status === 'draft' && invoice.last_finalization_error !== null;
  const why = invoice.last_finalization_error?.message ?? 'Stripe does not say why';
  return {
    key: `invoice-stuck:${invoice.id}`,
    kind: 'invoice-stuck',
    severity: 'alert',
    subject: invoice.id,
    message: stuck ? `An invoice cannot be made final: ${why}` : 'The invoice was made final',
    ...payerOfInvoice(invoice),
    data: { status: invoice.status },
    closedBecause: stuck ? null : (invoice.status ?? 'gone'),
    audience: 'operator',
  };
}

export function customerDeletedNotice(customerId: string, subscriptions: readonly string[]): ToldNotice {
  return {
    key: `customer-deleted:${customerId}`,
    kind: 'customer-deleted',
    severity: 'alert',
    subject: customerId,
    message:
      subscriptions.length === 0
        ? 'A customer was deleted in Stripe; no subscription of theirs is known'
        : `A customer was deleted in Stripe, which ends ${subscriptions.length} of their subscriptions`,
    customerId,
    subscriptionId: null,
    data: { subscriptions },
    closedBecause: null,
    audience: 'operator',
  };
}

/** One alert for the whole catalog, closed once Stripe matches it again. */
export function catalogNotice({ changes, kept }: CatalogDifference): ToldNotice {
  const lines = changes.map(({ action, kind, key, fields }) => {
    const what = fields.map(({ field, from, to }) => `${field} ${from ?? '(none)'} -> ${to ?? '(none)'}`);
    return `${action} ${kind} ${key}: ${what.join(', ')}`;
  });
  const shown = lines.slice(0, 5).join('; ');
  const more = lines.length > 5 ? `; and ${lines.length - 5} more` : '';
  return {
    key: 'catalog',
    kind: 'catalog-drift',
    severity: 'alert',
    subject: 'catalog',
    message:
      lines.length === 0
        ? 'Stripe has the catalog again'
        : `Stripe differs from the catalog; \`tenantry catalog sync\` mends: ${shown}${more}`,
    customerId: null,
    subscriptionId: null,
    data: { changes: changes.slice(0, 100), kept: kept.slice(0, 100) },
    closedBecause: lines.length === 0 ? 'mended' : null,
    audience: 'operator',
  };
}

export function payerOfInvoice(invoice: Stripe.Invoice): Payer {
  return {
    customerId: referenceId(invoice.customer),
    subscriptionId: referenceId(invoice.parent?.subscription_details?.subscription),
  };
}

export function referenceId(reference: string | { readonly id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

/** An amount in the smallest unit of its currency, as Stripe counts it. */
function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(`${amount}E-${digits}` as `${number}`);
}

const words = (name: string): string => name.replaceAll('_', ' ');
