import Stripe from 'stripe';
import { asRefusal, BillingRefusal } from './refusal.ts';

export const cancelTimes = ['period_end', 'now'] as const;
export type CancelTime = (typeof cancelTimes)[number];

interface Outcome {
  readonly subscription: Stripe.Subscription;
  readonly changed: boolean;
}

/**
 * Ends a subscription. When it ends at once, pending usage is invoiced and the rest of the paid period is not
 * refunded. An ended one stays ended, so a second click is harmless.
 */
export async function cancelSubscription(stripe: Stripe, id: string, when: CancelTime): Promise<Outcome> {
  const subscription = await stripe.subscriptions.retrieve(id);
  if (hasEnded(subscription)) return { subscription, changed: false };
  try {
    if (when === 'now') {
      return { subscription: await stripe.subscriptions.cancel(id, { invoice_now: true }), changed: true };
    }
    if (subscription.cancel_at_period_end) return { subscription, changed: false };
    const after = await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    return { subscription: after, changed: true };
  } catch (error) {
    // Another request may have ended it meanwhile.
    const now = await stripe.subscriptions.retrieve(id);
    if (error instanceof Stripe.errors.StripeInvalidRequestError && hasEnded(now))
      return { subscription: now, changed: false };
    throw asRefusal(error);
  }
}

/**
 * Undoes a scheduled cancellation and resumes a paused subscription.
 * @throws BillingRefusal `subscription_ended` when it is too late
 */
export async function reactivateSubscription(stripe: Stripe, id: string): Promise<Outcome> {
  const subscription = await stripe.subscriptions.retrieve(id);
  if (hasEnded(subscription)) {
    throw new BillingRefusal(
      'subscription_ended',
      'The subscription has ended. Subscribe again: while its data is kept, you get the same tenant back.',
    );
  }
  try {
    if (subscription.status === 'paused') {
      return {
        subscription: await stripe.subscriptions.resume(id),
        changed: true,
      };
    }
    if (subscription.cancel_at_period_end) {
      const after = await stripe.subscriptions.update(id, { cancel_at_period_end: false });
      return { subscription: after, changed: true };
    }
    if (subscription.cancel_at !== null) {
      return { subscription: await stripe.subscriptions.update(id, { cancel_at: '' }), changed: true };
    }
    return { subscription, changed: false };
  } catch (error) {
    throw asRefusal(error);
  }
}

function hasEnded({ status }: Stripe.Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}
