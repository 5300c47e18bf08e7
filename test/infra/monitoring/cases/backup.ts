import { type AlertCase, growing, type Series, steady } from './case.ts';

const failures = (failed: string, partly = steady(0)): Series => ({
  'velero_backup_failure_total{schedule="tenants"}': failed,
  'velero_backup_partial_failure_total{schedule="tenants"}': partly,
  'velero_backup_validation_failure_total{schedule="tenants"}': steady(0),
});

const succeeded = 'velero_backup_last_successful_timestamp{schedule="tenants"}';

export const backupCases: readonly AlertCase[] = [
  {
    alert: 'BackupFailed',
    fires: [
      {
        series: failures('0 0 0 1+0x100'),
        from: 3,
        labels: { schedule: 'tenants' },
        summary: 'A backup of the schedule tenants failed',
      },
      {
        series: failures(steady(4), '0 0 0 1+0x100'),
        from: 3,
        labels: { schedule: 'tenants' },
        summary: 'A backup of the schedule tenants failed',
      },
    ],
    silent: [{ because: 'what failed long ago is over', series: failures(steady(4)), at: 60 }],
  },
  {
    alert: 'BackupOverdue',
    fires: [
      {
        // Seven hours and a little ago.
        series: { [succeeded]: steady(-7 * 3600 + 270) },
        from: 15,
        labels: { schedule: 'tenants' },
        summary: 'No backup has succeeded for longer than 6h',
      },
      { series: {}, from: 10, labels: {}, summary: 'No backup has succeeded for longer than 6h' },
    ],
    silent: [{ because: 'they succeed', series: { [succeeded]: growing(60) }, at: 60 }],
  },
  {
    alert: 'BackupLocationUnavailable',
    fires: [
      {
        series: { 'velero_backup_location_status_gauge{backup_location_name="default"}': '1 1 0+0x100' },
        from: 17,
        labels: { backup_location_name: 'default' },
        summary: 'Velero cannot reach default',
      },
    ],
    silent: [
      {
        because: 'it came back',
        series: { 'velero_backup_location_status_gauge{backup_location_name="default"}': '1 0+0x9 1+0x100' },
        at: 60,
      },
    ],
  },
];
