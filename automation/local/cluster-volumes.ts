/**
 * Volumes for a cluster without storage: plays the provisioner of the default StorageClass. It makes a
 * PersistentVolume bound to every claim of that class (kube-controller-manager's own binder does the rest), and
 * deletes released ones, as a CSI driver's sidecar does. It stores nothing: kwok's pods never write.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ClusterApi } from './cluster-api.ts';

const driver = 'local.tenantry.dev';

/** Objects that announce the class; applied at start. */
export const volumeObjects = [
  {
    path: '/apis/storage.k8s.io/v1/csidrivers/local.tenantry.dev',
    object: {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: driver },
      spec: { attachRequired: false },
    },
  },
  {
    path: '/apis/storage.k8s.io/v1/storageclasses/standard',
    object: {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: driver,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
    },
  },
] as const;

const claimSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    volumeName: z.string().optional(),
    accessModes: z.array(z.string()),
    resources: z.object({ requests: z.object({ storage: z.string() }) }),
  }),
});

const volumeSchema = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
  status: z.object({ phase: z.string().optional() }).optional(),
});

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});

/** Provisions until `signal` aborts. After a lost connection it lists and watches again. */
export async function provisionVolumes(api: ClusterApi, signal: AbortSignal): Promise<void> {
  await Promise.all([
    follow(api, '/api/v1/persistentvolumeclaims', signal, (claim) => provision(api, claim)),
    follow(api, '/api/v1/persistentvolumes', signal, (volume) => reclaim(api, volume)),
  ]);
}

async function follow(
  api: ClusterApi,
  path: string,
  signal: AbortSignal,
  act: (object: unknown) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const list = listSchema.parse((await api.call('GET', path)).body);
      for (const item of list.items) await act(item);
      const query = `?watch=true&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}`;
      await api.watch(
        path + query,
        (event) => {
          // A refused write comes up again in the next list.
          if (event.type === 'ADDED' || event.type === 'MODIFIED') act(event.object).catch(() => {});
        },
        signal,
      );
    } catch {
      await delay(200, undefined, { signal }).catch(() => {});
    }
  }
}

async function provision(api: ClusterApi, object: unknown): Promise<void> {
  const claim = claimSchema.safeParse(object);
  if (!claim.success) return;
  const { metadata, spec } = claim.data;
  // The controller manager marks claims that wait for us with this annotation.
  const asked = metadata.annotations?.['volume.kubernetes.io/storage-provisioner'];
  if (asked !== driver || spec.volumeName !== undefined || metadata.deletionTimestamp !== undefined) return;
  const name = `pvc-${metadata.uid}`;
  await api.call('POST', '/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      accessModes: spec.accessModes,
      capacity: { storage: spec.resources.requests.storage },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      csi: { driver, volumeHandle: name },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'standard',
    },
  });
}

async function reclaim(api: ClusterApi, object: unknown): Promise<void> {
  const volume = volumeSchema.safeParse(object);
  if (!volume.success) return;
  const { metadata, status } = volume.data;
  if (metadata.annotations?.['pv.kubernetes.io/provisioned-by'] !== driver || status?.phase !== 'Released')
    return;
  await api.call('DELETE', `/api/v1/persistentvolumes/${metadata.name}`);
}
