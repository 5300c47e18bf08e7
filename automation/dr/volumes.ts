/** Restores volumes from Velero's backups: the one part of a tenant that its row cannot recreate. */
import { z } from 'zod';
import { restoreManifest, veleroNamespace } from '../../infra/backup/schedule.ts';
import { defaultCell } from '../../tenants/tenant.ts';
import { applyObject, type KubernetesClient, readIfThere } from '../providers/kubernetes/index.ts';
import type { Look, Step } from './steps.ts';

const velero = `/apis/velero.io/v1/namespaces/${veleroNamespace}`;
const fieldManager = 'tenantry-dr';

const backup = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ storageLocation: z.string().optional() }),
  status: z
    .looseObject({ phase: z.string().optional(), completionTimestamp: z.iso.datetime().optional() })
    .optional(),
});
const backupList = z.looseObject({ items: z.array(backup) });
const restore = z.looseObject({
  status: z
    .looseObject({
      phase: z.string().optional(),
      progress: z
        .looseObject({ itemsRestored: z.number().optional(), totalItems: z.number().optional() })
        .optional(),
      errors: z.number().optional(),
    })
    .optional(),
});

export interface VolumeBackup {
  readonly name: string;
  readonly completedAt: Date;
}

/**
 * Finds the newest complete backup.
 * @param options.location only backups of this storage location
 * @param options.before only older ones
 */
export async function newestBackup(
  cluster: KubernetesClient,
  options: { location?: string; before?: Date | null } = {},
): Promise<VolumeBackup | null> {
  const { items } = backupList.parse(await cluster.send({ method: 'GET', path: `${velero}/backups` }));
  const usable = items.flatMap(({ metadata, spec, status }): VolumeBackup[] => {
    if (status?.phase !== 'Completed' || status.completionTimestamp === undefined) return [];
    if (options.location !== undefined && spec.storageLocation !== options.location) return [];
    const completedAt = new Date(status.completionTimestamp);
    return options.before && completedAt > options.before ? [] : [{ name: metadata.name, completedAt }];
  });
  return usable.sort((a, b) => b.completedAt.getTime() - a.completedAt.getTime())[0] ?? null;
}

export interface VolumeRecovery {
  readonly cluster: KubernetesClient;
  readonly recovery: string;
  /** Uses the newest backup before this time, to which the database is restored; null for the newest of all. */
  readonly before: Date | null;
  /** The copies of a lost cell's backups in this region; null where the cell uses its own backups. */
  readonly copies: { readonly cellId: string; readonly bucket: string; readonly region: string } | null;
}

/** Has Velero restore volumes and objects before the tenants are made again, so that they adopt them. */
export function volumeSteps({ cluster, recovery, before, copies }: VolumeRecovery): Step[] {
  const name = `recovery-${recovery}`;
  const location = copies ? copies.cellId : 'default';
  return [
    ...(copies ? [locationStep(cluster, copies)] : []),
    {
      id: 'volumes',
      title: 'Volumes from Velero',
      look: async () => {
        const found = await readIfThere(cluster, `${velero}/restores/${name}`);
        if (found) return restoreLook(restore.parse(found).status);
        const newest = await newestBackup(cluster, { location, before });
        if (newest)
          return { state: 'todo', detail: `from ${newest.name} of ${newest.completedAt.toISOString()}` };
        return copies
          ? { state: 'waiting', detail: `Velero has not read the backups in ${copies.bucket} yet` }
          : {
              state: 'blocked',
              detail: 'Velero has no complete backup; leave volumes out by --only database',
            };
      },
      act: async () => {
        const newest = await newestBackup(cluster, { location, before });
        if (!newest) throw new Error('Velero has no complete backup');
        const body = tenantRestore(name, newest.name);
        await applyObject(cluster, `${velero}/restores/${name}`, body, fieldManager);
      },
    },
  ];
}

/** A restore of all tenants, without the control plane, which the platform program makes. */
export function tenantRestore(name: string, backup: string) {
  const manifest = restoreManifest({ name, backup });
  const excludedNamespaces = [defaultCell.controlPlaneNamespace];
  return { ...manifest, spec: { ...manifest.spec, excludedNamespaces } };
}

/** Gives Velero read-only access to the copies of the lost cell's backups. */
function locationStep(cluster: KubernetesClient, copies: NonNullable<VolumeRecovery['copies']>): Step {
  const path = `${velero}/backupstoragelocations/${copies.cellId}`;
  return {
    id: 'location',
    title: `Backups of ${copies.cellId} in ${copies.bucket}`,
    look: async () =>
      (await readIfThere(cluster, path))
        ? { state: 'done', detail: 'Velero reads them' }
        : { state: 'todo', detail: 'Velero is told of them' },
    act: async () => {
      const location = {
        apiVersion: 'velero.io/v1',
        kind: 'BackupStorageLocation',
        metadata: { name: copies.cellId, namespace: veleroNamespace },
        spec: {
          provider: 'aws',
          accessMode: 'ReadOnly',
          objectStorage: { bucket: copies.bucket, prefix: 'velero' },
          config: { region: copies.region },
        },
      };
      await applyObject(cluster, path, location, fieldManager);
    },
  };
}

function restoreLook(status: z.infer<typeof restore>['status']): Look {
  const phase = status?.phase ?? 'New';
  const { itemsRestored = 0, totalItems = 0 } = status?.progress ?? {};
  const detail = `${phase}, ${itemsRestored} of ${totalItems} objects`;
  if (phase === 'Completed') return { state: 'done', detail };
  if (/Failed/.test(phase)) {
    return {
      state: 'blocked',
      detail: `${detail}, ${status?.errors ?? 0} errors: velero restore describe tells them`,
    };
  }
  return { state: 'waiting', detail };
}
