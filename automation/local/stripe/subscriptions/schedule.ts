/** What a subscription does by itself and when: a pure function of its state. */

import type { SubscriptionDoc } from '../documents.ts';
import type { Due } from '../store.ts';

const day = 86_400;
/** Stripe expires a subscription whose first payment is not completed within 23 hours. */
export const incompleteSeconds = 23 * 3600;
/** `customer.subscription.trial_will_end` comes three days ahead. */
export const trialNoticeSeconds = 3 * day;
/** `invoice.upcoming` comes some days ahead: seven in Stripe's default settings. */
export const upcomingNoticeSeconds = 7 * day;

export const ended = (subscription: SubscriptionDoc): boolean =>
  subscription.status === 'canceled' || subscription.status === 'incomplete_expired';

/** The end of the current period: the earliest among the items. */
export function periodEnd(subscription: SubscriptionDoc): number {
  return Math.min(...subscription.items.data.map((item) => item.current_period_end));
}

/** The next thing to happen; notices are given only when they lie after `after`. */
export function nextDue(subscription: SubscriptionDoc, after: number): Due | null {
  if (ended(subscription)) return null;
  if (subscription.status === 'incomplete')
    return { at: subscription.created + incompleteSeconds, kind: 'expire' };
  const candidates: Due[] = [];
  if (subscription.cancel_at !== null) candidates.push({ at: subscription.cancel_at, kind: 'cancel' });
  if (subscription.status !== 'paused') {
    const end = periodEnd(subscription);
    candidates.push({ at: end, kind: 'renew' });
    if (end - upcomingNoticeSeconds > after)
      candidates.push({ at: end - upcomingNoticeSeconds, kind: 'upcoming' });
  }
  if (subscription.status === 'trialing' && subscription.trial_end !== null) {
    const notice = subscription.trial_end - trialNoticeSeconds;
    if (notice > after) candidates.push({ at: notice, kind: 'trial_will_end' });
  }
  return candidates.reduce<Due | null>(
    (first, other) => (first === null || other.at < first.at ? other : first),
    null,
  );
}
