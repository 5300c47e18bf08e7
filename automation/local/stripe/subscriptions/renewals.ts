/** The steps that the simulator takes by itself when they are due. */

import { endDiscounts } from '../catalog/discounts.ts';
import { usageLines } from '../catalog/meters.ts';
import { expireCheckoutSession } from '../checkout/checkout.ts';
import type { Context } from '../context.ts';
import type { DocumentType, SubscriptionDoc } from '../documents.ts';
import { collect } from '../invoices/collection.ts';
import { closeInvoice, customerOf, draftInvoice, finalizeInvoice } from '../invoices/invoices.ts';
import { periodLines } from '../invoices/lines.ts';
import { upcomingInvoice } from '../invoices/preview.ts';
import type { Due } from '../store.ts';
import { endSubscription, saveSubscription } from './end.ts';
import { cardWorks } from './payment-methods.ts';
import { nextDue } from './schedule.ts';
import { itemEnd } from './start.ts';

/** Stripe leaves a renewal's invoice in draft for about an hour before it finalizes and charges it. */
export const draftSeconds = 3600;

/** Runs one due step; the same transaction moves or clears the object's due instant. */
export function runDue(context: Context, due: Due & { type: DocumentType; id: string }): void {
  context.store.run(
    'UPDATE documents SET due_at = NULL, due_kind = NULL WHERE type = ? AND id = ?',
    due.type,
    due.id,
  );
  if (due.type === 'checkout_session') {
    if (context.store.get('checkout_session', due.id)?.status === 'open')
      expireCheckoutSession(context, due.id);
    return;
  }
  if (due.type === 'invoice') {
    runInvoice(context, due.id);
    return;
  }
  const subscription = context.store.get('subscription', due.id);
  if (subscription) runSubscription(context, subscription, due);
}

function runInvoice(context: Context, id: string): void {
  const invoice = context.store.get('invoice', id);
  if (!invoice) return;
  if (invoice.status === 'open') {
    collect(context, invoice, { automatic: true });
    return;
  }
  if (invoice.status !== 'draft') return;
  const finalized = finalizeInvoice(context, invoice);
  const subscription = context.store.get(
    'subscription',
    invoice.parent?.subscription_details.subscription ?? '',
  );
  const paused = subscription?.pause_collection?.behavior;
  if (paused === 'void') closeInvoice(context, finalized, 'void');
  else if (paused === 'mark_uncollectible') closeInvoice(context, finalized, 'uncollectible');
  else collect(context, finalized, { automatic: true });
}

function runSubscription(context: Context, subscription: SubscriptionDoc, due: Due): void {
  switch (due.kind) {
    case 'expire':
      expireIncomplete(context, subscription);
      return;
    case 'cancel':
      billFinalUsage(context, subscription);
      endSubscription(context, subscription, { reason: 'cancellation_requested' });
      return;
    case 'trial_will_end':
      context.emit('customer.subscription.trial_will_end', subscription);
      break;
    case 'upcoming':
      context.emit('invoice.upcoming', withoutId(upcomingInvoice(context, subscription)));
      break;
    case 'renew':
      renew(context, subscription);
      return;
  }
  context.store.put('subscription', subscription, { due: nextDue(subscription, due.at) });
}

function expireIncomplete(context: Context, subscription: SubscriptionDoc): void {
  const now = context.now();
  for (const invoice of context.store.all('invoice', { subscription: subscription.id, statusIn: ['open'] })) {
    closeInvoice(context, invoice, 'void');
  }
  saveSubscription(context, subscription, { ...subscription, status: 'incomplete_expired', ended_at: now });
}

function renew(context: Context, before: SubscriptionDoc): void {
  const now = context.now();
  if (
    before.status === 'trialing' &&
    cardWorks(context, before.customer, before.default_payment_method) === null
  ) {
    const missing = before.trial_settings?.end_behavior.missing_payment_method;
    if (missing === 'cancel') {
      endSubscription(context, before, { reason: 'cancellation_requested' });
      return;
    }
    if (missing === 'pause') {
      const paused: SubscriptionDoc = { ...before, status: 'paused' };
      saveSubscription(context, before, paused);
      context.emit('customer.subscription.paused', paused);
      return;
    }
  }
  const ending = before.items.data.filter((item) => item.current_period_end <= now);
  const usage = usageLines(context, before, ending, now);
  const items = before.items.data.map((item) =>
    item.current_period_end > now
      ? item
      : {
          ...item,
          current_period_start: item.current_period_end,
          current_period_end: itemEnd(item.price, before.billing_cycle_anchor, now),
        },
  );
  const renewed = items.filter((item) => item.current_period_start >= now);
  const advanced: SubscriptionDoc = {
    ...before,
    status: before.status === 'trialing' ? 'active' : before.status,
    items: { ...before.items, data: items },
    discounts: endDiscounts(context, before),
  };
  const unpaid = before.status === 'unpaid' || before.pause_collection?.behavior === 'keep_as_draft';
  const invoice = draftInvoice(context, {
    customer: customerOf(context, before),
    subscription: advanced,
    reason: 'subscription_cycle',
    lines: [...usage, ...periodLines(renewed, false)],
    period: { start: ending[0]?.current_period_start ?? now, end: now },
    finalizeAt: unpaid ? null : now + draftSeconds,
  });
  saveSubscription(context, before, { ...advanced, latest_invoice: invoice.id });
}

/** The last period's metered usage is charged when a subscription ends. */
function billFinalUsage(context: Context, subscription: SubscriptionDoc): void {
  const now = context.now();
  const lines = usageLines(context, subscription, subscription.items.data, now);
  if (lines.every((line) => line.amount === 0)) return;
  const invoice = draftInvoice(context, {
    customer: customerOf(context, subscription),
    subscription,
    reason: 'subscription_cycle',
    lines,
    period: { start: subscription.items.data[0]?.current_period_start ?? now, end: now },
    finalizeAt: null,
  });
  collect(context, finalizeInvoice(context, invoice), { automatic: false });
}

/** An invoice that does not exist yet has no id in Stripe's event. */
function withoutId(invoice: object): object {
  return Object.fromEntries(Object.entries(invoice).filter(([name]) => name !== 'id'));
}
