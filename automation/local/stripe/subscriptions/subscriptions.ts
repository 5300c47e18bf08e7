/** The routes of subscriptions: create, read, cancel, pause and resume. Changes of items are in `change.ts`. */

import { z } from 'zod';
import { activeDiscounts, discountParams, wantedDiscounts } from '../catalog/discounts.ts';
import { usageLines } from '../catalog/meters.ts';
import { findRecurringPrice } from '../catalog/prices.ts';
import { type Context, find } from '../context.ts';
import type { ListOf, SubscriptionDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  flag,
  ignored,
  instantFilter,
  integer,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { collect } from '../invoices/collection.ts';
import { customerOf, draftInvoice, finalizeInvoice } from '../invoices/invoices.ts';
import { periodLines, prorationLines } from '../invoices/lines.ts';
import { endSubscription, saveSubscription } from './end.ts';
import { attachToCustomer } from './payment-methods.ts';
import { ended } from './schedule.ts';
import { itemEnd, startSubscription } from './start.ts';

const quantity = integer.pipe(z.int().min(0).max(999_999));

export const cancellationDetails = z.strictObject({
  comment: z.string().optional(),
  feedback: z.string().optional(),
});

export const trialSettings = z.strictObject({
  end_behavior: z.strictObject({
    missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']),
    billing_cycle_anchor: ignored,
  }),
});

const createParams = z.strictObject({
  ...anyCall,
  customer: text,
  items: z
    .array(z.strictObject({ price: text, quantity: quantity.optional(), metadata: metadata.optional() }))
    .min(1)
    .max(20),
  metadata: metadata.optional(),
  description: text.optional(),
  default_payment_method: text.optional(),
  trial_period_days: integer.pipe(z.int().min(1).max(730)).optional(),
  trial_end: z.union([z.literal('now'), integer]).optional(),
  trial_settings: trialSettings.optional(),
  discounts: discountParams.optional(),
  cancel_at_period_end: flag.optional(),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  billing_mode: z.strictObject({ type: z.enum(['flexible', 'classic']), flexible: ignored }).optional(),
  collection_method: z.literal('charge_automatically').optional(),
  automatic_tax: ignored,
  off_session: ignored,
  payment_settings: ignored,
  proration_behavior: ignored,
});

export function createSubscription(context: Context, form: Form): SubscriptionDoc {
  const params = parseParams(createParams, form);
  const customer = find(context, 'customer', params.customer, 'customer');
  const method =
    params.default_payment_method === undefined
      ? null
      : attachToCustomer(context, params.default_payment_method, customer.id, 'default_payment_method').id;
  const days = params.trial_period_days;
  const trialEnd =
    params.trial_end === 'now'
      ? null
      : (params.trial_end ?? (days === undefined ? null : context.now() + days * 86_400));
  if (trialEnd !== null && trialEnd <= context.now()) {
    throw new StripeError('The subscription trial end must be in the future.', { param: 'trial_end' });
  }
  const behavior = params.payment_behavior ?? 'allow_incomplete';
  return startSubscription(context, {
    customer,
    items: params.items.map((item, index) => ({
      price: findRecurringPrice(context, item.price, `items[${index}][price]`),
      quantity: item.quantity ?? null,
      metadata: mergeMetadata({}, item.metadata),
    })),
    metadata: mergeMetadata({}, params.metadata),
    description: params.description ?? null,
    trialEnd,
    discounts: wantedDiscounts(context, params.discounts ?? undefined),
    missingPaymentMethod: params.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    defaultPaymentMethod: method,
    billingMode: params.billing_mode?.type ?? 'flexible',
    cancelAtPeriodEnd: params.cancel_at_period_end ?? false,
    whenUnpaid: behavior === 'error_if_incomplete' ? 'error' : 'incomplete',
    payNow: behavior !== 'default_incomplete',
  });
}

const listParams = z.strictObject({
  ...listCall,
  customer: text.optional(),
  price: text.optional(),
  status: z
    .enum([
      'active',
      'all',
      'canceled',
      'ended',
      'incomplete',
      'incomplete_expired',
      'past_due',
      'paused',
      'trialing',
      'unpaid',
    ])
    .optional(),
  created: instantFilter.optional(),
  collection_method: ignored,
});

/** Without a status, canceled subscriptions are left out, as in Stripe. */
export function listSubscriptions(context: Context, form: Form): ListOf<SubscriptionDoc> {
  const params = parseParams(listParams, form);
  const { status } = params;
  const statusIn =
    status === undefined || status === 'all'
      ? undefined
      : status === 'ended'
        ? ['canceled', 'incomplete_expired']
        : [status];
  const filter = {
    customer: params.customer,
    created: params.created,
    statusIn,
    statusNot: status === undefined ? 'canceled' : undefined,
    price: params.price,
  };
  return listOf(context, 'subscription', '/v1/subscriptions', filter, params);
}

const cancelParams = z.strictObject({
  ...anyCall,
  cancellation_details: cancellationDetails.optional(),
  invoice_now: flag.optional(),
  prorate: flag.optional(),
});

/** Cancels at once; `prorate` credits the unused time, `invoice_now` settles that and any usage by an invoice. */
export function cancelSubscription(context: Context, id: string, form: Form): SubscriptionDoc {
  const before = find(context, 'subscription', id);
  const params = parseParams(cancelParams, form);
  if (ended(before)) {
    throw new StripeError(`No such subscription: '${id}'`, {
      status: 404,
      code: 'resource_missing',
      param: 'id',
    });
  }
  const now = context.now();
  if (params.invoice_now || params.prorate) {
    // Includes usage in this very second.
    const usage = params.invoice_now ? usageLines(context, before, before.items.data, now + 1) : [];
    const lines = [
      ...usage.filter(({ amount }) => amount !== 0),
      ...(params.prorate
        ? prorationLines(before.items.data, [], now, activeDiscounts(context, before, now))
        : []),
    ];
    const waits = context.store.all('invoiceitem', { subscription: id }).length > 0;
    if (lines.length > 0 || waits) {
      const invoice = draftInvoice(context, {
        customer: customerOf(context, before),
        subscription: before,
        reason: 'subscription_update',
        lines,
        period: { start: now, end: now },
        finalizeAt: null,
      });
      collect(context, finalizeInvoice(context, invoice), { automatic: false });
    }
  }
  const current = find(context, 'subscription', id);
  return endSubscription(context, current, {
    reason: 'cancellation_requested',
    comment: params.cancellation_details?.comment || null,
    feedback: params.cancellation_details?.feedback || null,
  });
}

const pauseParams = z.strictObject({
  ...anyCall,
  type: ignored,
  bill_for: ignored,
  invoicing_behavior: ignored,
});

export function pauseSubscription(context: Context, id: string, form: Form): SubscriptionDoc {
  const before = find(context, 'subscription', id);
  parseParams(pauseParams, form);
  if (before.status !== 'active' && before.status !== 'trialing' && before.status !== 'past_due') {
    throw new StripeError(`A subscription with status ${before.status} cannot be paused.`);
  }
  const after: SubscriptionDoc = {
    ...before,
    status: 'paused',
    status_details: {
      paused: {
        subscription: { type: 'pause_requested' },
        transitioned_at: context.now(),
        type: 'subscription',
      },
    },
  };
  saveSubscription(context, before, after);
  context.emit('customer.subscription.paused', after);
  return after;
}

const resumeParams = z.strictObject({
  ...anyCall,
  billing_cycle_anchor: ignored,
  payment_behavior: ignored,
  proration_behavior: ignored,
  proration_date: ignored,
});

/** Starts a new period now and charges for it, as Stripe does with a new billing cycle anchor. */
export function resumeSubscription(context: Context, id: string, form: Form): SubscriptionDoc {
  const before = find(context, 'subscription', id);
  parseParams(resumeParams, form);
  if (before.status !== 'paused') {
    throw new StripeError(`You cannot resume a subscription with status ${before.status}.`);
  }
  const now = context.now();
  const items = before.items.data.map((item) => ({
    ...item,
    current_period_start: now,
    current_period_end: itemEnd(item.price, now, now),
  }));
  const { status_details: _, ...rest } = before;
  const resumed: SubscriptionDoc = {
    ...rest,
    status: 'active',
    billing_cycle_anchor: now,
    items: { ...before.items, data: items },
  };
  const invoice = draftInvoice(context, {
    customer: customerOf(context, before),
    subscription: resumed,
    reason: 'subscription_update',
    lines: periodLines(items, false),
    period: { start: now, end: now },
    finalizeAt: null,
  });
  const after = { ...resumed, latest_invoice: invoice.id };
  saveSubscription(context, before, after);
  context.emit('customer.subscription.resumed', after);
  collect(context, finalizeInvoice(context, invoice), { automatic: true });
  return find(context, 'subscription', id);
}
