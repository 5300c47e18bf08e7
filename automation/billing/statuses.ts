import type Stripe from 'stripe';

/** Statuses of an invoice: https://docs.stripe.com/invoicing/overview */
export const invoiceStatuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

/** Statuses of a subscription: https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
export const subscriptionStatuses = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
] as const satisfies readonly Stripe.Subscription.Status[];
