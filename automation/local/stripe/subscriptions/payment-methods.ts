/** Payment methods, reduced to what billing depends on: a card that works or one that is declined. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { ListOf, PaymentMethodDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  ignored,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';

interface TestCard {
  readonly last4: string;
  readonly works: boolean;
  readonly attaches: boolean;
}

/** Stripe's test payment methods, with the card numbers that matter here. */
const testCards: Record<string, TestCard> = {
  pm_card_visa: { last4: '4242', works: true, attaches: true },
  pm_card_chargeCustomerFail: { last4: '0341', works: false, attaches: true },
  pm_card_visa_chargeDeclined: { last4: '0002', works: false, attaches: false },
  tok_visa: { last4: '4242', works: true, attaches: true },
  tok_chargeCustomerFail: { last4: '0341', works: false, attaches: true },
  tok_chargeDeclined: { last4: '0002', works: false, attaches: false },
  '4242424242424242': { last4: '4242', works: true, attaches: true },
  '4000000000000341': { last4: '0341', works: false, attaches: true },
  '4000000000000002': { last4: '0002', works: false, attaches: false },
};

const good: TestCard = { last4: '4242', works: true, attaches: true };
const failing: TestCard = { last4: '0341', works: false, attaches: true };

/** A new card without an owner yet. */
export function makeCard(context: Context, works: boolean): PaymentMethodDoc {
  return storeCard(context, works ? good : failing);
}

function storeCard(context: Context, card: TestCard): PaymentMethodDoc {
  const method: PaymentMethodDoc = {
    id: newId('payment_method'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: 'visa',
      exp_month: 12,
      exp_year: 2040,
      funding: 'credit',
      generated_from: null,
      last4: card.last4,
      networks: { available: ['visa'], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: context.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
  context.store.put('payment_method', method, { hidden: { works: card.works, attaches: card.attaches } });
  return method;
}

const createParams = z.strictObject({
  ...anyCall,
  type: z.literal('card'),
  card: z
    .strictObject({
      number: text.optional(),
      token: text.optional(),
      exp_month: ignored,
      exp_year: ignored,
      cvc: ignored,
    })
    .optional(),
  billing_details: ignored,
  metadata: metadata.optional(),
});

export function createPaymentMethod(context: Context, form: Form): PaymentMethodDoc {
  const params = parseParams(createParams, form);
  const given = params.card?.token ?? params.card?.number;
  if (given === undefined)
    throw new StripeError('Missing required param: card.', { code: 'parameter_missing', param: 'card' });
  const card = testCards[given];
  if (!card)
    throw new StripeError('The simulator knows only test cards: 4242…, 4000…0341, 4000…0002.', {
      param: 'card',
    });
  return storeCard(context, card);
}

/** Resolves an id or one of Stripe's `pm_card_…` names, attaching it to the customer. */
export function attachToCustomer(
  context: Context,
  id: string,
  customer: string,
  param: string,
): PaymentMethodDoc {
  const named = testCards[id];
  const before = named ? storeCard(context, named) : find(context, 'payment_method', id, param);
  if (before.customer === customer) return before;
  if (before.customer !== null) {
    throw new StripeError('The payment method you provided has already been attached to a customer.', {
      param,
    });
  }
  if (context.store.hidden('payment_method', before.id)?.attaches === false) {
    throw new StripeError('Your card was declined.', {
      status: 402,
      type: 'card_error',
      code: 'card_declined',
      declineCode: 'generic_decline',
    });
  }
  const after: PaymentMethodDoc = { ...before, customer };
  context.store.put('payment_method', after);
  context.emit('payment_method.attached', after);
  return after;
}

export function attachPaymentMethod(context: Context, id: string, form: Form): PaymentMethodDoc {
  const params = parseParams(z.strictObject({ ...anyCall, customer: text }), form);
  find(context, 'customer', params.customer, 'customer');
  return attachToCustomer(context, id, params.customer, 'payment_method');
}

export function detachPaymentMethod(context: Context, id: string, form: Form): PaymentMethodDoc {
  const before = find(context, 'payment_method', id);
  parseParams(z.strictObject(anyCall), form);
  if (before.customer === null) {
    throw new StripeError(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
    );
  }
  const customer = context.store.get('customer', before.customer);
  if (customer?.invoice_settings.default_payment_method === id) {
    const invoice_settings = { ...customer.invoice_settings, default_payment_method: null };
    saveChanged(context, 'customer', customer, { ...customer, invoice_settings }, 'customer.updated');
  }
  const after: PaymentMethodDoc = { ...before, customer: null };
  context.store.put('payment_method', after);
  context.emit('payment_method.detached', after, { customer: before.customer });
  return after;
}

const updateParams = z.strictObject({
  ...anyCall,
  metadata: metadata.optional(),
  billing_details: ignored,
  card: ignored,
});

export function updatePaymentMethod(context: Context, id: string, form: Form): PaymentMethodDoc {
  const before = find(context, 'payment_method', id);
  const params = parseParams(updateParams, form);
  const after = { ...before, metadata: mergeMetadata(before.metadata ?? {}, params.metadata) };
  saveChanged(context, 'payment_method', before, after, 'payment_method.updated');
  return after;
}

const listParams = z.strictObject({
  ...listCall,
  customer: clearable(text).optional(),
  type: text.optional(),
});

export function listPaymentMethods(
  context: Context,
  form: Form,
  customer?: string,
): ListOf<PaymentMethodDoc> {
  const params = parseParams(listParams, form);
  const owner = customer ?? params.customer ?? undefined;
  const url = customer === undefined ? '/v1/payment_methods' : `/v1/customers/${customer}/payment_methods`;
  return listOf(context, 'payment_method', url, { customer: owner }, params);
}

/** Makes a new card the customer's default, whatever the default was before. */
export function setCustomerCard(context: Context, customerId: string, works: boolean): PaymentMethodDoc {
  const customer = find(context, 'customer', customerId);
  const card = attachToCustomer(context, makeCard(context, works).id, customerId, 'payment_method');
  const invoice_settings = { ...customer.invoice_settings, default_payment_method: card.id };
  saveChanged(context, 'customer', customer, { ...customer, invoice_settings }, 'customer.updated');
  for (const subscription of context.store.all('subscription', {
    customer: customerId,
    statusNot: 'canceled',
  })) {
    if (subscription.default_payment_method === null) continue;
    const after = { ...subscription, default_payment_method: card.id };
    saveChanged(context, 'subscription', subscription, after, 'customer.subscription.updated');
  }
  return card;
}

/** True, false, or null when the customer has no payment method at all. */
export function cardWorks(context: Context, customerId: string, preferred: string | null): boolean | null {
  const id =
    preferred ?? context.store.get('customer', customerId)?.invoice_settings.default_payment_method ?? null;
  if (id === null) return null;
  return context.store.hidden('payment_method', id)?.works ?? false;
}
