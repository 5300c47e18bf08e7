/** The loop that makes the world match what was paid for: tenants, workers, sweep. */
import type { RuleGroup } from './rule.ts';

/** A sweep begins every minute; five missing are no accident. */
const sweepOverdueSeconds = 300;

/** One worker of all does what concerns all cells; it may be another region's for long. */
const sharedSweepOverdueSeconds = 3600;

/** Longer than an image takes to be pulled onto a node that must be started first. */
const notRunningSeconds = 600;

export function tenantRules(): RuleGroup {
  return {
    name: 'tenantry-tenants',
    rules: [
      {
        alert: 'TenantFailed',
        expr: 'max by (product) (tenantry_tenants{phase="failed"}) > 0',
        forSeconds: 0,
        severity: 'critical',
        summary: '{{ $value }} tenants of {{ $labels.product }} cannot be made what was paid for',
        description:
          'Provisioning failed for good or four times in a row. `tenantry tenants` lists them with their cause, `tenantry retry <id>` tries again at once.',
      },
      {
        alert: 'TenantStuck',
        expr: 'max by (tenant, product) (tenantry_tenant_unconverged_attempts) >= 0',
        forSeconds: 900,
        severity: 'critical',
        summary: 'Tenant {{ $labels.tenant }} of {{ $labels.product }} has waited a quarter of an hour',
        description:
          'It is not what it should be and no operation has brought it there: see `tenantry events <id>` and the workers.',
      },
      {
        alert: 'TenantNotRunning',
        expr: `max by (product, cell, health) (tenantry_tenant_not_running_seconds) > ${notRunningSeconds}`,
        forSeconds: 60,
        severity: 'critical',
        summary:
          'A tenant of {{ $labels.product }} in {{ $labels.cell }} is provisioned and has not run for ten minutes ({{ $labels.health }})',
        description:
          'Fewer of its pods are ready than are wanted. `tenantry tenants` lists who and why, `tenantry reconcile` with its age.',
      },
      {
        alert: 'HealthNotWatched',
        expr: 'sum by (cell) (max by (product, plan, cell) (tenantry_tenant_health{health="unknown"})) > 0',
        forSeconds: 300,
        severity: 'warning',
        summary: 'Nobody watches what runs of {{ $value }} tenants in {{ $labels.cell }}',
        description:
          'One of the cell’s workers follows its pods. Look at the workers’ log, and whether they reach the cluster.',
      },
      {
        alert: 'ProvisioningErrors',
        expr: `
          sum(increase(tenantry_operations_total{outcome!="succeeded"}[15m]))
            / sum(increase(tenantry_operations_total[15m])) > 0.1
          and sum(increase(tenantry_operations_total{outcome!="succeeded"}[15m])) > 3`,
        forSeconds: 0,
        severity: 'critical',
        summary: '{{ $value | humanizePercentage }} of the operations on tenants fail',
        description:
          'In the last quarter of an hour. When many tenants fail at once the cause is shared: the cluster, the database, the state bucket.',
      },
      {
        alert: 'SweepNotRunning',
        expr: `
          time() - max(tenantry_sweep_completed_timestamp_seconds{part="cell"}) > ${sweepOverdueSeconds}
          or time() - max(tenantry_sweep_completed_timestamp_seconds{part="shared"}) > ${sharedSweepOverdueSeconds}
          or absent(tenantry_sweep_completed_timestamp_seconds{part="cell"})`,
        forSeconds: sweepOverdueSeconds,
        severity: 'critical',
        summary: 'Nothing has compared Stripe, tenants and cluster for minutes',
        description:
          'Webhooks still work, but what one of them misses stays missed. Look at the workers: a sweep runs in one of them every minute.',
      },
      {
        alert: 'SweepStepFailing',
        expr: 'sum by (step) (increase(tenantry_sweep_failed_steps_total[15m])) > 3',
        forSeconds: 0,
        severity: 'warning',
        summary: 'The step {{ $labels.step }} of the sweep fails again and again',
        description: 'The other steps go on. The workers’ log has its error.',
      },
      {
        alert: 'WorkersDown',
        expr: 'absent(tenantry_runners)',
        forSeconds: 120,
        severity: 'critical',
        summary: 'No worker reports metrics',
        description:
          'Payments are accepted and remembered, but no tenant is made. Look at the pods of the workers.',
      },
      {
        alert: 'RunnersBusy',
        expr: `
          sum(tenantry_runners{state="busy"}) / sum(tenantry_runners) > 0.9
          and on () max(tenantry_backlog{kind="tenants"}) > 10`,
        forSeconds: 900,
        severity: 'warning',
        summary: 'Tenants wait for workers',
        description: 'All runners have been at work for a quarter of an hour: add worker replicas.',
      },
      {
        alert: 'NoWarmSlots',
        expr: 'max by (product) (tenantry_slots_ready) == 0',
        forSeconds: 900,
        severity: 'warning',
        summary: 'New tenants of {{ $labels.product }} are made cold',
        description:
          'Slots are not refilled: the next customers wait about a second instead of a twentieth of it.',
      },
    ],
  };
}
