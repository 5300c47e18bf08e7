/** The objects that the simulator keeps, in the shape they have on the wire: ids where Stripe's types allow an
 *  expanded object, decimal strings where the client makes `Decimal`s. */

import type Stripe from 'stripe';

type With<T, Changed> = Omit<T, keyof Changed> & Changed;

export interface ListOf<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

export type CustomerDoc = With<
  Stripe.Customer,
  {
    default_source: null;
    invoice_settings: With<Stripe.Customer.InvoiceSettings, { default_payment_method: string | null }>;
  }
>;
export type ProductDoc = With<Stripe.Product, { default_price: string | null }>;
export type PriceDoc = With<
  Omit<Stripe.Price, 'currency_options' | 'tiers'>,
  { product: string; unit_amount_decimal: string | null; recurring: Stripe.Price.Recurring | null }
>;
export type PlanDoc = With<Omit<Stripe.Plan, 'tiers'>, { product: string; amount_decimal: string | null }>;
export type PaymentMethodDoc = With<Stripe.PaymentMethod, { customer: string | null }>;
export type SubscriptionItemDoc = With<
  Stripe.SubscriptionItem,
  { price: PriceDoc; plan: PlanDoc; discounts: never[]; tax_rates: never[] }
>;
export type SubscriptionDoc = With<
  Stripe.Subscription,
  {
    customer: string;
    default_payment_method: string | null;
    latest_invoice: string | null;
    items: ListOf<SubscriptionItemDoc>;
    discounts: string[];
  }
>;
export type CouponDoc = Omit<Stripe.Coupon, 'applies_to' | 'currency_options' | 'deleted'>;
export type PromotionCodeDoc = With<
  Stripe.PromotionCode,
  { customer: string | null; promotion: { type: 'coupon'; coupon: string } }
>;
export type DiscountDoc = With<
  Omit<Stripe.Discount, 'deleted'>,
  {
    created: number;
    customer: string;
    promotion_code: string | null;
    source: { type: 'coupon'; coupon: string };
    subscription: string;
  }
>;
export type InvoiceLineDoc = With<
  Stripe.InvoiceLineItem,
  {
    subscription: string | null;
    quantity_decimal: string | null;
    pricing: {
      type: 'price_details';
      price_details: { price: string; product: string };
      unit_amount_decimal: string | null;
    } | null;
  }
>;
export type InvoiceDoc = With<
  Omit<Stripe.Invoice, 'payments'>,
  {
    customer: string;
    lines: ListOf<InvoiceLineDoc>;
    parent: {
      type: 'subscription_details';
      quote_details: null;
      subscription_details: { metadata: Stripe.Metadata; subscription: string };
    } | null;
  }
>;
export type ChargeDoc = With<
  Omit<
    Stripe.Charge,
    'refunds' | 'authorization_code' | 'level3' | 'presentment_details' | 'radar_options' | 'transfer'
  >,
  { customer: string; payment_intent: string; payment_method: string | null }
>;
export type InvoicePaymentDoc = With<
  Stripe.InvoicePayment,
  { invoice: string; payment: { type: 'payment_intent'; payment_intent: string } }
>;
export type RefundDoc = With<
  Stripe.Refund,
  { charge: string; customer: string; payment_intent: string; payment_method: string | null }
>;
export type DisputeDoc = With<
  Stripe.Dispute,
  {
    charge: string;
    payment_intent: string;
    evidence: { enhanced_evidence: Record<string, never> };
    evidence_details: {
      due_by: number;
      enhanced_eligibility: Record<string, never>;
      has_evidence: boolean;
      past_due: boolean;
      submission_count: number;
    };
  }
>;
/** A charge or credit that waits for the customer's next invoice. */
export interface PendingItemDoc {
  id: string;
  object: 'invoiceitem';
  created: number;
  customer: string;
  subscription: string;
  line: InvoiceLineDoc;
}
export type CheckoutSessionDoc = With<
  Omit<Stripe.Checkout.Session, 'line_items'>,
  { customer: string | null; subscription: string | null; invoice: string | null }
>;
export type PortalSessionDoc = With<Stripe.BillingPortal.Session, { configuration: string }>;
export type PortalConfigurationDoc = Stripe.BillingPortal.Configuration;
export type MeterDoc = Stripe.Billing.Meter;
export type EndpointDoc = Omit<Stripe.WebhookEndpoint, 'secret'>;
export interface EventDoc {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** What remains of a deleted customer: its id still answers. */
export interface DeletedCustomerDoc {
  id: string;
  object: 'customer';
  deleted: true;
  created: number;
}

export interface Documents {
  customer: CustomerDoc;
  deleted_customer: DeletedCustomerDoc;
  product: ProductDoc;
  price: PriceDoc;
  payment_method: PaymentMethodDoc;
  subscription: SubscriptionDoc;
  coupon: CouponDoc;
  promotion_code: PromotionCodeDoc;
  discount: DiscountDoc;
  charge: ChargeDoc;
  invoice_payment: InvoicePaymentDoc;
  refund: RefundDoc;
  dispute: DisputeDoc;
  invoice: InvoiceDoc;
  invoiceitem: PendingItemDoc;
  checkout_session: CheckoutSessionDoc;
  portal_session: PortalSessionDoc;
  portal_configuration: PortalConfigurationDoc;
  meter: MeterDoc;
  webhook_endpoint: EndpointDoc;
  event: EventDoc;
}
export type DocumentType = keyof Documents;

/** What the simulator must remember of an object but the API does not show. */
export interface HiddenParts {
  customer: null;
  deleted_customer: null;
  product: null;
  price: null;
  payment_method: { works: boolean; attaches: boolean };
  /** `billedUsageUntil`: an invoice already has the metered usage before this instant. */
  subscription: { billedUsageUntil: number };
  charge: null;
  invoice_payment: null;
  refund: null;
  dispute: null;
  coupon: null;
  promotion_code: null;
  /** The coupon's terms when it was redeemed: customers keep a deleted coupon. */
  discount: { percentOff: number | null; amountOff: number | null; once: boolean };
  invoice: null;
  invoiceitem: null;
  checkout_session: CheckoutRequest;
  portal_session: null;
  portal_configuration: null;
  meter: null;
  webhook_endpoint: { secret: string; form: 'snapshot' | 'thin'; configured: boolean };
  event: null;
}

export interface CheckoutRequest {
  items: { id: string; price: string; quantity: number | null }[];
  subscriptionMetadata: Record<string, string>;
  description: string | null;
  trialEnd: number | null;
  trialPeriodDays: number | null;
  missingPaymentMethod?: 'cancel' | 'create_invoice' | 'pause';
}
