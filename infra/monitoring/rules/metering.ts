/** Alerts about metering and its reports to Stripe. */
import type { RuleGroup } from './rule.ts';

/** A sample is taken every five minutes; three missing are no accident. */
const sampleOverdueSeconds = 1_200;

/** A day is reported an hour after its end; Stripe accepts corrections for 24 hours, so somebody has time to look. */
const reportOverdueSeconds = 6 * 3_600;

export function meteringRules(): RuleGroup {
  return {
    name: 'tenantry-metering',
    rules: [
      {
        alert: 'MeteringStopped',
        // A sample's age counts from its start; of several workers the last one scraped knows it best.
        expr: `min by (cell) (tenantry_usage_last_sample_age_seconds) > ${sampleOverdueSeconds}`,
        forSeconds: 0,
        severity: 'critical',
        summary: 'Nothing has been measured in cell {{ $labels.cell }} for a quarter of an hour',
        description:
          'Current use is charged to nobody, and spend caps do not see it. The workers’ log about metering names what the cluster refuses.',
      },
      {
        alert: 'MeteringGap',
        expr: 'max by (cell) (tenantry_usage_gap_seconds) > 0',
        forSeconds: 0,
        severity: 'warning',
        summary:
          '{{ $value | humanizeDuration }} of the last day were not measured in cell {{ $labels.cell }}',
        description: 'That use is charged to nobody. `tenantry usage` shows when it was.',
      },
      {
        alert: 'UsageUnreported',
        expr: `max(tenantry_usage_unreported_age_seconds) > ${reportOverdueSeconds}`,
        forSeconds: 0,
        severity: 'critical',
        summary: 'Stripe was not told of use for hours after its day was over',
        description:
          'It is on no invoice until it is reported, and after 35 days Stripe no longer accepts it. `tenantry usage` shows how much waits, the workers’ log says why.',
      },
      {
        alert: 'UsageOverreported',
        expr: 'max(tenantry_usage_overreported) > 0',
        forSeconds: 3_600,
        severity: 'warning',
        summary: 'Stripe has more use of {{ $value }} days of tenants than there was',
        description:
          'Stripe takes a correction for 24 hours, which are over. Give the difference back by a credit note.',
      },
    ],
  };
}
