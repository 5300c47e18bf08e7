/**
 * What each of Stripe's events does here. `docs/stripe.md` shows the same table; a test holds the two together.
 *
 * We do not trust an event's content: we ask Stripe about the object that it names, and the answer decides. Events outside
 * of this table are stored, acknowledged and left alone.
 */

export type EventEffect =
  /** Fetches its subscription, and the tenant follows. */
  | 'subscription'
  /** Like `subscription`, and the tenant's timeline mentions the end of the trial. */
  | 'trial-end'
  /** Like `subscription`, and the tenant's timeline says that the bank wants the payment confirmed. */
  | 'payment-action'
  /** Like `subscription`, and an alert: the invoice could not be made final. */
  | 'invoice-stuck'
  /** An alert as long as the dispute is open, and an entry in the timeline for operators. */
  | 'dispute'
  /** An entry in the tenant's timeline; an alert when the refund failed. */
  | 'refund'
  /** Reports the refunds of the charge, like `refund`. */
  | 'charge-refunds'
  /** An alert, and a fetch of each of the customer's subscriptions. */
  | 'customer-deleted'
  /** Compares Stripe's products, prices, meters and coupons with the catalog; differences are an alert. */
  | 'catalog'
  /** Stored, acknowledged, and known to need nothing. */
  | 'nothing';

export interface EventMeaning {
  readonly effect: EventEffect;
  readonly says: string;
}

const subscription = (says: string): EventMeaning => ({ effect: 'subscription', says });
const catalog = (says: string): EventMeaning => ({ effect: 'catalog', says });
const nothing = (says: string): EventMeaning => ({ effect: 'nothing', says });

export const eventMeanings: Readonly<Record<string, EventMeaning>> = {
  'checkout.session.completed': subscription('A customer has paid; the tenant is made'),
  'checkout.session.async_payment_succeeded': subscription('A payment that takes days has arrived'),
  'checkout.session.async_payment_failed': subscription('A payment that takes days has failed'),
  'checkout.session.expired': nothing('Nobody paid; nothing was made'),

  'customer.subscription.created': subscription('The tenant is made once the first payment has arrived'),
  'customer.subscription.updated': subscription('Plan, seats, status or end changed; the tenant follows'),
  'customer.subscription.deleted': subscription('The tenant is suspended, later deleted'),
  'customer.subscription.paused': subscription('A trial ended without a card; the tenant is suspended'),
  'customer.subscription.resumed': subscription('The tenant resumes'),
  'customer.subscription.pending_update_applied': subscription('A change waited for its payment'),
  'customer.subscription.pending_update_expired': subscription('A change was not paid in time'),
  'customer.subscription.trial_will_end': {
    effect: 'trial-end',
    says: "Three days before a trial's end: told in the timeline",
  },

  'invoice.created': subscription('A period ended'),
  'invoice.updated': subscription('An invoice changed'),
  'invoice.finalized': subscription('An invoice is to be paid'),
  'invoice.finalization_failed': { effect: 'invoice-stuck', says: 'Nobody can pay the invoice: alert' },
  'invoice.paid': subscription('A period is paid; credits are granted'),
  'invoice.payment_succeeded': subscription('A payment arrived; the tenant is active, credits are reset'),
  'invoice.payment_failed': subscription('A payment failed; the time of grace begins'),
  'invoice.payment_action_required': {
    effect: 'payment-action',
    says: 'The bank wants the payment confirmed: told in the timeline',
  },
  'invoice.overdue': subscription('An invoice was not paid in time'),
  'invoice.voided': subscription('An invoice counts no more'),
  'invoice.marked_uncollectible': subscription('An invoice was given up'),
  'invoice.upcoming': nothing('A renewal is near'),

  'customer.created': nothing('A customer without a subscription has no tenant'),
  'customer.updated': nothing('Names and addresses are read where they are needed'),
  'customer.deleted': {
    effect: 'customer-deleted',
    says: 'Stripe cancels all its subscriptions: alert, and each of them is fetched',
  },
  'customer.discount.created': subscription('A coupon was redeemed'),
  'customer.discount.updated': subscription('A coupon was changed for another'),
  'customer.discount.deleted': subscription('A coupon ended'),
  'payment_method.attached': nothing('Stripe charges it by itself when a payment is due'),
  'payment_method.detached': nothing('A failed payment tells when it is missed'),
  'payment_method.updated': nothing('A card was renewed'),
  'payment_method.automatically_updated': nothing('A card was renewed by its bank'),

  'charge.dispute.created': { effect: 'dispute', says: 'Money is being taken back: alert, timeline' },
  'charge.dispute.updated': { effect: 'dispute', says: 'The alert tells the new state' },
  'charge.dispute.funds_withdrawn': { effect: 'dispute', says: 'The alert tells the new state' },
  'charge.dispute.funds_reinstated': { effect: 'dispute', says: 'The alert tells the new state' },
  'charge.dispute.closed': { effect: 'dispute', says: 'The alert is closed with the outcome' },
  'charge.refunded': { effect: 'charge-refunds', says: 'Money was given back: timeline' },
  'charge.refund.updated': { effect: 'refund', says: 'The timeline tells the new state' },
  'refund.created': { effect: 'refund', says: 'Money is being given back: timeline' },
  'refund.updated': { effect: 'refund', says: 'The timeline tells the new state' },
  'refund.failed': { effect: 'refund', says: 'Money did not reach the customer: alert' },
  'credit_note.created': nothing('An invoice was lowered; so is revenue'),
  'credit_note.updated': nothing('Revenue follows'),
  'credit_note.voided': nothing('An invoice counts in full again; so does revenue'),

  'product.created': catalog('Compared with the catalog'),
  'product.updated': catalog('A change in the dashboard is an alert until it is mended'),
  'product.deleted': catalog('A product of the catalog that is gone is an alert'),
  'price.created': catalog('Compared with the catalog'),
  'price.updated': catalog('A change in the dashboard is an alert until it is mended'),
  'price.deleted': catalog('A price of the catalog that is gone is an alert'),
  'coupon.created': catalog('Compared with the catalog'),
  'coupon.updated': catalog('A change in the dashboard is an alert until it is mended'),
  'coupon.deleted': catalog('A coupon of the catalog that is gone is an alert'),
  'promotion_code.created': catalog('Compared with the catalog'),
  'promotion_code.updated': catalog('A change in the dashboard is an alert until it is mended'),
  'billing.meter.created': catalog('Compared with the catalog'),
  'billing.meter.updated': catalog('A change in the dashboard is an alert until it is mended'),
  'billing.meter.deactivated': catalog('Usage of it would be refused: alert until it is mended'),
  'billing.meter.reactivated': catalog('Compared with the catalog'),
};

/** The meaning of an event type, in either form; null when this table does not have it. */
export function meaningOf(type: string): EventMeaning | null {
  const bare = type.replace(/^v1\./, '');
  return Object.hasOwn(eventMeanings, bare) ? (eventMeanings[bare] ?? null) : null;
}

/** True when a job must handle the stored event, because marking its subscription or the catalog is not enough. */
export function needsHandling(type: string): boolean {
  const effect = meaningOf(type)?.effect;
  return effect !== undefined && effect !== 'subscription' && effect !== 'catalog' && effect !== 'nothing';
}
