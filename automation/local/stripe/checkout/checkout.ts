/** The outcomes of a checkout session: paid, expired, read. */

import { z } from 'zod';
import { afterDiscounts, typedCode, type WantedDiscount, wantedDiscounts } from '../catalog/discounts.ts';
import { amountCents } from '../catalog/money.ts';
import { type Context, find } from '../context.ts';
import type { CheckoutRequest, CheckoutSessionDoc, ListOf, PriceDoc } from '../documents.ts';
import { cardDeclined, noSuch, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { embeddedList, listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  instantFilter,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { makeCustomer } from '../subscriptions/customers.ts';
import { attachToCustomer, cardWorks, makeCard, setCustomerCard } from '../subscriptions/payment-methods.ts';
import { startSubscription } from '../subscriptions/start.ts';

const daySeconds = 86_400;

/** What a line costs for a period; usage is charged afterwards. */
export function lineAmount(price: PriceDoc, quantity: number | null): number {
  return quantity === null ? 0 : amountCents(price.unit_amount_decimal ?? '0', String(quantity));
}

export interface Payment {
  /** The card is declined: the session stays open and nothing is created. */
  readonly decline?: boolean;
  readonly email?: string;
  readonly name?: string;
  /** A promotion code that the customer types, where the session allows it. */
  readonly code?: string;
}

/**
 * What the customer's Pay button does: customer, card, subscription and first invoice, then
 * `checkout.session.completed`. Paying a completed session again returns it unchanged.
 *
 * @throws StripeError card_declined, or when the session has expired
 */
export function payCheckoutSession(context: Context, id: string, payment: Payment): CheckoutSessionDoc {
  const open = find(context, 'checkout_session', id);
  const session = payment.code ? withTypedCode(context, open, payment.code) : open;
  if (session.status === 'complete') return session;
  if (session.status !== 'open')
    throw new StripeError('This Checkout Session has expired.', { code: 'checkout_session_expired' });
  if (payment.decline) throw cardDeclined(false);
  const request = requestOf(context, id);
  const email = payment.email ?? session.customer_email ?? 'customer@example.com';
  const customer = session.customer
    ? find(context, 'customer', session.customer, 'customer')
    : makeCustomer(context, { email, name: payment.name ?? null });
  const card = needsCard(context, customer.id)
    ? setCustomerCard(context, customer.id, true)
    : attachToCustomer(context, makeCard(context, true).id, customer.id, 'payment_method');
  const trialEnd =
    request.trialEnd ??
    (request.trialPeriodDays === null ? null : context.now() + request.trialPeriodDays * daySeconds);
  const subscription = startSubscription(context, {
    customer: find(context, 'customer', customer.id),
    items: request.items.map((item, index) => ({
      price: find(context, 'price', item.price, `line_items[${index}][price]`),
      quantity: item.quantity,
    })),
    metadata: request.subscriptionMetadata,
    description: request.description,
    trialEnd,
    discounts: sessionDiscounts(context, session),
    checkout: id,
    missingPaymentMethod: request.missingPaymentMethod ?? 'create_invoice',
    defaultPaymentMethod: card.id,
    billingMode: 'flexible',
    whenUnpaid: 'error',
    payNow: true,
  });
  const after: CheckoutSessionDoc = {
    ...session,
    status: 'complete',
    payment_status: session.amount_total === 0 ? 'no_payment_required' : 'paid',
    customer: customer.id,
    customer_details: {
      address: null,
      business_name: null,
      email: customer.email ?? email,
      individual_name: null,
      name: customer.name ?? null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    subscription: subscription.id,
    invoice: subscription.latest_invoice,
    url: null,
  };
  context.store.put('checkout_session', after, { due: null });
  context.emit('checkout.session.completed', after);
  return after;
}

/** Coupons in the form of a session. */
export function discountsOf(wanted: readonly WantedDiscount[]): SessionDiscount[] {
  return wanted.map(({ coupon, promotionCode }) =>
    promotionCode
      ? { coupon: null, promotion_code: promotionCode.id }
      : { coupon: coupon.id, promotion_code: null },
  );
}

interface SessionDiscount {
  coupon: string | null;
  promotion_code: string | null;
}

function sessionDiscounts(context: Context, { discounts }: CheckoutSessionDoc): WantedDiscount[] {
  const params = ((discounts ?? []) as SessionDiscount[]).map((one) => ({
    coupon: one.coupon ?? undefined,
    promotion_code: one.promotion_code ?? undefined,
  }));
  return wantedDiscounts(context, params);
}

function withTypedCode(context: Context, session: CheckoutSessionDoc, letters: string): CheckoutSessionDoc {
  if (session.status !== 'open') return session;
  if (!session.allow_promotion_codes) {
    throw new StripeError('This session takes no promotion codes.', { code: 'promotion_code_invalid' });
  }
  const wanted = [typedCode(context, letters)];
  const amounts = requestOf(context, session.id).items.map((item) =>
    lineAmount(find(context, 'price', item.price), item.quantity),
  );
  const subtotal = session.amount_subtotal ?? 0;
  const total = subtotal === 0 ? 0 : afterDiscounts(amounts, wanted);
  return {
    ...session,
    discounts: discountsOf(wanted),
    amount_total: total,
    total_details: { amount_discount: subtotal - total, amount_shipping: 0, amount_tax: 0 },
  };
}

const needsCard = (context: Context, customer: string): boolean =>
  cardWorks(context, customer, null) !== true;

export function expireCheckoutSession(context: Context, id: string): CheckoutSessionDoc {
  const session = find(context, 'checkout_session', id);
  if (session.status !== 'open') {
    throw new StripeError(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    );
  }
  const after: CheckoutSessionDoc = { ...session, status: 'expired', url: null };
  context.store.put('checkout_session', after, { due: null });
  context.emit('checkout.session.expired', after);
  return after;
}

const updateParams = z.strictObject({ ...anyCall, metadata: metadata.optional() });

export function updateCheckoutSession(context: Context, id: string, form: Form): CheckoutSessionDoc {
  const before = find(context, 'checkout_session', id);
  const params = parseParams(updateParams, form);
  const after = { ...before, metadata: mergeMetadata(before.metadata ?? {}, params.metadata) };
  context.store.put('checkout_session', after);
  return after;
}

const listParams = z.strictObject({
  ...listCall,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(['open', 'complete', 'expired']).optional(),
  customer_details: z.strictObject({ email: clearable(text).optional() }).optional(),
  created: instantFilter.optional(),
});

export function listCheckoutSessions(context: Context, form: Form): ListOf<CheckoutSessionDoc> {
  const params = parseParams(listParams, form);
  const email = params.customer_details?.email;
  const filter = {
    customer: params.customer,
    subscription: params.subscription,
    statusIn: params.status && [params.status],
    created: params.created,
    fields: email ? [['$.customer_details.email', email] as const] : [],
  };
  return listOf(context, 'checkout_session', '/v1/checkout/sessions', filter, params);
}

/** The session's `line_items`, which Stripe shows only when expanded or asked for. */
export function checkoutLines(context: Context, id: string): ListOf<Record<string, unknown>> {
  const lines = requestOf(context, id).items.map((item) => {
    const price = find(context, 'price', item.price);
    const amount = lineAmount(price, item.quantity);
    return {
      id: item.id,
      object: 'item',
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: context.store.get('product', price.product)?.name ?? price.id,
      metadata: {},
      price,
      quantity: item.quantity,
    };
  });
  return embeddedList(lines, `/v1/checkout/sessions/${id}/line_items`);
}

function requestOf(context: Context, id: string): CheckoutRequest {
  const request = context.store.hidden('checkout_session', id);
  if (!request) throw noSuch('checkout.session', id);
  return request;
}
