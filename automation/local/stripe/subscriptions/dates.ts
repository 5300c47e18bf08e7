/** When a subscription's trial ends, and when it is to be canceled: pure changes of its state. */

import type { z } from 'zod';
import type { SubscriptionDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import { periodEnd } from './schedule.ts';
import { itemEnd } from './start.ts';
import type { cancellationDetails } from './subscriptions.ts';

export function withTrialEnd(
  subscription: SubscriptionDoc,
  trialEnd: 'now' | number | undefined,
  now: number,
): SubscriptionDoc {
  if (trialEnd === undefined) return subscription;
  const end = trialEnd === 'now' ? now : trialEnd;
  const trialing = end > now;
  if (!trialing && subscription.status !== 'trialing') return subscription;
  const items = subscription.items.data.map((item) => ({
    ...item,
    current_period_start: now,
    current_period_end: itemEnd(item.price, end, now),
  }));
  return {
    ...subscription,
    status: trialing ? 'trialing' : 'active',
    trial_start: subscription.trial_start ?? (trialing ? now : null),
    trial_end: end,
    billing_cycle_anchor: end,
    items: { ...subscription.items, data: items },
  };
}

export function withCancellation(
  subscription: SubscriptionDoc,
  params: {
    cancel_at_period_end?: boolean | undefined;
    cancel_at?: number | 'min_period_end' | 'max_period_end' | null | undefined;
    cancellation_details?: z.output<typeof cancellationDetails> | undefined;
  },
  now: number,
): SubscriptionDoc {
  const details = {
    comment: params.cancellation_details?.comment ?? subscription.cancellation_details?.comment ?? null,
    feedback: params.cancellation_details?.feedback ?? subscription.cancellation_details?.feedback ?? null,
    feedback_option: null,
  };
  const asked = { ...details, reason: 'cancellation_requested' };
  if (params.cancel_at_period_end === true) {
    return {
      ...subscription,
      cancel_at_period_end: true,
      cancel_at: periodEnd(subscription),
      canceled_at: subscription.canceled_at ?? now,
      cancellation_details: asked,
    };
  }
  if (params.cancel_at) {
    const ends = subscription.items.data.map((item) => item.current_period_end);
    const at =
      params.cancel_at === 'min_period_end'
        ? Math.min(...ends)
        : params.cancel_at === 'max_period_end'
          ? Math.max(...ends)
          : params.cancel_at;
    if (at <= now)
      throw new StripeError('The subscription cancellation must be in the future.', { param: 'cancel_at' });
    return {
      ...subscription,
      cancel_at_period_end: false,
      cancel_at: at,
      canceled_at: subscription.canceled_at ?? now,
      cancellation_details: asked,
    };
  }
  if (params.cancel_at_period_end === false || params.cancel_at === null) {
    return {
      ...subscription,
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
      cancellation_details: { ...details, reason: null },
    };
  }
  return params.cancellation_details
    ? {
        ...subscription,
        cancellation_details: { ...details, reason: subscription.cancellation_details?.reason ?? null },
      }
    : subscription;
}
