/**
 * The parts of Stripe's objects that figures use. They come from fetched objects and from snapshots in events, so they are
 * parsed instead of trusted to have the client's types.
 */
import { z } from 'zod';

const id = z.string().min(1).max(255);
/** An id, or the expanded object itself. */
const reference = z
  .union([id, z.object({ id }).transform((object) => object.id)])
  .nullish()
  .transform((found) => found ?? null);
const seconds = z.int();
/** Stripe's client turns decimal strings into its own objects. */
const decimal = z.unknown().transform((value, check) => {
  const text = value === null || value === undefined ? null : String(value);
  if (text === null || /^\d{1,15}(\.\d{1,12})?$/.test(text)) return text;
  check.addIssue('is no amount');
  return z.NEVER;
});
const currency = z.string().regex(/^[a-z]{3}$/);

export const priceShape = z.object({
  id,
  lookup_key: z
    .string()
    .nullish()
    .transform((key) => key ?? null),
  metadata: z
    .record(z.string(), z.string())
    .nullish()
    .transform((metadata) => metadata ?? null),
  currency,
  billing_scheme: z.string().nullish(),
  unit_amount: z.int().nullish(),
  unit_amount_decimal: decimal.optional(),
  transform_quantity: z.unknown().optional(),
  recurring: z
    .looseObject({
      interval: z.enum(['day', 'week', 'month', 'year']),
      interval_count: z.int().min(1),
      usage_type: z.string(),
    })
    .nullish(),
});

export const couponShape = z.object({
  id,
  duration: z.enum(['once', 'repeating', 'forever']),
  percent_off: z.number().min(0).max(100).nullish(),
  amount_off: z.int().min(0).nullish(),
  currency: currency.nullish(),
});

/** A discount is an id in events, and an object where expanded; so is its coupon. */
export const discountShape = z.object({
  id,
  start: seconds.nullish(),
  end: seconds.nullish(),
  source: z.object({ coupon: z.union([id, couponShape]).nullish() }).nullish(),
});
const discounts = z.array(z.union([id, discountShape])).nullish();

export const subscriptionShape = z.object({
  id,
  object: z.literal('subscription'),
  status: z.string(),
  customer: reference,
  currency,
  created: seconds,
  start_date: seconds.nullish(),
  trial_end: seconds.nullish(),
  ended_at: seconds.nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  discounts,
  items: z.object({
    data: z.array(
      z.object({ id, quantity: z.int().min(0).nullish(), price: priceShape, discounts, created: seconds }),
    ),
  }),
});
export type SubscriptionShape = z.infer<typeof subscriptionShape>;

export const invoiceShape = z.object({
  id,
  object: z.literal('invoice'),
  status: z.string().nullish(),
  currency,
  customer: reference,
  created: seconds,
  total: z.int(),
  total_excluding_tax: z.int().nullish(),
  status_transitions: z.object({ paid_at: seconds.nullish() }).nullish(),
  parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullish(),
  lines: z.object({
    data: z.array(
      z.object({
        amount: z.int(),
        subtotal: z.int().nullish(),
        quantity: z.int().nullish(),
        period: z.object({ start: seconds, end: seconds }),
        pricing: z.looseObject({ price_details: z.object({ price: reference }).nullish() }).nullish(),
        parent: z
          .looseObject({
            subscription_item_details: z.object({ proration: z.boolean().nullish() }).nullish(),
          })
          .nullish(),
      }),
    ),
  }),
});
export type InvoiceShape = z.infer<typeof invoiceShape>;

export const refundShape = z.object({
  id,
  object: z.literal('refund'),
  amount: z.int().min(0),
  currency,
  created: seconds,
  status: z.string().nullish(),
  payment_intent: reference,
  charge: reference,
});
export type RefundShape = z.infer<typeof refundShape>;

export const creditNoteShape = z.object({
  id,
  object: z.literal('credit_note'),
  invoice: reference,
  customer: reference,
  currency,
  created: seconds,
  status: z.string(),
  voided_at: seconds.nullish(),
  total: z.int().min(0),
  total_excluding_tax: z.int().nullish(),
  refunds: z.array(z.object({ refund: reference })).nullish(),
});
export type CreditNoteShape = z.infer<typeof creditNoteShape>;

/** An event in snapshot form. */
export const eventShape = z.object({
  id,
  object: z.literal('event'),
  type: z.string(),
  created: seconds,
  data: z.object({ object: z.unknown() }),
});
