import { platformManifests } from '../../tenants/platform.ts';
import type { Cell } from '../../tenants/tenant.ts';
import { applyObject, Discovery, type KubernetesClient, objectPath } from '../providers/kubernetes/index.ts';

/**
 * Applies the few cluster-wide objects that tenants rely on (their priority, the guard against what no tenant may do,
 * the control plane's namespace). Server-side, so that it changes nothing where the platform stack has already
 * applied them.
 */
export async function applyPlatform(cluster: KubernetesClient, cell: Cell): Promise<void> {
  const discovery = new Discovery(cluster);
  for (const manifest of platformManifests(cell)) {
    const resource = await discovery.resource(manifest);
    const path = objectPath(manifest, resource, manifest.metadata.namespace, manifest.metadata.name);
    await applyObject(cluster, path, manifest, 'tenantry');
  }
}
