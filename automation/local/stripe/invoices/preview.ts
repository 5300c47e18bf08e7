/** Invoices as they would be: the next renewal's, or the one for a change. Stores nothing. */

import { z } from 'zod';
import { activeDiscounts } from '../catalog/discounts.ts';
import { usageLines } from '../catalog/meters.ts';
import { type Context, find } from '../context.ts';
import type { InvoiceDoc, InvoiceLineDoc, SubscriptionDoc } from '../documents.ts';
import { missingParam } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { anyCall, flag, ignored, integer, parseParams, text } from '../http/params.ts';
import { changeItems, chargesFor, itemChange, prorationBehavior } from '../subscriptions/change.ts';
import { periodEnd } from '../subscriptions/schedule.ts';
import { itemEnd } from '../subscriptions/start.ts';
import { composeInvoice, customerOf } from './invoices.ts';
import { periodLines } from './lines.ts';

const previewParams = z.strictObject({
  ...anyCall,
  customer: text.optional(),
  subscription: text.optional(),
  preview_mode: ignored,
  subscription_details: z
    .strictObject({
      items: z.array(itemChange).max(20).optional(),
      proration_behavior: prorationBehavior.optional(),
      proration_date: integer.optional(),
      cancel_at_period_end: flag.optional(),
    })
    .optional(),
});

export function previewInvoice(context: Context, form: Form): InvoiceDoc {
  const params = parseParams(previewParams, form);
  const subscription = params.subscription
    ? find(context, 'subscription', params.subscription, 'subscription')
    : firstSubscription(context, params.customer);
  const change = params.subscription_details;
  if (!change?.items) return upcomingInvoice(context, subscription);
  const now = context.now();
  const items = changeItems(context, subscription, change.items, now);
  const after = { ...subscription, items: { ...subscription.items, data: items } };
  const charges = chargesFor(subscription, after, {
    now: change.proration_date ?? now,
    behavior: change.proration_behavior ?? 'create_prorations',
    anchorNow: false,
    discounts: activeDiscounts(context, subscription, now),
  });
  if (charges.invoice === 'later') return upcomingInvoice(context, charges.subscription, charges.lines);
  return composeInvoice(
    {
      customer: customerOf(context, subscription),
      subscription: charges.subscription,
      reason: 'subscription_update',
      lines: charges.lines,
      period: { start: now, end: now },
      discounts: activeDiscounts(context, subscription, now),
      finalizeAt: null,
    },
    now,
  );
}

function firstSubscription(context: Context, customer: string | undefined): SubscriptionDoc {
  if (customer === undefined) throw missingParam('customer');
  find(context, 'customer', customer, 'customer');
  const found = context.store.list('subscription', { customer, statusNot: 'canceled' }, { limit: 1 })
    ?.data[0];
  if (!found) throw missingParam('subscription');
  return found;
}

/** The invoice of the next renewal, with pending items, usage so far, and any further lines. */
export function upcomingInvoice(
  context: Context,
  subscription: SubscriptionDoc,
  further: readonly InvoiceLineDoc[] = [],
): InvoiceDoc {
  const end = periodEnd(subscription);
  const next = subscription.items.data
    .filter((item) => item.current_period_end === end)
    .map((item) => ({
      ...item,
      current_period_start: end,
      current_period_end: itemEnd(item.price, subscription.billing_cycle_anchor, end),
    }));
  const pending = context.store
    .all('invoiceitem', { subscription: subscription.id })
    .map((item) => item.line);
  const usage = usageLines(context, subscription, subscription.items.data, context.now(), true);
  const renewal = subscription.cancel_at_period_end ? [] : periodLines(next, false);
  return composeInvoice(
    {
      customer: customerOf(context, subscription),
      subscription,
      reason: 'upcoming',
      lines: [...pending, ...further, ...usage, ...renewal],
      period: { start: subscription.items.data[0]?.current_period_start ?? end, end },
      discounts: activeDiscounts(context, subscription, end),
      finalizeAt: end,
    },
    context.now(),
  );
}
