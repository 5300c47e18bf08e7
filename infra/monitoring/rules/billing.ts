/** Stripe and subscriptions. */
import { breaches, threshold } from './figures.ts';
import type { RuleGroup } from './rule.ts';

const daySeconds = 86_400;

export function billingRules(): RuleGroup {
  const sync = threshold('stream-billing-sync');
  const ends = threshold('workspace-subscription-ends');
  return {
    name: 'tenantry-billing',
    rules: [
      {
        alert: 'BillingSyncFailing',
        // A first try that fails is repeated within seconds: five minutes in a row is a failure.
        expr: `
          max(min_over_time(tenantry_subscription_syncs_failing[5m])) ${breaches(sync)}
          or max(increase(tenantry_sweep_failed_steps_total{step="compareWithStripe"}[5m])) > 2`,
        forSeconds: sync.forSeconds,
        severity: 'critical',
        summary: 'Subscriptions cannot be fetched from Stripe',
        description:
          'What customers buy or cancel now has no effect until Stripe answers. Look at status.stripe.com, then at the key in Secrets Manager.',
      },
      {
        alert: 'SubscriptionEnding',
        expr: `
          (max by (tenant, product, plan) (tenantry_subscription_end_timestamp_seconds) - time()) / ${daySeconds}
            ${breaches(ends)}`,
        forSeconds: ends.forSeconds,
        severity: 'warning',
        summary: 'The subscription of tenant {{ $labels.tenant }} ends in {{ $value | humanize }} days',
        description:
          'It was cancelled ({{ $labels.product }}, {{ $labels.plan }}). At its end the tenant is suspended and its data kept for the time of retention.',
      },
    ],
  };
}
