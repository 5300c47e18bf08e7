/** Every address of the simulated API and what answers it. */

import {
  createCoupon,
  createPromotionCode,
  deleteCoupon,
  listCoupons,
  listPromotionCodes,
  updateCoupon,
  updatePromotionCode,
} from '../catalog/coupons.ts';
import {
  adjustMeterEvent,
  createMeter,
  createMeterEvent,
  listMeters,
  setMeterStatus,
  summarizeMeter,
  updateMeter,
} from '../catalog/meters.ts';
import { createPrice, listPrices, updatePrice } from '../catalog/prices.ts';
import { createProduct, listProducts, updateProduct } from '../catalog/products.ts';
import {
  checkoutLines,
  expireCheckoutSession,
  listCheckoutSessions,
  updateCheckoutSession,
} from '../checkout/checkout.ts';
import { createCheckoutSession } from '../checkout/opening.ts';
import { createPortalSession } from '../checkout/portal.ts';
import {
  createConfiguration,
  listConfigurations,
  updateConfiguration,
} from '../checkout/portal-configurations.ts';
import { type Context, find } from '../context.ts';
import {
  createEndpoint,
  deleteEndpoint,
  destinationView,
  listDestinations,
  listEndpoints,
  updateEndpoint,
} from '../delivery/endpoints.ts';
import { listEvents, listThinEvents, retrieveEvent, retrieveThinEvent } from '../delivery/event-log.ts';
import {
  finalizeByHand,
  listInvoiceLines,
  listInvoices,
  markUncollectible,
  payInvoice,
  updateInvoice,
  voidByHand,
} from '../invoices/calls.ts';
import {
  createRefund,
  listCharges,
  listDisputes,
  listInvoicePayments,
  listRefunds,
} from '../invoices/charges.ts';
import { previewInvoice } from '../invoices/preview.ts';
import { updateSubscription } from '../subscriptions/change.ts';
import { searchCustomers } from '../subscriptions/customer-search.ts';
import {
  createCustomer,
  deleteCustomer,
  listCustomers,
  retrieveCustomer,
  updateCustomer,
} from '../subscriptions/customers.ts';
import { addItem, changeItem, findItem, listItems, removeItem } from '../subscriptions/items.ts';
import {
  attachPaymentMethod,
  createPaymentMethod,
  detachPaymentMethod,
  listPaymentMethods,
  updatePaymentMethod,
} from '../subscriptions/payment-methods.ts';
import {
  cancelSubscription,
  createSubscription,
  listSubscriptions,
  pauseSubscription,
  resumeSubscription,
} from '../subscriptions/subscriptions.ts';
import type { Form } from './form.ts';

export interface Call {
  readonly context: Context;
  readonly id: string;
  readonly form: Form;
}

export type Method = 'GET' | 'POST' | 'DELETE';
export type Route = readonly [method: Method, path: string, answer: (call: Call) => object];

