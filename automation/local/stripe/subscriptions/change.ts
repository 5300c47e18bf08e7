/** Changes of a running subscription: items, prices, quantities, trial end, cancellation at a later time. */

import { z } from 'zod';
import {
  type AppliedDiscount,
  activeDiscounts,
  type DiscountParams,
  discountParams,
  dropDiscounts,
  redeem,
  wantedDiscounts,
} from '../catalog/discounts.ts';
import { findRecurringPrice, planOf } from '../catalog/prices.ts';
import { type Context, find } from '../context.ts';
import type { InvoiceLineDoc, SubscriptionDoc, SubscriptionItemDoc } from '../documents.ts';
import { cardDeclined, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import {
  anyCall,
  clearable,
  flag,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';
import { collect } from '../invoices/collection.ts';
import { customerOf, draftInvoice, finalizeInvoice } from '../invoices/invoices.ts';
import { isMetered, itemAmount, periodLines, prorationLines } from '../invoices/lines.ts';
import { withCancellation, withTrialEnd } from './dates.ts';
import { saveSubscription } from './end.ts';
import { attachToCustomer } from './payment-methods.ts';
import { ended } from './schedule.ts';
import { itemEnd, newItem } from './start.ts';
import { cancellationDetails, trialSettings } from './subscriptions.ts';

export const itemChange = z.strictObject({
  id: text.optional(),
  price: text.optional(),
  quantity: integer.pipe(z.int().min(0).max(999_999)).optional(),
  deleted: flag.optional(),
  metadata: metadata.optional(),
  clear_usage: ignored,
});
export type ItemChange = z.output<typeof itemChange>;
export const prorationBehavior = z.enum(['always_invoice', 'create_prorations', 'none']);

const updateParams = z.strictObject({
  ...anyCall,
  items: z.array(itemChange).max(20).optional(),
  metadata: metadata.optional(),
  description: clearable(text).optional(),
  default_payment_method: clearable(text).optional(),
  cancel_at_period_end: flag.optional(),
  cancel_at: clearable(z.union([z.enum(['min_period_end', 'max_period_end']), integer])).optional(),
  cancellation_details: cancellationDetails.optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  trial_end: z.union([z.literal('now'), integer]).optional(),
  trial_settings: trialSettings.optional(),
  discounts: discountParams.optional(),
  pause_collection: clearable(
    z.strictObject({
      behavior: z.enum(['keep_as_draft', 'mark_uncollectible', 'void']),
      resumes_at: integer.optional(),
    }),
  ).optional(),
  automatic_tax: ignored,
  billing_cycle_anchor: z.enum(['now', 'unchanged']).optional(),
  collection_method: z.literal('charge_automatically').optional(),
  off_session: ignored,
  payment_settings: ignored,
});

export function updateSubscription(context: Context, id: string, form: Form): SubscriptionDoc {
  const before = find(context, 'subscription', id);
  const params = parseParams(updateParams, form);
  if (ended(before)) {
    const allowed = new Set(['metadata', 'cancellation_details', 'expand']);
    if (Object.keys(form).some((name) => !allowed.has(name))) {
      throw new StripeError(
        'A canceled subscription can only update its cancellation_details and metadata.',
        { code: 'resource_missing' },
      );
    }
  }
  const now = context.now();
  const method = params.default_payment_method;
  let after: SubscriptionDoc = {
    ...before,
    metadata: mergeMetadata(before.metadata, params.metadata),
    description: params.description === undefined ? before.description : params.description,
    default_payment_method:
      method === undefined
        ? before.default_payment_method
        : method && attachToCustomer(context, method, before.customer, 'default_payment_method').id,
    pause_collection:
      params.pause_collection === undefined
        ? before.pause_collection
        : params.pause_collection && {
            behavior: params.pause_collection.behavior,
            resumes_at: params.pause_collection.resumes_at ?? null,
          },
    trial_settings: params.trial_settings
      ? {
          end_behavior: {
            billing_cycle_anchor: null,
            missing_payment_method: params.trial_settings.end_behavior.missing_payment_method,
          },
        }
      : before.trial_settings,
  };
  if (params.discounts !== undefined)
    after = { ...after, discounts: changeDiscounts(context, before, params.discounts) };
  if (params.items)
    after = { ...after, items: { ...after.items, data: changeItems(context, after, params.items, now) } };
  after = withTrialEnd(after, params.trial_end, now);
  after = withCancellation(after, params, now);
  const due = chargesFor(before, after, {
    now: params.proration_date ?? now,
    behavior: params.proration_behavior ?? 'create_prorations',
    anchorNow: params.billing_cycle_anchor === 'now',
    discounts: activeDiscounts(context, after, now),
  });
  saveSubscription(context, before, due.subscription);
  settle(context, due.subscription, due, params.payment_behavior === 'error_if_incomplete');
  return find(context, 'subscription', id);
}

/** As in Stripe: the named ones go on or begin, all others end. */
function changeDiscounts(context: Context, subscription: SubscriptionDoc, params: DiscountParams): string[] {
  const named = new Set((params ?? []).map(({ discount }) => discount));
  const gone = subscription.discounts.filter((id) => !named.has(id));
  const kept = dropDiscounts(context, gone, subscription);
  const holder = { customer: subscription.customer, subscription: subscription.id, checkout: null };
  return [...kept, ...redeem(context, wantedDiscounts(context, params), holder)];
}

/** The items after the changes; an item without an id is added, or replaces the item with the same price. */
export function changeItems(
  context: Context,
  subscription: SubscriptionDoc,
  changes: readonly ItemChange[],
  now: number,
): SubscriptionItemDoc[] {
  const items = new Map(subscription.items.data.map((item) => [item.id, item]));
  for (const [index, change] of changes.entries()) {
    const known = change.id === undefined ? undefined : items.get(change.id);
    if (change.id !== undefined && !known) {
      throw new StripeError(`No such subscription item: '${change.id}'`, {
        code: 'resource_missing',
        param: `items[${index}][id]`,
      });
    }
    if (change.deleted) {
      if (known) items.delete(known.id);
      continue;
    }
    const price =
      change.price === undefined
        ? known?.price
        : findRecurringPrice(context, change.price, `items[${index}][price]`);
    if (!price) {
      throw new StripeError(`Missing required param: items[${index}][price].`, {
        code: 'parameter_missing',
        param: `items[${index}][price]`,
      });
    }
    if (known) {
      const { quantity: _, ...rest } = known;
      items.set(known.id, {
        ...rest,
        price,
        plan: planOf(price),
        ...(isMetered(price) ? {} : { quantity: change.quantity ?? known.quantity ?? 1 }),
        metadata: mergeMetadata(known.metadata, change.metadata),
      });
      continue;
    }
    if ([...items.values()].some((item) => item.price.id === price.id)) {
      throw new StripeError(`Cannot add multiple subscription items with the same plan: ${price.id}`, {
        param: `items[${index}][price]`,
      });
    }
    const added = newItem(
      subscription.id,
      { price, quantity: change.quantity ?? null, metadata: mergeMetadata({}, change.metadata) },
      now,
      itemEnd(price, subscription.billing_cycle_anchor, now),
    );
    const start = subscription.items.data[0]?.current_period_start ?? now;
    items.set(added.id, { ...added, current_period_start: start });
  }
  if (items.size === 0) {
    throw new StripeError(
      'A subscription must have at least one active plan. In order to continue, cancel the subscription instead.',
    );
  }
  return [...items.values()];
}

export interface Charges {
  readonly subscription: SubscriptionDoc;
  readonly lines: readonly InvoiceLineDoc[];
  readonly invoice: 'now' | 'later';
}

const total = (subscription: SubscriptionDoc): number =>
  subscription.items.data.reduce((sum, item) => sum + itemAmount(item), 0);

/**
 * What a change costs. From nothing to something, and out of a trial, a new period begins now and is charged in
 * full; otherwise the rest of the period is prorated as asked, and never during a trial.
 */
export function chargesFor(
  before: SubscriptionDoc,
  after: SubscriptionDoc,
  {
    now,
    behavior,
    anchorNow,
    discounts,
  }: {
    now: number;
    behavior: z.output<typeof prorationBehavior>;
    anchorNow: boolean;
    discounts: readonly AppliedDiscount[];
  },
): Charges {
  const leftTrial = before.status === 'trialing' && after.status === 'active';
  const becamePaid = after.status === 'active' && !leftTrial && total(before) === 0 && total(after) > 0;
  if (leftTrial || becamePaid || (anchorNow && after.status === 'active')) {
    const items = after.items.data.map((item) => ({
      ...item,
      current_period_start: now,
      current_period_end: itemEnd(item.price, now, now),
    }));
    const credits =
      anchorNow && behavior !== 'none' ? prorationLines(before.items.data, [], now, discounts) : [];
    const subscription = { ...after, billing_cycle_anchor: now, items: { ...after.items, data: items } };
    return { subscription, lines: [...credits, ...periodLines(items, false)], invoice: 'now' };
  }
  if (after.status === 'trialing' || behavior === 'none' || ended(after)) {
    return { subscription: after, lines: [], invoice: 'later' };
  }
  const lines = prorationLines(before.items.data, after.items.data, now, discounts);
  return { subscription: after, lines, invoice: behavior === 'always_invoice' ? 'now' : 'later' };
}

function settle(
  context: Context,
  subscription: SubscriptionDoc,
  charges: Charges,
  errorIfUnpaid: boolean,
): void {
  if (charges.lines.length === 0) return;
  const now = context.now();
  if (charges.invoice === 'later') {
    for (const line of charges.lines) {
      const id = newId('invoiceitem');
      context.store.put('invoiceitem', {
        id,
        object: 'invoiceitem',
        created: now,
        customer: subscription.customer,
        subscription: subscription.id,
        line,
      });
    }
    return;
  }
  const invoice = draftInvoice(context, {
    customer: customerOf(context, subscription),
    subscription,
    reason: 'subscription_update',
    lines: charges.lines,
    period: { start: now, end: now },
    finalizeAt: null,
  });
  const current = find(context, 'subscription', subscription.id);
  saveSubscription(context, current, { ...current, latest_invoice: invoice.id });
  const settled = collect(context, finalizeInvoice(context, invoice), { automatic: true });
  if (settled.status !== 'paid' && errorIfUnpaid) throw cardDeclined(false);
}
