/**
 * Collects an invoice, with the consequences for the subscription: active when paid, past due with further attempts
 * when not, and after the last attempt what the dunning settings say.
 */

import type { Context, Dunning } from '../context.ts';
import { saveChanged } from '../context.ts';
import type { InvoiceDoc, SubscriptionDoc } from '../documents.ts';
import { endSubscription, saveSubscription } from '../subscriptions/end.ts';
import { cardWorks } from '../subscriptions/payment-methods.ts';
import { ended } from '../subscriptions/schedule.ts';
import { chargeInvoice } from './charges.ts';
import { markFailed, markPaid } from './invoices.ts';

const day = 86_400;

export type AfterFailure =
  | { readonly next: 'retry'; readonly afterSeconds: number }
  | { readonly next: 'cancel' | 'unpaid' | 'past_due' };

/** The consequence of the `attempt`th failed attempt (counted from 1) on an invoice. */
export function afterFailure(attempt: number, dunning: Dunning): AfterFailure {
  const days = dunning.retryAfterDays[attempt - 1];
  return days === undefined
    ? { next: dunning.afterwards }
    : { next: 'retry', afterSeconds: Math.round(days * day) };
}

/** Stripe counts the first attempt of any kind, and automatic ones after it. */
export function attemptNumber(before: number, automatic: boolean): number {
  return before === 0 || automatic ? before + 1 : before;
}

/**
 * Charges an open invoice, or marks it as paid elsewhere when `outOfBand`.
 * @returns the invoice afterwards, whose status says whether it was paid
 */
export function collect(
  context: Context,
  invoice: InvoiceDoc,
  { automatic, outOfBand = false }: { automatic: boolean; outOfBand?: boolean },
): InvoiceDoc {
  const subscriptionId = invoice.parent?.subscription_details.subscription;
  const subscription =
    subscriptionId === undefined ? undefined : context.store.get('subscription', subscriptionId);
  const works =
    outOfBand ||
    invoice.amount_due === 0 ||
    cardWorks(context, invoice.customer, subscription?.default_payment_method ?? null) === true;
  if (works) {
    const paid = markPaid(context, invoice);
    if (!outOfBand) chargeInvoice(context, paid, subscription?.default_payment_method ?? null);
    setDelinquent(context, invoice.customer, false);
    if (subscription) recover(context, subscription);
    return paid;
  }
  const attempt = attemptNumber(invoice.attempt_count, automatic);
  const first = subscription?.status === 'incomplete';
  const follows = afterFailure(attempt, context.dunning);
  const keeps = automatic && !first && subscription !== undefined && !ended(subscription);
  const retryAt = keeps
    ? follows.next === 'retry'
      ? context.now() + follows.afterSeconds
      : null
    : automatic
      ? null
      : invoice.next_payment_attempt;
  const failed = markFailed(context, invoice, attempt, retryAt);
  setDelinquent(context, invoice.customer, true);
  if (subscription && !first) fallBehind(context, subscription, keeps ? follows.next : 'retry');
  return context.store.get('invoice', failed.id) ?? failed;
}

/** Active again once the latest finalized invoice is paid. */
function recover(context: Context, subscription: SubscriptionDoc): void {
  if (!['past_due', 'unpaid', 'incomplete'].includes(subscription.status)) return;
  const finalized = context.store.list(
    'invoice',
    { subscription: subscription.id, statusIn: ['open', 'paid', 'uncollectible'] },
    { limit: 1 },
  );
  if (finalized?.data[0]?.status !== 'paid') return;
  saveSubscription(context, subscription, { ...subscription, status: 'active' });
}

function fallBehind(context: Context, subscription: SubscriptionDoc, next: AfterFailure['next']): void {
  if (ended(subscription)) return;
  if (next === 'cancel') {
    endSubscription(context, subscription, { reason: 'payment_failed' });
    return;
  }
  const status = next === 'unpaid' || subscription.status === 'unpaid' ? 'unpaid' : 'past_due';
  if (subscription.status !== status) saveSubscription(context, subscription, { ...subscription, status });
}

function setDelinquent(context: Context, customerId: string, delinquent: boolean): void {
  const customer = context.store.get('customer', customerId);
  if (!customer || customer.delinquent === delinquent) return;
  saveChanged(context, 'customer', customer, { ...customer, delinquent }, 'customer.updated');
}
