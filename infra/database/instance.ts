/** A PostgreSQL server the way the platform runs all of them, and its read replicas. */
import * as aws from '@pulumi/aws';
import { jsonStringify, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random';
import { platform } from '../../tenants/catalog/index.ts';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import { logRetentionDays } from '../log-retention.ts';
import { createSecret } from '../secrets.ts';

export const postgresPort = 5432;

/**
 * Major version of the servers; minor versions arrive in the maintenance window. RDS Proxy supports it in every
 * region of the platform.
 */
export const postgresVersion = '17';

/** Settings that differ from RDS's own. */
export const parameters: readonly { name: string; value: string; atRestart?: true }[] = [
  // No connection without TLS, neither from the proxy nor from the control plane.
  { name: 'rds.force_ssl', value: '1' },
  { name: 'ssl_min_protocol_version', value: 'TLSv1.2' },
  { name: 'password_encryption', value: 'scram-sha-256' },
  { name: 'rds.accepted_password_auth_method', value: 'scram' },
  { name: 'shared_preload_libraries', value: 'pg_stat_statements', atRestart: true },
  { name: 'log_min_duration_statement', value: '1000' },
  // A slow statement is logged without its values: they are tenants' data and new roles' passwords.
  { name: 'log_parameter_max_length', value: '0' },
  { name: 'log_lock_waits', value: '1' },
  { name: 'idle_in_transaction_session_timeout', value: '60000' },
];

/** Further parameters of servers that tenants log in to: limits on a login, see docs/isolation.md. */
export const tenantParameters: typeof parameters = [
  // Leaves room for other transactions until the warden ends one that fills the table of locks.
  { name: 'max_locks_per_transaction', value: '256', atRestart: true },
  // kB per session.
  { name: 'temp_file_limit', value: '524288' },
];

/** Settings that all servers of a cell share. */
export interface ServerSurroundings {
  readonly config: PlatformConfig;
  readonly keys: Keys;
  readonly subnetGroupName: Output<string>;
  readonly parameterGroupName: Output<string>;
  readonly securityGroupId: Output<string>;
  /** Lets RDS write operating system metrics. */
  readonly monitoringRoleArn: Output<string>;
}

export interface ServerSize {
  readonly instanceClass: string;
  readonly storageGb: number;
  readonly maxStorageGb: number;
  readonly multiAz: boolean;
}

export interface Server {
  readonly instance: aws.rds.Instance;
  readonly host: Output<string>;
  /** `{"engine", "host", "port", "username", "password", "dbname"}`, the format that rotation and RDS Proxy read. */
  readonly secretArn: Output<string>;
}

/** Name of the database and of its owner. */
export const databaseName = 'tenantry';

/**
 * A server with its secret.
 *
 * We make the password ourselves, as RDS refuses read replicas and blue/green upgrades of servers with a managed
 * password (RDS user guide, limitations of the integration with Secrets Manager, 2026-11).
 */
export function createServer(name: string, size: ServerSize, around: ServerSurroundings): Server {
  const { config, keys } = around;
  const identifier = `${config.cellId}-${name}`;
  const kept = config.environment !== 'dev';
  const password = new RandomPassword(`${name}-database`, { length: 40, special: false });
  const instance = new aws.rds.Instance(
    name,
    {
      identifier,
      dbName: databaseName,
      username: databaseName,
      password: password.result,
      engineVersion: postgresVersion,
      allocatedStorage: size.storageGb,
      maxAllocatedStorage: size.maxStorageGb,
      multiAz: size.multiAz,
      // Any second of the last 35 days can be restored.
      backupRetentionPeriod: platform.database.pointInTimeRecoveryDays,
      backupWindow: '03:00-04:00',
      copyTagsToSnapshot: true,
      deleteAutomatedBackups: !kept,
      skipFinalSnapshot: !kept,
      ...(kept && { finalSnapshotIdentifier: `${identifier}-final` }),
      kmsKeyId: keys.database.arn,
      // A replica is in its source's subnets, and RDS refuses to be told so.
      dbSubnetGroupName: around.subnetGroupName,
      ...sharedSettings(size.instanceClass, around),
    },
    // Rotation changes it outside this program.
    { ignoreChanges: ['password'], protect: config.environment === 'prod' },
  );
  exportLogs(name, identifier, around);
  const secret = createSecret(`database-${name}`, {
    config,
    keys,
    description: `PostgreSQL ${identifier}: owner's credentials, rotated`,
  });
  const version = new aws.secretsmanager.SecretVersion(
    `database-${name}`,
    {
      secretId: secret.id,
      secretString: jsonStringify({
        engine: 'postgres',
        host: instance.address,
        port: postgresPort,
        username: databaseName,
        password: password.result,
        dbname: databaseName,
      }),
    },
    { ignoreChanges: ['secretString'] },
  );
  return {
    instance,
    host: instance.address,
    // Known once it has a value: its readers may start.
    secretArn: version.arn,
  };
}

/** A copy of a server that answers queries and can take its place. */
export function createReplica(
  name: string,
  source: aws.rds.Instance,
  size: Pick<ServerSize, 'instanceClass' | 'maxStorageGb' | 'multiAz'>,
  around: ServerSurroundings,
): aws.rds.Instance {
  const identifier = `${around.config.cellId}-${name}`;
  const replica = new aws.rds.Instance(
    name,
    {
      identifier,
      replicateSourceDb: source.identifier,
      // It must grow with its source.
      maxAllocatedStorage: size.maxStorageGb,
      multiAz: size.multiAz,
      // Its own backups, so that it has a history when it is promoted.
      backupRetentionPeriod: 7,
      // Everything in it is in its source too.
      skipFinalSnapshot: true,
      ...sharedSettings(size.instanceClass, around),
    },
    { protect: around.config.environment === 'prod' },
  );
  exportLogs(name, identifier, around);
  return replica;
}

function sharedSettings(instanceClass: string, around: ServerSurroundings) {
  const { config, keys } = around;
  return {
    engine: 'postgres',
    instanceClass,
    storageType: 'gp3',
    storageEncrypted: true,
    parameterGroupName: around.parameterGroupName,
    vpcSecurityGroupIds: [around.securityGroupId],
    publiclyAccessible: false,
    iamDatabaseAuthenticationEnabled: true,
    caCertIdentifier: 'rds-ca-rsa2048-g1',
    deletionProtection: config.environment !== 'dev',
    autoMinorVersionUpgrade: true,
    maintenanceWindow: 'Sun:04:30-Sun:05:30',
    applyImmediately: config.environment === 'dev',
    performanceInsightsEnabled: true,
    performanceInsightsKmsKeyId: keys.database.arn,
    // Days; the longest that is free.
    performanceInsightsRetentionPeriod: 7,
    // Seconds.
    monitoringInterval: config.environment === 'prod' ? 15 : 60,
    monitoringRoleArn: around.monitoringRoleArn,
    enabledCloudwatchLogsExports: [...exportedLogs],
  };
}

const exportedLogs = ['postgresql', 'upgrade'] as const;

/** Otherwise RDS makes them, without a key and without an end. */
function exportLogs(name: string, identifier: string, { config, keys }: ServerSurroundings): void {
  for (const log of exportedLogs) {
    new aws.cloudwatch.LogGroup(`${name}-${log}`, {
      name: `/aws/rds/instance/${identifier}/${log}`,
      kmsKeyId: keys.logs.arn,
      retentionInDays: logRetentionDays(config.monitoring.retentionDays),
    });
  }
}
