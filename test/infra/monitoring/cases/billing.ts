import { type AlertCase, steady } from './case.ts';

const ends = 'tenantry_subscription_end_timestamp_seconds';
const budget = 'tenantry_budget_reached';
const day = 86_400;

export const billingCases: readonly AlertCase[] = [
  {
    alert: 'BillingSyncFailing',
    fires: [
      {
        series: { 'tenantry_subscription_syncs_failing{pod="api-1"}': '0 0 0 0 7+0x100' },
        from: 8,
        labels: {},
        summary: 'Subscriptions cannot be fetched from Stripe',
      },
      {
        // The list of all subscriptions cannot be had, though no single one is known to have changed.
        series: {
          'tenantry_subscription_syncs_failing{pod="api-1"}': steady(0),
          'tenantry_sweep_failed_steps_total{step="compareWithStripe",pod="worker-1"}': '0 0 0 1+1x100',
        },
        from: 5,
        labels: {},
        summary: 'Subscriptions cannot be fetched from Stripe',
      },
    ],
    silent: [
      {
        because: 'one failed try is repeated',
        series: { 'tenantry_subscription_syncs_failing{pod="api-1"}': '0 1 0 0 1 0 0 0 1 0 0' },
        at: 10,
      },
    ],
  },
  {
    alert: 'StripeAlertOpen',
    fires: [
      {
        series: {
          'tenantry_stripe_alerts_open{kind="dispute",pod="worker-1"}': '0 0 2+0x100',
          'tenantry_stripe_alerts_open{kind="dispute",pod="worker-2"}': '0 0 2+0x100',
        },
        from: 2,
        labels: { kind: 'dispute' },
        summary: 'Stripe reported what an operator must see to: dispute (2)',
      },
    ],
    silent: [
      {
        because: 'it was closed',
        series: { 'tenantry_stripe_alerts_open{kind="dispute",pod="worker-1"}': '1x10 stale' },
        at: 20,
      },
    ],
  },
  {
    alert: 'StripeEventsFailing',
    fires: [
      {
        series: { 'tenantry_stripe_events_waiting{state="failed",pod="worker-1"}': '0 0 3+0x100' },
        from: 17,
        labels: {},
        summary: '3 events of Stripe cannot be handled',
      },
    ],
    silent: [
      {
        because: 'Stripe was away for a moment',
        series: { 'tenantry_stripe_events_waiting{state="failed",pod="worker-1"}': '0 5+0x10 0+0x50' },
        at: 14,
      },
      {
        because: 'those that came just now are on their way',
        series: { 'tenantry_stripe_events_waiting{state="fresh",pod="worker-1"}': steady(9) },
        at: 60,
      },
    ],
  },
  {
    alert: 'BudgetReached',
    fires: (['50', '80', '100'] as const).map((percent) => ({
      series: {
        // Both replicas of the API tell of it.
        [`${budget}{tenant="abcd1234",product="inbox",kind="api",percent="${percent}",pod="api-1"}`]:
          steady(1),
        [`${budget}{tenant="abcd1234",product="inbox",kind="api",percent="${percent}",pod="api-2"}`]:
          steady(1),
      },
      from: 0,
      labels: { tenant: 'abcd1234', product: 'inbox', kind: 'api', percent },
      summary: `Tenant abcd1234 has used ${percent} % of this month’s api budget`,
      description:
        'Its owner has been told (inbox). From 90 % on it is throttled, at 100 % it is paused until the next month or a higher limit: `tenantry tenant abcd1234` shows where it stands.',
    })),
    silent: [
      {
        because: 'a new month has begun',
        series: {
          [`${budget}{tenant="abcd1234",product="inbox",kind="api",percent="50",pod="api-1"}`]: '1x10 stale',
        },
        at: 20,
      },
    ],
  },
  {
    alert: 'SubscriptionEnding',
    fires: [
      {
        series: {
          [`${ends}{tenant="abcd1234",product="workspace",plan="byoc",pod="api-1"}`]: steady(3 * day + 300),
          [`${ends}{tenant="abcd1234",product="workspace",plan="byoc",pod="api-2"}`]: steady(3 * day + 300),
        },
        from: 6,
        labels: { tenant: 'abcd1234', product: 'workspace', plan: 'byoc' },
        summary: 'The subscription of tenant abcd1234 ends in 2.999 days',
        description:
          'It was cancelled (workspace, byoc). At its end the tenant is suspended and its data kept for the time of retention.',
      },
    ],
    silent: [
      {
        because: 'there are four days left',
        series: {
          [`${ends}{tenant="abcd1234",product="workspace",plan="byoc",pod="api-1"}`]: steady(4 * day),
        },
        at: 60,
      },
    ],
  },
];
