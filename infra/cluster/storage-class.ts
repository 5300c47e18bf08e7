import * as k8s from '@pulumi/kubernetes';
import type { Keys } from '../keys.ts';

export const storageClassName = 'tenantry-gp3';

/** Makes the default class of volumes. Returns its name. */
export function createStorageClass(provider: k8s.Provider, keys: Keys): string {
  new k8s.storage.v1.StorageClass(
    'gp3',
    {
      metadata: {
        name: storageClassName,
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'ebs.csi.aws.com',
      parameters: {
        type: 'gp3',
        encrypted: 'true',
        kmsKeyId: keys.cluster.arn,
        'csi.storage.k8s.io/fstype': 'ext4',
      },
      // In the zone of its pod, so that the pod need not follow it.
      volumeBindingMode: 'WaitForFirstConsumer',
      // A tenant's volume grows with its plan.
      allowVolumeExpansion: true,
      reclaimPolicy: 'Delete',
    },
    { provider },
  );
  return storageClassName;
}
