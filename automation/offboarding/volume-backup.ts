/** Has Velero make a last backup of a tenant's volumes, where the cluster has Velero. */
import { z } from 'zod';
import {
  applyObject,
  type JsonObject,
  type KubernetesClient,
  readIfThere,
} from '../providers/kubernetes/index.ts';
import type { Tenant } from '../store/tenants.ts';
import type { BackupLine } from './receipt.ts';

/** As in the platform program (`infra/backup/schedule.ts`), which is not part of workers. */
export const veleroNamespace = 'velero';
export const backupRetentionDays = 30;

const group = '/apis/velero.io/v1';
const backups = `${group}/namespaces/${veleroNamespace}/backups`;
const fieldManager = 'tenantry-offboarding';

const backup = z.looseObject({
  status: z
    .looseObject({
      phase: z.string().optional(),
      completionTimestamp: z.string().optional(),
      expiration: z.string().optional(),
    })
    .optional(),
});

/** The backup is under way: look again later. */
export class BackupUnderWay extends Error {
  override readonly name = 'BackupUnderWay';
}

/**
 * Asks Velero for a backup of the tenant's namespace, and returns how it ended.
 * @throws BackupUnderWay until then; Error when it failed
 */
export async function backUpVolumes(cluster: KubernetesClient, tenant: Tenant): Promise<BackupLine> {
  const none = withoutVolumes(tenant);
  if (none) return none;
  if (!(await readIfThere(cluster, group)))
    return { made: false, why: 'the cluster has no Velero: volumes are not backed up' };
  if (!(await readIfThere(cluster, `/api/v1/namespaces/${tenant.namespace}`)))
    return { made: false, why: 'the namespace was gone already' };
  const name = `end-of-${tenant.id}`;
  const path = `${backups}/${name}`;
  const found = (await readIfThere(cluster, path)) ?? (await order(cluster, tenant, name));
  const { phase = 'New', completionTimestamp, expiration } = backup.parse(found).status ?? {};
  if (phase === 'Completed' && completionTimestamp !== undefined) {
    const keptUntil = expiration === undefined ? null : instantOf(expiration);
    return { made: true, name, completedAt: instantOf(completionTimestamp), keptUntil };
  }
  if (!/Failed/.test(phase)) throw new BackupUnderWay(`Velero's backup ${name} is ${phase}`);
  throw new Error(
    `Velero's backup ${name} is ${phase}: \`velero backup describe ${name}\` says why; delete it, and another one is made`,
  );
}

function withoutVolumes(tenant: Tenant): BackupLine | null {
  const volumes = (tenant.outputs?.objects ?? []).filter(({ kind }) => kind === 'PersistentVolumeClaim');
  if (tenant.phase === 'deleted') return { made: false, why: 'the tenant was deleted already' };
  if (tenant.owner === null) return { made: false, why: 'it was a slot that nobody had used' };
  return volumes.length > 0 ? null : { made: false, why: 'the tenant has no volumes' };
}

function instantOf(text: string): string {
  return new Date(text).toISOString();
}

function order(cluster: KubernetesClient, tenant: Tenant, name: string): Promise<JsonObject> {
  const backup = {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: {
      name,
      namespace: veleroNamespace,
      // Not the tenant's own label: a backup outlives everything else of the tenant on purpose.
      labels: { 'tenantry.dev/backup-of': tenant.id },
    },
    spec: {
      includedNamespaces: [tenant.namespace],
      snapshotVolumes: true,
      snapshotMoveData: true,
      storageLocation: 'default',
      ttl: `${backupRetentionDays * 24}h0m0s`,
    },
  };
  return applyObject(cluster, `${backups}/${name}`, backup, fieldManager);
}
