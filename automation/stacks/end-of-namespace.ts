import { writableResources } from '../../tenants/isolation.ts';
import { systemFinalizers } from '../../tenants/platform.ts';
import { isStatus, type JsonObject, type KubernetesClient, textAt } from '../providers/kubernetes/index.ts';

/** Whether the cluster is deleting the namespace. */
export function isEnding(namespace: JsonObject): boolean {
  return textAt(namespace, 'metadata', 'deletionTimestamp') !== undefined;
}

interface Held {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
  };
}

/**
 * Removes the finalizers that the tenant itself has set on objects that are being deleted. Leaves those of Kubernetes, which
 * its controllers remove.
 * @returns what it removed, as `configmaps/name: example.com/finalizer`
 */
export async function takeOffFinalizers(cluster: KubernetesClient, namespace: string): Promise<string[]> {
  const takenOff: string[] = [];
  for (const { apiGroups, resources } of writableResources()) {
    for (const path of apiGroups.flatMap((group) =>
      resources.map((resource) => pathOf(group, namespace, resource)),
    )) {
      for (const object of await held(cluster, path)) {
        const { name, resourceVersion, finalizers = [] } = object.metadata;
        const own = finalizers.filter((finalizer) => !systemFinalizers.includes(finalizer));
        if (own.length === 0) continue;
        try {
          await cluster.send({
            method: 'PATCH',
            path: `${path}/${name}`,
            contentType: 'application/json-patch+json',
            body: [
              { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
              {
                op: 'replace',
                path: '/metadata/finalizers',
                value: finalizers.filter((finalizer) => systemFinalizers.includes(finalizer)),
              },
            ],
          });
          takenOff.push(`${path.split('/').at(-1)}/${name}: ${own.join(', ')}`);
        } catch (error) {
          // The object is gone or has changed in the meantime; the next look sees what is left.
          if (!isStatus(error, 404, 409, 422)) throw error;
        }
      }
    }
  }
  return [...new Set(takenOff)].sort();
}

function pathOf(group: string, namespace: string, resource: string): string {
  return `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/namespaces/${namespace}/${resource}`;
}

async function held(cluster: KubernetesClient, path: string): Promise<readonly Held[]> {
  const list = await cluster.send({ method: 'GET', path });
  const items = (list.items ?? []) as unknown as readonly Held[];
  return items.filter(
    ({ metadata }) => metadata.deletionTimestamp !== undefined && metadata.finalizers !== undefined,
  );
}
