/** Deletion protection and backups: neither a slip nor a fault of AWS loses production. */
import {
  argumentsAreKnown,
  isProduction,
  kubernetesKind,
  type PolicyResource,
  propertiesAreKnown,
} from '../resource.ts';
import {
  all,
  inProduction,
  must,
  mustBe,
  mustBeAtLeast,
  mustHave,
  mustNotBe,
  type Rule,
  ruleByType,
  stackRule,
  when,
} from '../rule.ts';
import { recordsOf } from '../values.ts';

/** Point-in-time recovery that the requirements demand of PostgreSQL. */
const recoveryDays = 35;
/** Hours between backups of the cluster that the requirements demand. */
const clusterBackupHours = 6;

const isCopy = ({ props }: PolicyResource) =>
  props.replicateSourceDb !== undefined && props.replicateSourceDb !== null;

export const durabilityRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'deletion-protected',
      concern: 'deletion protection and backups',
      description: 'In production nothing that keeps data goes with one slip.',
    },
    {
      'aws:rds/instance:Instance': inProduction(
        when(
          (resource) => !isCopy(resource),
          all(
            mustBe('deletionProtection', true),
            mustNotBe('skipFinalSnapshot', true),
            mustHave('finalSnapshotIdentifier', 'the name of the snapshot that a deletion leaves'),
            mustBe('deleteAutomatedBackups', false),
          ),
        ),
      ),
      'aws:rds/cluster:Cluster': inProduction(
        mustBe('deletionProtection', true),
        mustNotBe('skipFinalSnapshot', true),
      ),
      'aws:elasticache/replicationGroup:ReplicationGroup': inProduction(
        mustHave('finalSnapshotIdentifier', 'the name of the snapshot that a deletion leaves'),
      ),
      'aws:dynamodb/table:Table': inProduction(mustBe('deletionProtectionEnabled', true)),
      'aws:cognito/userPool:UserPool': inProduction(mustBe('deletionProtection', 'ACTIVE')),
      'aws:eks/cluster:Cluster': inProduction(mustBe('deletionProtection', true)),
      'eks:index:Cluster': when(argumentsAreKnown, inProduction(mustBe('deletionProtection', true))),
      'aws:lb/loadBalancer:LoadBalancer': inProduction(mustBe('enableDeletionProtection', true)),
      'aws:s3/bucket:Bucket': inProduction(mustNotBe('forceDestroy', true)),
      'aws:ecr/repository:Repository': inProduction(mustNotBe('forceDelete', true)),
      'aws:kms/key:Key': inProduction(
        must(
          'deletionWindowInDays',
          (days) => days === undefined || Number(days) === 30,
          '30 days, the most that KMS grants',
        ),
      ),
      'aws:secretsmanager/secret:Secret': inProduction(
        must(
          'recoveryWindowInDays',
          (days) => days === undefined || Number(days) >= 7,
          'at least 7 days to change one’s mind',
        ),
      ),
    },
  ),
  ruleByType(
    {
      name: 'backed-up',
      concern: 'deletion protection and backups',
      description: 'In production databases stand in two zones and can be restored to a moment of the past.',
    },
    {
      'aws:rds/instance:Instance': inProduction(
        when(
          (resource) => !isCopy(resource),
          all(mustBeAtLeast('backupRetentionPeriod', recoveryDays, 'days'), mustBe('multiAz', true)),
        ),
      ),
      'aws:rds/cluster:Cluster': inProduction(mustBeAtLeast('backupRetentionPeriod', recoveryDays, 'days')),
      'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication': inProduction(
        mustBeAtLeast('retentionPeriod', recoveryDays, 'days'),
      ),
      'aws:elasticache/replicationGroup:ReplicationGroup': inProduction(
        mustBeAtLeast('snapshotRetentionLimit', 1, 'day'),
        mustBe('automaticFailoverEnabled', true),
        mustBe('multiAzEnabled', true),
      ),
      'aws:dynamodb/table:Table': inProduction(mustBe('pointInTimeRecovery.enabled', true)),
    },
  ),
  stackRule(
    {
      name: 'cluster-backed-up',
      concern: 'deletion protection and backups',
      description: `A cluster of production is backed up by Velero every ${clusterBackupHours} hours or more often.`,
    },
    (resources) => {
      if (resources.some((resource) => isSchedule(resource) && runsOftenEnough(resource))) return [];
      return clustersOf(resources)
        .filter(isProduction)
        .map((resource) => ({
          resource,
          message: `there is no Schedule of Velero that runs every ${clusterBackupHours} hours`,
        }));
    },
  ),
];

function isSchedule({ type }: PolicyResource): boolean {
  return type.startsWith('kubernetes:velero.io/') && kubernetesKind(type) === 'Schedule';
}

function runsOftenEnough(schedule: PolicyResource): boolean {
  const { paused, schedule: cron } = recordsOf(schedule.props.spec)[0] ?? {};
  return (
    !propertiesAreKnown(schedule) || (paused !== true && hoursBetween(String(cron)) <= clusterBackupHours)
  );
}

/** The clusters themselves, or the components that make them where only these are known. */
function clustersOf(resources: readonly PolicyResource[]): readonly PolicyResource[] {
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const clusters = ofType('aws:eks/cluster:Cluster');
  return clusters.length > 0 ? clusters : ofType('eks:index:Cluster');
}

/** Longest time between two runs of a cron expression that repeats within a day; infinite for any other. */
function hoursBetween(cron: string): number {
  const [minute = '', hour = '', ...rest] = cron.trim().split(/\s+/);
  if (/^@hourly$/.test(minute)) return 1;
  const every = /^@every (\d+)h/.exec(cron.trim());
  if (every) return Number(every[1]);
  if (rest.join(' ') !== '* * *' || minute === '') return Number.POSITIVE_INFINITY;
  if (hour === '*') return 1;
  const step = /^(?:\*|0-23|0)\/(\d+)$/.exec(hour);
  if (step) return Number(step[1]);
  const hours = hour.split(',').map(Number);
  if (hours.some((value) => !Number.isInteger(value))) return Number.POSITIVE_INFINITY;
  const sorted = [...hours].sort((one, other) => one - other);
  const gaps = sorted.map((value, index) => (sorted[index + 1] ?? (sorted[0] ?? 0) + 24) - value);
  return Math.max(...gaps);
}
