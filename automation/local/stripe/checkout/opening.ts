/** How a checkout session begins: subscription mode only. */

import { z } from 'zod';
import { afterDiscounts, discountParams, wantedDiscounts } from '../catalog/discounts.ts';
import { findRecurringPrice } from '../catalog/prices.ts';
import { type Context, find } from '../context.ts';
import type { CheckoutSessionDoc } from '../documents.ts';
import { missingParam, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import {
  anyCall,
  flag,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';
import { isMetered } from '../invoices/lines.ts';
import { trialSettings } from '../subscriptions/subscriptions.ts';
import { discountsOf, lineAmount } from './checkout.ts';

const daySeconds = 86_400;

const createParams = z.strictObject({
  ...anyCall,
  mode: z.enum(['subscription', 'payment', 'setup']),
  line_items: z
    .array(
      z.strictObject({
        price: text,
        quantity: integer.pipe(z.int().min(1).max(999_999)).optional(),
        adjustable_quantity: ignored,
      }),
    )
    .min(1)
    .max(20)
    .optional(),
  customer: text.optional(),
  customer_email: z.string().max(800).optional(),
  client_reference_id: z.string().max(200).optional(),
  metadata: metadata.optional(),
  success_url: text.optional(),
  cancel_url: text.optional(),
  expires_at: integer.optional(),
  subscription_data: z
    .strictObject({
      metadata: metadata.optional(),
      description: text.optional(),
      trial_period_days: integer.pipe(z.int().min(1).max(730)).optional(),
      trial_end: integer.optional(),
      billing_mode: ignored,
      proration_behavior: ignored,
      trial_settings: trialSettings.optional(),
      invoice_settings: ignored,
    })
    .optional(),
  allow_promotion_codes: flag.optional(),
  discounts: discountParams.optional(),
  automatic_tax: ignored,
  billing_address_collection: ignored,
  consent_collection: ignored,
  custom_text: ignored,
  customer_update: ignored,
  locale: ignored,
  payment_method_collection: z.enum(['always', 'if_required']).optional(),
  payment_method_types: ignored,
  phone_number_collection: ignored,
  submit_type: ignored,
  tax_id_collection: ignored,
  ui_mode: z.literal('hosted_page').optional(),
});

export function createCheckoutSession(context: Context, form: Form): CheckoutSessionDoc {
  const params = parseParams(createParams, form);
  if (params.mode !== 'subscription') {
    throw new StripeError('The simulator knows only checkout sessions with mode `subscription`.', {
      param: 'mode',
    });
  }
  if (params.line_items === undefined) throw missingParam('line_items');
  if (params.success_url === undefined) throw missingParam('success_url');
  assertUrl(params.success_url, 'success_url');
  if (params.cancel_url !== undefined) assertUrl(params.cancel_url, 'cancel_url');
  if (params.customer !== undefined && params.customer_email !== undefined) {
    throw new StripeError('You may only specify one of these parameters: customer, customer_email.', {
      param: 'customer',
    });
  }
  const now = context.now();
  const expiresAt = params.expires_at ?? now + daySeconds;
  if (expiresAt < now + 1800 - 60 || expiresAt > now + daySeconds + 60) {
    throw new StripeError(
      'The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.',
      { param: 'expires_at' },
    );
  }
  const customer =
    params.customer === undefined ? null : find(context, 'customer', params.customer, 'customer');
  const lines = params.line_items.map((item, index) => {
    const price = findRecurringPrice(context, item.price, `line_items[${index}][price]`);
    if (!isMetered(price) && item.quantity === undefined) {
      throw new StripeError(`Quantity is required. Add \`quantity\` to \`line_items[${index}]\``, {
        param: `line_items[${index}]`,
      });
    }
    return { id: newId('checkout_item'), price, quantity: isMetered(price) ? null : (item.quantity ?? 1) };
  });
  if (params.discounts && params.allow_promotion_codes !== undefined) {
    throw new StripeError('You may only specify one of these parameters: allow_promotion_codes, discounts.', {
      param: 'allow_promotion_codes',
    });
  }
  const discounts = wantedDiscounts(context, params.discounts ?? undefined);
  const trialDays = params.subscription_data?.trial_period_days ?? null;
  const trialEnd = params.subscription_data?.trial_end ?? null;
  const id = newId('checkout_session');
  const amounts = lines.map((line) => lineAmount(line.price, line.quantity));
  const free = trialDays !== null || trialEnd !== null;
  const subtotal = free ? 0 : amounts.reduce((sum, amount) => sum + amount, 0);
  const total = free ? 0 : afterDiscounts(amounts, discounts);
  const session: CheckoutSessionDoc = {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: null,
    amount_subtotal: subtotal,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: now,
    currency: lines[0]?.price.currency ?? 'usd',
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: customer?.id ?? null,
    customer_account: null,
    customer_creation: customer ? null : 'always',
    customer_details: null,
    customer_email: params.customer_email ?? null,
    discounts: discountsOf(discounts),
    expires_at: expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: mergeMetadata({}, params.metadata),
    mode: 'subscription',
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: params.payment_method_collection ?? 'always',
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: {
      allow_redisplay_filters: ['always'],
      payment_method_remove: 'disabled',
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: params.success_url,
    total_details: { amount_discount: subtotal - total, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${context.url}/c/pay/${id}`,
    wallet_options: null,
  };
  context.store.put('checkout_session', session, {
    hidden: {
      items: lines.map(({ id: line, price, quantity }) => ({ id: line, price: price.id, quantity })),
      subscriptionMetadata: mergeMetadata({}, params.subscription_data?.metadata),
      description: params.subscription_data?.description ?? null,
      trialEnd,
      trialPeriodDays: trialDays,
      missingPaymentMethod:
        params.subscription_data?.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    },
    due: { at: expiresAt, kind: 'expire' },
  });
  return session;
}

function assertUrl(value: string, param: string): void {
  if (/^https?:\/\//i.test(value) && URL.canParse(value)) return;
  throw new StripeError(`Not a valid URL`, { code: 'url_invalid', param });
}
