/** Whether money and infrastructure agree, and whether anybody checks. */
import type { RuleGroup } from './rule.ts';

const minute = 60;
/** Healing takes a few looks, five minutes apart. */
const healedWithinSeconds = 60 * minute;
/** Six looks that did not happen, or failed. */
const lookedWithinSeconds = 30 * minute;

export function reconcileRules(): RuleGroup {
  return {
    name: 'tenantry-reconcile',
    rules: [
      {
        alert: 'FindingsWaiting',
        expr: 'max by (kind) (tenantry_findings{state="waiting"}) > 0',
        forSeconds: 10 * minute,
        severity: 'warning',
        summary: '{{ $value }} findings of {{ $labels.kind }} wait for an operator',
        description:
          'Money and infrastructure disagree, and the fix deletes data or moves money. `tenantry reconcile` shows them and what to do.',
      },
      {
        alert: 'FindingNotHealing',
        expr: `max by (kind) (tenantry_finding_oldest_age_seconds{state="healing"}) > ${healedWithinSeconds}`,
        forSeconds: 5 * minute,
        severity: 'warning',
        summary: 'A finding of {{ $labels.kind }} does not heal',
        description:
          'Healing rings the ordinary jobs, and they make no progress. `tenantry reconcile` names the tenant, its timeline says why.',
      },
      {
        alert: 'ReconcileStopped',
        expr: `time() - max by (area) (tenantry_reconcile_completed_timestamp_seconds) > ${lookedWithinSeconds}`,
        forSeconds: 0,
        severity: 'critical',
        summary: 'Money and infrastructure ({{ $labels.area }}) were not compared for half an hour',
        description:
          'Customers who pay and get nothing, or get what nobody pays for, go unnoticed. `tenantry reconcile` says what does not answer: Stripe, the cluster, a database or the bucket of stacks.',
      },
    ],
  };
}
