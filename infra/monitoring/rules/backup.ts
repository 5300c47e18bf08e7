/** Velero's backups. */
import { platform } from '../../../tenants/catalog/index.ts';
import { duration, type RuleGroup } from './rule.ts';

const hourSeconds = 3_600;

export function backupRules(): RuleGroup {
  const intervalSeconds = platform.backupIntervalHours * hourSeconds;
  // Plus the time of one backup.
  const overdueSeconds = intervalSeconds + hourSeconds;
  return {
    name: 'tenantry-backup',
    rules: [
      {
        alert: 'BackupFailed',
        // Velero makes all three for a schedule, at zero, when it first sees it.
        expr: `
          sum by (schedule) (increase(velero_backup_failure_total[1h]))
            + sum by (schedule) (increase(velero_backup_partial_failure_total[1h]))
            + sum by (schedule) (increase(velero_backup_validation_failure_total[1h])) > 0`,
        forSeconds: 0,
        severity: 'warning',
        summary: 'A backup of the schedule {{ $labels.schedule }} failed',
        description:
          '`velero backup describe` and `velero backup logs` name the object. The next one may still be in time.',
      },
      {
        alert: 'BackupOverdue',
        expr: `
          time() - max by (schedule) (velero_backup_last_successful_timestamp{schedule!=""}) > ${overdueSeconds}
          or absent(velero_backup_last_successful_timestamp{schedule!=""})`,
        forSeconds: 600,
        severity: 'critical',
        summary: `No backup has succeeded for longer than ${duration(intervalSeconds)}`,
        description: 'A disaster now would lose more than is promised. Look at Velero’s pod and its bucket.',
      },
      {
        alert: 'BackupLocationUnavailable',
        expr: 'min by (backup_location_name) (velero_backup_location_status_gauge) == 0',
        forSeconds: 900,
        severity: 'critical',
        summary: 'Velero cannot reach {{ $labels.backup_location_name }}',
        description:
          'Neither backup nor restore is possible: look at the bucket’s policy, the key and Velero’s role.',
      },
    ],
  };
}