export const routes: readonly Route[] = [
  ['POST', '/v1/customers', ({ context, form }) => createCustomer(context, form)],
  ['GET', '/v1/customers', ({ context, form }) => listCustomers(context, form)],
  ['GET', '/v1/customers/search', ({ context, form }) => searchCustomers(context, form)],
  ['GET', '/v1/customers/:id', ({ context, id }) => retrieveCustomer(context, id)],
  ['POST', '/v1/customers/:id', ({ context, id, form }) => updateCustomer(context, id, form)],
  ['DELETE', '/v1/customers/:id', ({ context, id }) => deleteCustomer(context, id)],
  [
    'GET',
    '/v1/customers/:id/payment_methods',
    ({ context, id, form }) => listPaymentMethods(context, form, id),
  ],

  ['POST', '/v1/payment_methods', ({ context, form }) => createPaymentMethod(context, form)],
  ['GET', '/v1/payment_methods', ({ context, form }) => listPaymentMethods(context, form)],
  ['GET', '/v1/payment_methods/:id', ({ context, id }) => find(context, 'payment_method', id)],
  ['POST', '/v1/payment_methods/:id', ({ context, id, form }) => updatePaymentMethod(context, id, form)],
  [
    'POST',
    '/v1/payment_methods/:id/attach',
    ({ context, id, form }) => attachPaymentMethod(context, id, form),
  ],
  [
    'POST',
    '/v1/payment_methods/:id/detach',
    ({ context, id, form }) => detachPaymentMethod(context, id, form),
  ],

  ['POST', '/v1/products', ({ context, form }) => createProduct(context, form)],
  ['GET', '/v1/products', ({ context, form }) => listProducts(context, form)],
  ['GET', '/v1/products/:id', ({ context, id }) => find(context, 'product', id)],
  ['POST', '/v1/products/:id', ({ context, id, form }) => updateProduct(context, id, form)],
  ['POST', '/v1/prices', ({ context, form }) => createPrice(context, form)],
  ['GET', '/v1/prices', ({ context, form }) => listPrices(context, form)],
  ['GET', '/v1/prices/:id', ({ context, id }) => find(context, 'price', id)],
  ['POST', '/v1/prices/:id', ({ context, id, form }) => updatePrice(context, id, form)],

  ['POST', '/v1/coupons', ({ context, form }) => createCoupon(context, form)],
  ['GET', '/v1/coupons', ({ context, form }) => listCoupons(context, form)],
  ['GET', '/v1/coupons/:id', ({ context, id }) => find(context, 'coupon', id)],
  ['POST', '/v1/coupons/:id', ({ context, id, form }) => updateCoupon(context, id, form)],
  ['DELETE', '/v1/coupons/:id', ({ context, id }) => deleteCoupon(context, id)],
  ['POST', '/v1/promotion_codes', ({ context, form }) => createPromotionCode(context, form)],
  ['GET', '/v1/promotion_codes', ({ context, form }) => listPromotionCodes(context, form)],
  ['GET', '/v1/promotion_codes/:id', ({ context, id }) => find(context, 'promotion_code', id)],
  ['POST', '/v1/promotion_codes/:id', ({ context, id, form }) => updatePromotionCode(context, id, form)],

  ['POST', '/v1/checkout/sessions', ({ context, form }) => createCheckoutSession(context, form)],
  ['GET', '/v1/checkout/sessions', ({ context, form }) => listCheckoutSessions(context, form)],
  ['GET', '/v1/checkout/sessions/:id', ({ context, id }) => find(context, 'checkout_session', id)],
  ['POST', '/v1/checkout/sessions/:id', ({ context, id, form }) => updateCheckoutSession(context, id, form)],
  ['POST', '/v1/checkout/sessions/:id/expire', ({ context, id }) => expireCheckoutSession(context, id)],
  ['GET', '/v1/checkout/sessions/:id/line_items', ({ context, id }) => checkoutLines(context, id)],

  ['POST', '/v1/subscriptions', ({ context, form }) => createSubscription(context, form)],
  ['GET', '/v1/subscriptions', ({ context, form }) => listSubscriptions(context, form)],
  ['GET', '/v1/subscriptions/:id', ({ context, id }) => find(context, 'subscription', id)],
  ['POST', '/v1/subscriptions/:id', ({ context, id, form }) => updateSubscription(context, id, form)],
  ['DELETE', '/v1/subscriptions/:id', ({ context, id, form }) => cancelSubscription(context, id, form)],
  ['POST', '/v1/subscriptions/:id/pause', ({ context, id, form }) => pauseSubscription(context, id, form)],
  ['POST', '/v1/subscriptions/:id/resume', ({ context, id, form }) => resumeSubscription(context, id, form)],

  ['POST', '/v1/subscription_items', ({ context, form }) => addItem(context, form)],
  ['GET', '/v1/subscription_items', ({ context, form }) => listItems(context, form)],
  ['GET', '/v1/subscription_items/:id', ({ context, id }) => findItem(context, id).item],
  ['POST', '/v1/subscription_items/:id', ({ context, id, form }) => changeItem(context, id, form)],
  ['DELETE', '/v1/subscription_items/:id', ({ context, id, form }) => removeItem(context, id, form)],

  ['POST', '/v1/invoices/create_preview', ({ context, form }) => previewInvoice(context, form)],
  ['GET', '/v1/invoices', ({ context, form }) => listInvoices(context, form)],
  ['GET', '/v1/invoices/:id', ({ context, id }) => find(context, 'invoice', id)],
  ['POST', '/v1/invoices/:id', ({ context, id, form }) => updateInvoice(context, id, form)],
  ['GET', '/v1/invoices/:id/lines', ({ context, id, form }) => listInvoiceLines(context, id, form)],
  ['POST', '/v1/invoices/:id/finalize', ({ context, id, form }) => finalizeByHand(context, id, form)],
  ['POST', '/v1/invoices/:id/pay', ({ context, id, form }) => payInvoice(context, id, form)],
  ['POST', '/v1/invoices/:id/void', ({ context, id }) => voidByHand(context, id)],
  ['POST', '/v1/invoices/:id/mark_uncollectible', ({ context, id }) => markUncollectible(context, id)],

  ['GET', '/v1/invoice_payments', ({ context, form }) => listInvoicePayments(context, form)],
  ['GET', '/v1/charges', ({ context, form }) => listCharges(context, form)],
  ['GET', '/v1/charges/:id', ({ context, id }) => find(context, 'charge', id)],
  ['POST', '/v1/refunds', ({ context, form }) => createRefund(context, form)],
  ['GET', '/v1/refunds', ({ context, form }) => listRefunds(context, form)],
  ['GET', '/v1/refunds/:id', ({ context, id }) => find(context, 'refund', id)],
  ['GET', '/v1/disputes', ({ context, form }) => listDisputes(context, form)],
  ['GET', '/v1/disputes/:id', ({ context, id }) => find(context, 'dispute', id)],

  ['POST', '/v1/billing/meters', ({ context, form }) => createMeter(context, form)],
  ['GET', '/v1/billing/meters', ({ context, form }) => listMeters(context, form)],
  ['GET', '/v1/billing/meters/:id', ({ context, id }) => find(context, 'meter', id)],
  ['POST', '/v1/billing/meters/:id', ({ context, id, form }) => updateMeter(context, id, form)],
  ['POST', '/v1/billing/meters/:id/deactivate', ({ context, id }) => setMeterStatus(context, id, 'inactive')],
  ['POST', '/v1/billing/meters/:id/reactivate', ({ context, id }) => setMeterStatus(context, id, 'active')],
  [
    'GET',
    '/v1/billing/meters/:id/event_summaries',
    ({ context, id, form }) => summarizeMeter(context, id, form),
  ],
  ['POST', '/v1/billing/meter_events', ({ context, form }) => createMeterEvent(context, form)],
  ['POST', '/v1/billing/meter_event_adjustments', ({ context, form }) => adjustMeterEvent(context, form)],

  ['POST', '/v1/billing_portal/sessions', ({ context, form }) => createPortalSession(context, form)],
  ['POST', '/v1/billing_portal/configurations', ({ context, form }) => createConfiguration(context, form)],
  ['GET', '/v1/billing_portal/configurations', ({ context, form }) => listConfigurations(context, form)],
  [
    'GET',
    '/v1/billing_portal/configurations/:id',
    ({ context, id }) => find(context, 'portal_configuration', id),
  ],
  [
    'POST',
    '/v1/billing_portal/configurations/:id',
    ({ context, id, form }) => updateConfiguration(context, id, form),
  ],

  ['GET', '/v1/events', ({ context, form }) => listEvents(context, form)],
  ['GET', '/v1/events/:id', ({ context, id }) => retrieveEvent(context, id)],
  ['POST', '/v1/webhook_endpoints', ({ context, form }) => createEndpoint(context, form)],
  ['GET', '/v1/webhook_endpoints', ({ context, form }) => listEndpoints(context, form)],
  ['GET', '/v1/webhook_endpoints/:id', ({ context, id }) => find(context, 'webhook_endpoint', id)],
  ['POST', '/v1/webhook_endpoints/:id', ({ context, id, form }) => updateEndpoint(context, id, form)],
  ['DELETE', '/v1/webhook_endpoints/:id', ({ context, id }) => deleteEndpoint(context, id)],

  ['GET', '/v2/core/events', ({ context, form }) => listThinEvents(context, form)],
  ['GET', '/v2/core/events/:id', ({ context, id }) => retrieveThinEvent(context, id)],
  ['GET', '/v2/core/event_destinations', ({ context }) => listDestinations(context)],
  ['GET', '/v2/core/event_destinations/:id', ({ context, id }) => destinationView(context, id)],
];
