/** The beginning of a subscription, from the API or from a completed checkout. */

import { afterDiscounts, redeem, type WantedDiscount } from '../catalog/discounts.ts';
import { planOf } from '../catalog/prices.ts';
import type { Context } from '../context.ts';
import type { CustomerDoc, PriceDoc, SubscriptionDoc, SubscriptionItemDoc } from '../documents.ts';
import { cardDeclined, StripeError } from '../http/errors.ts';
import { embeddedList } from '../http/lists.ts';
import { newId } from '../ids.ts';
import { collect } from '../invoices/collection.ts';
import { draftInvoice, finalizeInvoice } from '../invoices/invoices.ts';
import { itemAmount, periodLines } from '../invoices/lines.ts';
import { nextBoundary } from './billing-periods.ts';
import { cardWorks } from './payment-methods.ts';
import { nextDue, trialNoticeSeconds } from './schedule.ts';

export interface NewSubscription {
  readonly customer: CustomerDoc;
  readonly items: readonly { price: PriceDoc; quantity: number | null; metadata?: Record<string, string> }[];
  readonly metadata: Record<string, string>;
  readonly description: string | null;
  readonly trialEnd: number | null;
  readonly discounts?: readonly WantedDiscount[];
  /** The session that sold it. */
  readonly checkout?: string;
  readonly missingPaymentMethod: 'cancel' | 'create_invoice' | 'pause';
  readonly defaultPaymentMethod: string | null;
  readonly billingMode: 'flexible' | 'classic';
  readonly cancelAtPeriodEnd?: boolean;
  /** Stripe's `payment_behavior`: what happens when the first payment fails. */
  readonly whenUnpaid: 'incomplete' | 'error';
  /** False for `default_incomplete`: the first invoice stays open until somebody pays it. */
  readonly payNow: boolean;
}

export function startSubscription(context: Context, given: NewSubscription): SubscriptionDoc {
  const now = context.now();
  const trialing = given.trialEnd !== null && given.trialEnd > now;
  const draft = compose(given, now, trialing);
  const amount = trialing ? 0 : afterDiscounts(draft.items.data.map(itemAmount), given.discounts ?? []);
  const works = cardWorks(context, given.customer.id, given.defaultPaymentMethod);
  if (amount > 0 && works === null && given.payNow) {
    throw new StripeError(
      'This customer has no attached payment source or default payment method. Please consider adding a default payment method.',
      { code: 'resource_missing' },
    );
  }
  const payable = amount === 0 || (given.payNow && works === true);
  if (!payable && given.whenUnpaid === 'error') throw cardDeclined(false);

  let subscription: SubscriptionDoc = {
    ...draft,
    status: trialing ? 'trialing' : payable ? 'active' : 'incomplete',
  };
  const hidden = { billedUsageUntil: now };
  context.store.put('subscription', subscription, { hidden, due: nextDue(subscription, now) });
  const holder = { customer: given.customer.id, subscription: draft.id, checkout: given.checkout ?? null };
  subscription = { ...subscription, discounts: redeem(context, given.discounts ?? [], holder) };
  const invoice = draftInvoice(context, {
    customer: given.customer,
    subscription,
    reason: 'subscription_create',
    lines: periodLines(subscription.items.data, trialing),
    period: { start: now, end: now },
    finalizeAt: null,
  });
  subscription = { ...subscription, latest_invoice: invoice.id };
  context.store.put('subscription', subscription);
  context.emit('customer.subscription.created', subscription);
  if (trialing && (given.trialEnd ?? 0) - now <= trialNoticeSeconds) {
    context.emit('customer.subscription.trial_will_end', subscription);
  }
  const finalized = finalizeInvoice(context, invoice);
  if (payable || given.payNow) collect(context, finalized, { automatic: true });
  return context.store.get('subscription', subscription.id) ?? subscription;
}

function compose(given: NewSubscription, now: number, trialing: boolean): SubscriptionDoc {
  const id = newId('subscription');
  const anchor = trialing && given.trialEnd !== null ? given.trialEnd : now;
  const items = given.items.map((item) => newItem(id, item, now, itemEnd(item.price, anchor, now)));
  const periodEnd = Math.min(...items.map((item) => item.current_period_end));
  const cancels = given.cancelAtPeriodEnd === true;
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: null,
    billing_mode: {
      flexible: given.billingMode === 'flexible' ? { proration_discounts: 'included' } : null,
      type: given.billingMode,
      updated_at: now,
    },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: cancels ? periodEnd : null,
    cancel_at_period_end: cancels,
    canceled_at: cancels ? now : null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: now,
    currency: given.items[0]?.price.currency ?? 'usd',
    customer: given.customer.id,
    customer_account: null,
    days_until_due: null,
    default_payment_method: given.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: given.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: embeddedList(items, `/v1/subscription_items?subscription=${id}`),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: given.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: trialing ? given.trialEnd : null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: given.missingPaymentMethod },
    },
    trial_start: trialing ? now : null,
  };
}

/** Where the period that contains `now` ends for an item of this price. */
export function itemEnd(price: PriceDoc, anchor: number, now: number): number {
  if (anchor > now) return anchor;
  const interval = {
    interval: price.recurring?.interval ?? 'month',
    count: price.recurring?.interval_count ?? 1,
  };
  return nextBoundary(anchor, interval, now);
}

export function newItem(
  subscription: string,
  given: { price: PriceDoc; quantity: number | null; metadata?: Record<string, string> },
  now: number,
  end: number,
): SubscriptionItemDoc {
  return {
    id: newId('subscription_item'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: now,
    current_period_end: end,
    current_period_start: now,
    current_trial: null,
    discounts: [],
    metadata: given.metadata ?? {},
    plan: planOf(given.price),
    price: given.price,
    ...(given.price.recurring?.usage_type === 'metered' ? {} : { quantity: given.quantity ?? 1 }),
    subscription,
    tax_rates: [],
  };
}
