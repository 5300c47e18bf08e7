import { type AlertCase, growing, steady } from './case.ts';

const operations = (outcome: string, perMinute: number) => ({
  [`tenantry_operations_total{operation="up",outcome="${outcome}",pod="worker-1"}`]: growing(perMinute),
});

export const tenantCases: readonly AlertCase[] = [
  {
    alert: 'TenantFailed',
    fires: [
      {
        // Every replica of the API tells the same.
        series: {
          'tenantry_tenants{product="browsers",phase="failed",pod="api-1"}': steady(2),
          'tenantry_tenants{product="browsers",phase="failed",pod="api-2"}': steady(2),
        },
        from: 0,
        labels: { product: 'browsers' },
        summary: '2 tenants of browsers cannot be made what was paid for',
      },
    ],
    silent: [
      {
        because: 'a tenant that is being made has not failed',
        series: { 'tenantry_tenants{product="browsers",phase="provisioning",pod="api-1"}': steady(5) },
        at: 60,
      },
    ],
  },
  {
    alert: 'TenantStuck',
    fires: [
      {
        // Another replica takes over the reporting.
        series: {
          'tenantry_tenant_unconverged_attempts{tenant="abcd1234",product="stream",pod="api-1"}':
            '0+0x8 _x100',
          'tenantry_tenant_unconverged_attempts{tenant="abcd1234",product="stream",pod="api-2"}':
            '_x7 0+0x100',
        },
        from: 15,
        labels: { tenant: 'abcd1234', product: 'stream' },
        summary: 'Tenant abcd1234 of stream has waited a quarter of an hour',
      },
    ],
    silent: [
      {
        because: 'a deletion may take its five minutes',
        series: {
          'tenantry_tenant_unconverged_attempts{tenant="abcd1234",product="stream",pod="api-1"}':
            '0+0x5 _x100',
        },
        at: 20,
      },
    ],
  },
  {
    alert: 'TenantNotRunning',
    fires: [
      {
        series: {
          'tenantry_tenant_not_running_seconds{product="browsers",plan="starter",cell="a",health="image",pod="api-1"}':
            '0+60x100',
          'tenantry_tenant_not_running_seconds{product="browsers",plan="starter",cell="a",health="image",pod="api-2"}':
            '0+60x100',
        },
        from: 12,
        labels: { product: 'browsers', cell: 'a', health: 'image' },
        summary: 'A tenant of browsers in a is provisioned and has not run for ten minutes (image)',
      },
    ],
    silent: [
      {
        because: 'a new tenant’s image may be pulled for ten minutes',
        series: {
          'tenantry_tenant_not_running_seconds{product="browsers",plan="starter",cell="a",health="starting",pod="api-1"}':
            '0+60x9 _x100',
        },
        at: 30,
      },
    ],
  },
  {
    alert: 'HealthNotWatched',
    fires: [
      {
        series: {
          'tenantry_tenant_health{product="browsers",plan="starter",cell="a",health="unknown",pod="api-1"}':
            steady(3),
          'tenantry_tenant_health{product="browsers",plan="starter",cell="a",health="unknown",pod="api-2"}':
            steady(3),
          'tenantry_tenant_health{product="stream",plan="business",cell="a",health="unknown",pod="api-1"}':
            steady(4),
        },
        from: 5,
        labels: { cell: 'a' },
        summary: 'Nobody watches what runs of 7 tenants in a',
      },
    ],
    silent: [
      {
        because: 'another worker takes over within a minute',
        series: {
          'tenantry_tenant_health{product="browsers",plan="starter",cell="a",health="unknown",pod="api-1"}':
            '3+0x2 _x100',
        },
        at: 10,
      },
    ],
  },
  {
    alert: 'ProvisioningErrors',
    fires: [
      {
        series: { ...operations('succeeded', 3), ...operations('failed', 1) },
        from: 4,
        labels: {},
        summary: '25% of the operations on tenants fail',
      },
    ],
    silent: [
      {
        because: 'one in twenty fails',
        series: { ...operations('succeeded', 19), ...operations('failed', 1) },
        at: 60,
      },
      {
        because: 'one failure on a quiet night is the tenant’s own alert',
        series: {
          'tenantry_operations_total{operation="up",outcome="failed",pod="worker-1"}': '0 1+0x60',
          'tenantry_operations_total{operation="up",outcome="succeeded",pod="worker-1"}': steady(5),
        },
        at: 5,
      },
    ],
  },
  {
    alert: 'SweepNotRunning',
    fires: [
      {
        series: {
          'tenantry_sweep_completed_timestamp_seconds{part="cell",pod="worker-1"}': '0+60x10 600+0x100',
        },
        from: 21,
        labels: {},
        summary: 'Nothing has compared Stripe, tenants and cluster for minutes',
      },
      {
        series: {
          'tenantry_sweep_completed_timestamp_seconds{part="cell",pod="worker-1"}': growing(60),
          'tenantry_sweep_completed_timestamp_seconds{part="shared",pod="worker-1"}': steady(0),
        },
        from: 66,
        labels: {},
        summary: 'Nothing has compared Stripe, tenants and cluster for minutes',
      },
      {
        series: {},
        from: 5,
        labels: { part: 'cell' },
        summary: 'Nothing has compared Stripe, tenants and cluster for minutes',
      },
    ],
    silent: [
      {
        because: 'any worker’s sweep will do',
        series: {
          'tenantry_sweep_completed_timestamp_seconds{part="cell",pod="worker-1"}': steady(0),
          'tenantry_sweep_completed_timestamp_seconds{part="cell",pod="worker-2"}': growing(60),
        },
        at: 60,
      },
      {
        because: 'the part of all cells may be done in another region for a while',
        series: {
          'tenantry_sweep_completed_timestamp_seconds{part="cell",pod="worker-1"}': growing(60),
          'tenantry_sweep_completed_timestamp_seconds{part="shared",pod="worker-1"}': '0+0x30 1800+60x100',
        },
        at: 40,
      },
    ],
  },
  {
    alert: 'SweepStepFailing',
    fires: [
      {
        series: { 'tenantry_sweep_failed_steps_total{step="checkDrift",pod="worker-1"}': growing(1) },
        from: 4,
        labels: { step: 'checkDrift' },
        summary: 'The step checkDrift of the sweep fails again and again',
      },
    ],
    silent: [
      {
        because: 'it failed twice and then did not',
        series: { 'tenantry_sweep_failed_steps_total{step="checkDrift",pod="worker-1"}': '0 1 2+0x100' },
        at: 10,
      },
    ],
  },
  {
    alert: 'WorkersDown',
    fires: [{ series: {}, from: 2, labels: {}, summary: 'No worker reports metrics' }],
    silent: [
      {
        because: 'one works',
        series: { 'tenantry_runners{state="idle",pod="worker-1"}': steady(3) },
        at: 60,
      },
    ],
  },
  {
    alert: 'RunnersBusy',
    fires: [
      {
        series: {
          'tenantry_runners{state="busy",pod="worker-1"}': steady(3),
          'tenantry_runners{state="idle",pod="worker-1"}': steady(0),
          'tenantry_backlog{kind="tenants",pod="api-1"}': steady(40),
        },
        from: 15,
        labels: {},
        summary: 'Tenants wait for workers',
      },
    ],
    silent: [
      {
        because: 'nobody waits',
        series: {
          'tenantry_runners{state="busy",pod="worker-1"}': steady(3),
          'tenantry_runners{state="idle",pod="worker-1"}': steady(0),
          'tenantry_backlog{kind="tenants",pod="api-1"}': steady(3),
        },
        at: 60,
      },
    ],
  },
  {
    alert: 'NoWarmSlots',
    fires: [
      {
        series: { 'tenantry_slots_ready{product="inbox",pod="api-1"}': '2 1 0+0x100' },
        from: 17,
        labels: { product: 'inbox' },
        summary: 'New tenants of inbox are made cold',
      },
    ],
    silent: [
      {
        because: 'they are refilled within minutes',
        series: { 'tenantry_slots_ready{product="inbox",pod="api-1"}': '2 0+0x9 2+0x100' },
        at: 60,
      },
    ],
  },
];
