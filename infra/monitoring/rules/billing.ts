/** Stripe and subscriptions. */
import { platform } from '../../../tenants/catalog/index.ts';
import { breaches } from './figures.ts';
import type { RuleGroup } from './rule.ts';

const daySeconds = 86_400;

export function billingRules(): RuleGroup {
  const sync = platform.alerts.billingSync;
  const ends = platform.alerts.subscriptionEnds;
  return {
    name: 'tenantry-billing',
    rules: [
      {
        alert: 'BillingSyncFailing',
        // A first failed try is repeated within seconds: five minutes of them are a failure.
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
        alert: 'BudgetReached',
        // One alert for each share that the owner is warned of; the control plane decides when one is reached.
        expr: 'max by (tenant, product, kind, percent) (tenantry_budget_reached) > 0',
        forSeconds: 0,
        severity: 'warning',
        summary:
          'Tenant {{ $labels.tenant }} has used {{ $labels.percent }} % of this month’s {{ $labels.kind }} budget',
        description:
          'Its owner has been told ({{ $labels.product }}). From 90 % on it is throttled, at 100 % it is paused until the next month or a higher limit: `tenantry tenant {{ $labels.tenant }}` shows where it stands.',
      },
      {
        alert: 'StripeAlertOpen',
        expr: 'max by (kind) (tenantry_stripe_alerts_open) > 0',
        forSeconds: 0,
        severity: 'warning',
        summary: 'Stripe reported what an operator must see to: {{ $labels.kind }} ({{ $value }})',
        description:
          '`tenantry events alerts` says what: answer a disputed payment before its deadline, repair a changed catalog with `tenantry catalog sync`. Close what is done with --close.',
      },
      {
        alert: 'StripeEventsFailing',
        expr: 'max(tenantry_stripe_events_waiting{state="failed"}) > 0',
        // Every sweep tries again, once a minute.
        forSeconds: 15 * 60,
        severity: 'warning',
        summary: '{{ $value }} events of Stripe cannot be handled',
        description:
          'Each keeps why: `tenantry events replay --failed --dry-run` shows it. They are tried again until they succeed.',
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
