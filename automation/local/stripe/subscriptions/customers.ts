/** Customers. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { CustomerDoc, DeletedCustomerDoc, ListOf } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  ignored,
  instantFilter,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';
import { endSubscription } from './end.ts';
import { attachToCustomer } from './payment-methods.ts';

const email = z
  .string()
  .max(512)
  .regex(/^[^@\s]+@[^@\s]+$/);

const params = z.strictObject({
  ...anyCall,
  email: clearable(email).optional(),
  name: clearable(text).optional(),
  phone: clearable(text).optional(),
  description: clearable(text).optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  invoice_settings: z
    .strictObject({
      default_payment_method: clearable(text).optional(),
      footer: ignored,
      custom_fields: ignored,
    })
    .optional(),
  address: ignored,
  shipping: ignored,
  preferred_locales: ignored,
  tax: ignored,
  tax_exempt: ignored,
});

/** A customer without a history, stored and announced. */
export function makeCustomer(
  context: Context,
  given: Partial<Pick<CustomerDoc, 'email' | 'name' | 'phone' | 'description' | 'metadata'>>,
): CustomerDoc {
  const id = newId('customer');
  const customer: CustomerDoc = {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created: context.now(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: given.description ?? null,
    discount: null,
    email: given.email ?? null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: given.metadata ?? {},
    name: given.name ?? null,
    next_invoice_sequence: 1,
    phone: given.phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
  context.store.put('customer', customer);
  context.emit('customer.created', customer);
  return customer;
}

export function createCustomer(context: Context, form: Form): CustomerDoc {
  const given = parseParams(params, form);
  const customer = makeCustomer(context, {
    email: given.email ?? null,
    name: given.name ?? null,
    phone: given.phone ?? null,
    description: given.description ?? null,
    metadata: mergeMetadata({}, given.metadata),
  });
  if (given.payment_method !== undefined)
    attachToCustomer(context, given.payment_method, customer.id, 'payment_method');
  const wanted = given.invoice_settings?.default_payment_method;
  if (!wanted) return customer;
  const default_payment_method = defaultMethod(context, customer.id, wanted);
  const after = { ...customer, invoice_settings: { ...customer.invoice_settings, default_payment_method } };
  context.store.put('customer', after);
  return after;
}

export function updateCustomer(context: Context, id: string, form: Form): CustomerDoc {
  const before = find(context, 'customer', id);
  const given = parseParams(params, form);
  if (given.payment_method !== undefined)
    attachToCustomer(context, given.payment_method, id, 'payment_method');
  const wanted = given.invoice_settings?.default_payment_method;
  const method =
    wanted === undefined
      ? before.invoice_settings.default_payment_method
      : wanted && defaultMethod(context, id, wanted);
  const after: CustomerDoc = {
    ...before,
    email: given.email === undefined ? before.email : given.email,
    name: given.name === undefined ? (before.name ?? null) : given.name,
    phone: given.phone === undefined ? (before.phone ?? null) : given.phone,
    description: given.description === undefined ? before.description : given.description,
    metadata: mergeMetadata(before.metadata, given.metadata),
    invoice_settings: { ...before.invoice_settings, default_payment_method: method },
  };
  saveChanged(context, 'customer', before, after, 'customer.updated');
  return after;
}

/** The default must belong to the customer; Stripe's `pm_card_…` names are attached on the way. */
function defaultMethod(context: Context, customer: string, wanted: string): string {
  const param = 'invoice_settings[default_payment_method]';
  const known = context.store.get('payment_method', wanted);
  if (known && known.customer !== customer) {
    throw new StripeError(
      `The customer does not have a payment method with the ID ${wanted}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param },
    );
  }
  return attachToCustomer(context, wanted, customer, param).id;
}

export function retrieveCustomer(
  context: Context,
  id: string,
): CustomerDoc | Omit<DeletedCustomerDoc, 'created'> {
  const deleted = context.store.get('deleted_customer', id);
  if (deleted) return { id, object: 'customer', deleted: true };
  return find(context, 'customer', id);
}

/** Deletes the customer and ends its subscriptions at once, as Stripe does. */
export function deleteCustomer(context: Context, id: string): Omit<DeletedCustomerDoc, 'created'> {
  const customer = find(context, 'customer', id);
  for (const subscription of context.store.all('subscription', { customer: id, statusNot: 'canceled' })) {
    if (subscription.status === 'incomplete_expired') continue;
    endSubscription(context, subscription, { reason: 'cancellation_requested' });
  }
  context.store.remove('customer', id);
  context.store.put('deleted_customer', { id, object: 'customer', deleted: true, created: customer.created });
  context.emit('customer.deleted', customer);
  return { id, object: 'customer', deleted: true };
}

const listParams = z.strictObject({ ...listCall, email: text.optional(), created: instantFilter.optional() });

export function listCustomers(context: Context, form: Form): ListOf<CustomerDoc> {
  const given = parseParams(listParams, form);
  const keyIn = given.email === undefined ? undefined : [given.email];
  return listOf(context, 'customer', '/v1/customers', { keyIn, created: given.created }, given);
}
