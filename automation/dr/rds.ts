/** PostgreSQL servers in RDS. */
import {
  AddTagsToResourceCommand,
  type DBInstance,
  type DBInstanceAutomatedBackup,
  DBInstanceNotFoundFault,
  DeregisterDBProxyTargetsCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBProxyTargetsCommand,
  ModifyDBInstanceCommand,
  PromoteReadReplicaCommand,
  type RDSClient,
  RegisterDBProxyTargetsCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import type { BackupWindow, DatabaseServers, Server } from './servers.ts';

const ownerSecret = z.looseObject({ password: z.string().min(8) });

/** @param region the one that the clients call */
export function rdsServers(clients: {
  rds: RDSClient;
  secrets: SecretsManagerClient;
  region: string;
}): DatabaseServers {
  const { rds, secrets, region } = clients;

  async function describe(id: string): Promise<DBInstance | null> {
    try {
      const { DBInstances = [] } = await rds.send(
        new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }),
      );
      return DBInstances[0] ?? null;
    } catch (error) {
      if (error instanceof DBInstanceNotFoundFault) return null;
      throw error;
    }
  }

  async function described(id: string): Promise<DBInstance> {
    const found = await describe(id);
    if (!found) throw new Error(`RDS has no server ${id} in ${region}`);
    return found;
  }

  return {
    async find(id) {
      const found = await describe(id);
      return found && serverOf(id, found);
    },

    async backups(id) {
      const { DBInstanceAutomatedBackups: backups = [] } = await rds.send(
        new DescribeDBInstanceAutomatedBackupsCommand({
          Filters: [{ Name: 'db-instance-id', Values: [id] }],
        }),
      );
      return newestWindow(backups, region);
    },

    async promote(id, settings) {
      await rds.send(
        new PromoteReadReplicaCommand({
          DBInstanceIdentifier: id,
          BackupRetentionPeriod: settings.backupRetentionDays,
        }),
      );
    },

    async rename(id, newId) {
      await rds.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: id,
          NewDBInstanceIdentifier: newId,
          ApplyImmediately: true,
        }),
      );
    },

    async restore({ backup, target, at, like, tags }) {
      if (like === null) {
        throw new Error(
          `no server is left in ${region} to copy network and settings from for ${target}: restore it in the console`,
        );
      }
      await rds.send(
        new RestoreDBInstanceToPointInTimeCommand({
          ...sourceOf(backup),
          ...(at ? { RestoreTime: at } : { UseLatestRestorableTime: true }),
          TargetDBInstanceIdentifier: target,
          ...settingsLike(await described(like)),
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
    },

    async adjust(id, settings) {
      await rds.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: id,
          MultiAZ: settings.multiAz,
          BackupRetentionPeriod: settings.backupRetentionDays,
          DeletionProtection: settings.deletionProtection,
          ApplyImmediately: true,
        }),
      );
    },

    async takePassword(id, secretName) {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretName }));
      const { password } = ownerSecret.parse(JSON.parse(SecretString ?? 'null'));
      await rds.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: id,
          MasterUserPassword: password,
          ApplyImmediately: true,
        }),
      );
    },

    async connectProxy(proxy, id) {
      const { Targets = [] } = await rds.send(new DescribeDBProxyTargetsCommand({ DBProxyName: proxy }));
      // Also a target of the same name: the proxy may mean the server that had the name before.
      const old = Targets.flatMap(({ RdsResourceId }) => RdsResourceId ?? []);
      if (old.length > 0) {
        await rds.send(
          new DeregisterDBProxyTargetsCommand({ DBProxyName: proxy, DBInstanceIdentifiers: old }),
        );
      }
      await rds.send(new RegisterDBProxyTargetsCommand({ DBProxyName: proxy, DBInstanceIdentifiers: [id] }));
    },

    async tag(id, tags) {
      const { DBInstanceArn } = await described(id);
      await rds.send(
        new AddTagsToResourceCommand({
          ResourceName: DBInstanceArn,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
    },
  };
}

function serverOf(id: string, instance: DBInstance): Server {
  return {
    id,
    status: instance.DBInstanceStatus ?? 'unknown',
    host: instance.Endpoint?.Address ?? null,
    replicaOf: instance.ReadReplicaSourceDBInstanceIdentifier ?? null,
    multiAz: instance.MultiAZ ?? false,
    backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
    deletionProtection: instance.DeletionProtection ?? false,
    tags: Object.fromEntries((instance.TagList ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}

/** Picks the latest window, because several servers may have had the name. */
function newestWindow(backups: readonly DBInstanceAutomatedBackup[], region: string): BackupWindow | null {
  const windows = backups.flatMap((backup): BackupWindow[] => {
    const from = backup.RestoreWindow?.EarliestTime;
    const until = backup.RestoreWindow?.LatestTime;
    const source = backupSource(backup, region);
    return from && until && source ? [{ source, from, until }] : [];
  });
  return windows.sort((a, b) => b.until.getTime() - a.until.getTime())[0] ?? null;
}

function backupSource(backup: DBInstanceAutomatedBackup, region: string): BackupWindow['source'] | null {
  const { DBInstanceAutomatedBackupsArn: arn, DbiResourceId: resourceId, DBInstanceIdentifier: id } = backup;
  if (backup.Region !== undefined && backup.Region !== region)
    return arn ? { kind: 'replicated', arn } : null;
  if (backup.Status === 'retained') return resourceId ? { kind: 'retained', resourceId } : null;
  return id ? { kind: 'instance', id } : null;
}

function sourceOf({ source }: BackupWindow) {
  switch (source.kind) {
    case 'instance':
      return { SourceDBInstanceIdentifier: source.id };
    case 'retained':
      return { SourceDbiResourceId: source.resourceId };
    case 'replicated':
      return { SourceDBInstanceAutomatedBackupsArn: source.arn };
  }
}

/** Without these RDS uses its own: the default network, the default parameters. */
function settingsLike(like: DBInstance) {
  return {
    DBInstanceClass: like.DBInstanceClass,
    DBSubnetGroupName: like.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: (like.VpcSecurityGroups ?? []).flatMap(
      ({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? [],
    ),
    DBParameterGroupName: like.DBParameterGroups?.[0]?.DBParameterGroupName,
    StorageType: like.StorageType,
    MaxAllocatedStorage: like.MaxAllocatedStorage,
    CACertificateIdentifier: like.CACertificateIdentifier,
    EnableCloudwatchLogsExports: like.EnabledCloudwatchLogsExports,
    EnableIAMDatabaseAuthentication: like.IAMDatabaseAuthenticationEnabled,
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: true,
    CopyTagsToSnapshot: true,
    DeletionProtection: like.DeletionProtection,
  };
}
