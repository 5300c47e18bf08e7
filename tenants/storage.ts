import { metadata } from './isolation.ts';
import type { PersistentVolumeClaim } from './manifest.ts';
import { bytesQuantity } from './quantities.ts';
import { type Tenant, volumeBytes } from './tenant.ts';

export const volumeClaimName = 'home';

/** The tenant's volume, for one pod at a time, or null where the product keeps nothing on disk. */
export function volumeClaim(tenant: Tenant): PersistentVolumeClaim | null {
  const bytes = volumeBytes(tenant);
  if (bytes === null) return null;
  const { storageClassName } = tenant.cell;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...metadata(tenant, volumeClaimName),
      // A class with `WaitForFirstConsumer` binds the volume only once a pod uses it.
      annotations: { 'pulumi.com/skipAwait': 'true' },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: bytesQuantity(bytes) } },
      ...(storageClassName !== null && { storageClassName }),
    },
  };
}
