import { type AlertCase, steady } from './case.ts';

const age = 'tenantry_finding_oldest_age_seconds{kind="wrong-plan",state="healing",pod="worker-1"}';
const completed = 'tenantry_reconcile_completed_timestamp_seconds{area="money",pod="worker-1"}';

export const reconcileCases: readonly AlertCase[] = [
  {
    alert: 'FindingsWaiting',
    fires: [
      {
        series: {
          'tenantry_findings{kind="stack-of-nobody",state="waiting",pod="worker-1"}': '0 0 2+0x100',
          'tenantry_findings{kind="stack-of-nobody",state="waiting",pod="worker-2"}': '0 0 2+0x100',
        },
        from: 12,
        labels: { kind: 'stack-of-nobody' },
        summary: '2 findings of stack-of-nobody wait for an operator',
      },
    ],
    silent: [
      {
        because: 'what heals by itself needs nobody',
        series: { 'tenantry_findings{kind="wrong-plan",state="healing",pod="worker-1"}': steady(3) },
        at: 60,
      },
      {
        because: 'somebody has dismissed it',
        series: { 'tenantry_findings{kind="stack-of-nobody",state="dismissed",pod="worker-1"}': steady(1) },
        at: 60,
      },
    ],
  },
  {
    alert: 'FindingNotHealing',
    fires: [
      {
        series: { [age]: '0+60x100' },
        from: 66,
        labels: { kind: 'wrong-plan' },
        summary: 'A finding of wrong-plan does not heal',
      },
    ],
    silent: [{ because: 'it is young', series: { [age]: '0+60x50' }, at: 49 }],
  },
  {
    alert: 'ReconcileStopped',
    fires: [
      {
        series: { [completed]: '0 60 120+0x100' },
        from: 33,
        labels: { area: 'money' },
        summary: 'Money and infrastructure (money) were not compared for half an hour',
      },
    ],
    silent: [{ because: 'it is compared every few minutes', series: { [completed]: '0+60x100' }, at: 90 }],
  },
];
