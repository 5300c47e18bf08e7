/** AWS Backup: snapshots of the databases beyond RDS's own 35 days, where no slip deletes them. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import { assumableByService } from '../policies.ts';

/** Days that monthly snapshots are kept: a year, the longest retention that a plan promises. */
export const monthlySnapshotDays = 365;

/**
 * Makes the vault and its plan: one snapshot a month, copied to the region of disaster recovery where there is one.
 */
export function createVault(
  config: PlatformConfig,
  args: { keys: Keys; databaseArns: readonly Output<string>[] },
): void {
  const { keys } = args;
  const { replicaRegion } = config.storage;
  const vault = (name: string, of: { keyArn: Output<string>; region: PlatformConfig['region'] }) => {
    const made = new aws.backup.Vault(name, {
      name: `${config.cellId}-${name}`,
      region: of.region,
      kmsKeyArn: of.keyArn,
    });
    // No date after which the lock is final: administrators may lift it, an ordinary role may not.
    new aws.backup.VaultLockConfiguration(name, {
      backupVaultName: made.name,
      region: of.region,
      minRetentionDays: 30,
      maxRetentionDays: monthlySnapshotDays,
    });
    return made;
  };
  const here = vault('databases', { keyArn: keys.database.arn, region: config.region });
  const there =
    replicaRegion && keys.replica
      ? vault('databases-replica', { keyArn: keys.replica.database.arn, region: replicaRegion })
      : undefined;
  const lifecycle = { deleteAfter: monthlySnapshotDays };
  const plan = new aws.backup.Plan('databases', {
    name: `${config.cellId}-databases`,
    rules: [
      {
        ruleName: 'monthly',
        targetVaultName: here.name,
        schedule: 'cron(0 2 1 * ? *)',
        startWindow: 60,
        completionWindow: 480,
        lifecycle,
        ...(there && { copyActions: [{ destinationVaultArn: there.arn, lifecycle }] }),
      },
    ],
  });
  const role = new aws.iam.Role('backup', {
    name: `${config.cellId}-backup`,
    description: 'AWS Backup: snapshots of the databases',
    assumeRolePolicy: assumableByService('backup.amazonaws.com'),
  });
  const attachment = new aws.iam.RolePolicyAttachment('backup', {
    role: role.name,
    policyArn: 'arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup',
  });
  new aws.backup.Selection(
    'databases',
    { name: 'databases', planId: plan.id, iamRoleArn: role.arn, resources: [...args.databaseArns] },
    { dependsOn: [attachment] },
  );
}
