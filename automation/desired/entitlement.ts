import type { Policy } from '../policy.ts';
import type { SubscriptionFacts } from './subscription-facts.ts';

/** What a subscription entitles its customer to at a given moment. */
export type Entitlement =
  /** Nothing has been paid (yet): there is no tenant to make. */
  | { readonly kind: 'none' }
  | { readonly kind: 'active' }
  | { readonly kind: 'suspended'; readonly reason: SuspendReason }
  /** The subscription has ended; the data is kept until `deleteAfter`. */
  | { readonly kind: 'ended'; readonly reason: SuspendReason; readonly deleteAfter: Date };

/** Why a tenant is suspended although its subscription is in order. */
const brakeReasons = ['credits_exhausted', 'api_budget_exhausted', 'spend_cap_reached'] as const;
export type BrakeReason = (typeof brakeReasons)[number];

export function isBrakeReason(reason: string | null): reason is BrakeReason {
  return brakeReasons.some((known) => known === reason);
}

/** Holds a tenant back although its subscription is in order. */
export interface Restraint {
  /** Why it is suspended, like a tenant that did not pay; null when it is not. */
  readonly pauses: BrakeReason | null;
  /** Keeps the workload to its smallest size. */
  readonly throttles: boolean;
}

export type SuspendReason =
  | 'payment_overdue'
  | 'payment_failed'
  | 'subscription_paused'
  | 'subscription_ended'
  | BrakeReason;

/** What a suspended tenant reads. */
export const suspendMessages: Record<SuspendReason, string> = {
  payment_overdue:
    'The last payment is overdue and the grace period is over. Pay the open invoice to resume; your data is kept.',
  payment_failed: 'Payment failed repeatedly. Update the payment method to resume; your data is kept.',
  subscription_paused: 'The subscription is paused. Resume it to continue; your data is kept.',
  subscription_ended:
    'The subscription has ended. Subscribe again before the data is deleted to get it back.',
  credits_exhausted:
    'All credits are used. The next paid period or a top-up resumes it at once; your data is kept.',
  api_budget_exhausted:
    "This month's API budget is used. The next month or a higher limit resumes it; your data is kept.",
  spend_cap_reached:
    "This month's spend cap is reached. The next month or a higher cap resumes it; your data is kept.",
};

/**
 * What a subscription's status entitles its customer to.
 * @param pastDueSince when we first saw the status past due, or null when it is not
 * @see https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
 */
export function entitlementOf(
  status: SubscriptionFacts['status'],
  pastDueSince: Date | null,
  now: Date,
  policy: Pick<Policy, 'graceMs' | 'retentionMs'>,
): Entitlement {
  switch (status) {
    case 'active':
    case 'trialing':
      return { kind: 'active' };
    case 'past_due': {
      const overdueMs = pastDueSince ? now.getTime() - pastDueSince.getTime() : 0;
      return overdueMs >= policy.graceMs
        ? { kind: 'suspended', reason: 'payment_overdue' }
        : { kind: 'active' };
    }
    case 'unpaid':
      return { kind: 'suspended', reason: 'payment_failed' };
    case 'paused':
      return { kind: 'suspended', reason: 'subscription_paused' };
    case 'canceled':
      return {
        kind: 'ended',
        reason: 'subscription_ended',
        deleteAfter: new Date(now.getTime() + policy.retentionMs),
      };
    case 'incomplete':
    case 'incomplete_expired':
      return { kind: 'none' };
    default:
      // A status that this version does not know must not suspend a paying customer.
      return { kind: 'active' };
  }
}

/**
 * Applies the restraints: the first one that pauses suspends an active tenant with its reason. A restraint never allows
 * what the subscription forbids. Pure.
 */
export function restrained(entitlement: Entitlement, restraints: readonly Restraint[]): Entitlement {
  const reason = restraints.find(({ pauses }) => pauses !== null)?.pauses ?? null;
  return entitlement.kind === 'active' && reason !== null ? { kind: 'suspended', reason } : entitlement;
}
