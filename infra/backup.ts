/**
 * Backups of a cell: Velero backs up the cluster every six hours, AWS Backup the databases every month, beyond RDS's
 * own backups.
 */
import * as k8s from '@pulumi/kubernetes';
import { stringify } from 'yaml';
import { backupSchedule, restoreTemplate, veleroNamespace } from './backup/schedule.ts';
import { createVault } from './backup/vault.ts';
import { createVelero } from './backup/velero.ts';
import type { Cluster } from './cluster.ts';
import type { PlatformConfig } from './config.ts';
import type { Database } from './database.ts';
import type { Keys } from './keys.ts';
import { homeSecret } from './secrets.ts';
import type { Storage } from './storage.ts';

/** Makes everything that backs up a cell. */
export function createBackup(
  config: PlatformConfig,
  args: { cluster: Cluster; storage: Storage; keys: Keys; database: Database },
): void {
  const { cluster, storage, keys, database } = args;
  const release = createVelero(config, {
    cluster,
    bucket: storage.backups,
    keys,
    // One for the environment: after a cell is lost, another cell's Velero has to read its backups.
    repositoryPassword: homeSecret('velero', { config, keys, description: 'Password of backups of volumes' }),
  });
  const options = { provider: cluster.provider, dependsOn: [release] };
  new k8s.apiextensions.CustomResource(
    'velero-schedule',
    backupSchedule({ moveVolumes: config.storage.replicaRegion !== undefined }),
    options,
  );
  new k8s.apiextensions.CustomResource('velero-snapshots', volumeSnapshotClass, options);
  new k8s.core.v1.ConfigMap(
    'restore-template',
    {
      metadata: { name: 'restore-template', namespace: veleroNamespace },
      data: { 'restore.yaml': stringify(restoreTemplate) },
    },
    options,
  );
  if (config.environment === 'prod') {
    createVault(config, {
      keys,
      databaseArns: [
        database.arn,
        ...(config.primary ? [database.tenants.arn] : []),
        ...Object.values(database.dedicated).map(({ arn }) => arn),
      ],
    });
  }
}

/** How Velero snapshots volumes: by EBS, deleted together with their backup. */
const volumeSnapshotClass = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name: 'tenantry-ebs', labels: { 'velero.io/csi-volumesnapshot-class': 'true' } },
  driver: 'ebs.csi.aws.com',
  deletionPolicy: 'Delete',
};
