/** The end of a subscription. */

import { type Context, changedFields } from '../context.ts';
import type { SubscriptionDoc } from '../documents.ts';
import { stopCollecting } from '../invoices/invoices.ts';
import { nextDue } from './schedule.ts';

export interface Ending {
  readonly reason: 'cancellation_requested' | 'payment_failed';
  readonly comment?: string | null;
  readonly feedback?: string | null;
}

/** Cancels at once: no further invoices, no further attempts on open ones, `customer.subscription.deleted`. */
export function endSubscription(context: Context, before: SubscriptionDoc, ending: Ending): SubscriptionDoc {
  const now = context.now();
  const details = before.cancellation_details;
  const after: SubscriptionDoc = {
    ...before,
    status: 'canceled',
    canceled_at: before.canceled_at ?? now,
    ended_at: now,
    cancel_at_period_end: false,
    cancellation_details: {
      comment: ending.comment ?? details?.comment ?? null,
      feedback: ending.feedback ?? details?.feedback ?? null,
      feedback_option: null,
      reason: ending.reason,
    },
  };
  for (const item of context.store.all('invoiceitem', { subscription: before.id })) {
    context.store.remove('invoiceitem', item.id);
  }
  stopCollecting(context, before.id);
  context.store.put('subscription', after, { due: null });
  context.emit('customer.subscription.deleted', after);
  return after;
}

/** Stores a changed subscription together with what is due next, and announces the change. */
export function saveSubscription(context: Context, before: SubscriptionDoc, after: SubscriptionDoc): void {
  const previous = changedFields(before, after);
  context.store.put('subscription', after, { due: nextDue(after, context.now()) });
  if (previous !== null) context.emit('customer.subscription.updated', after, previous);
}
