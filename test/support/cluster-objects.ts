/** Everything that the cluster holds of a tenant, asked of every kind of object that it serves. */
import type { JsonObject, KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { isStatus } from '../../automation/providers/kubernetes/errors.ts';
import type { KubernetesObject } from './infra-graph.ts';

export interface ClusterObject extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
    readonly ownerReferences?: readonly { readonly controller?: boolean }[];
  };
}

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly path: string;
}

const kindsOf = new WeakMap<KubernetesClient, Promise<readonly Kind[]>>();

/**
 * The objects in the tenant's namespace, those anywhere that carry its label or its id in their name, its namespace
 * and the volumes that were claimed from it. Events are left out: they are a log.
 */
export async function clusterObjectsOf(
  cluster: KubernetesClient,
  tenant: { readonly id: string; readonly namespace: string },
): Promise<ClusterObject[]> {
  const kinds = kindsOf.get(cluster) ?? listableKinds(cluster);
  kindsOf.set(cluster, kinds);
  const lists = await Promise.all((await kinds).map((kind) => objectsOf(cluster, kind)));
  return lists.flat().filter((object) => isOf(object, tenant));
}

function isOf(object: ClusterObject, { id, namespace }: { id: string; namespace: string }): boolean {
  const { metadata, kind } = object;
  const claimedFrom = (object.spec as { claimRef?: { namespace?: string } } | undefined)?.claimRef?.namespace;
  return (
    metadata.namespace === namespace ||
    metadata.labels?.['tenantry.dev/tenant'] === id ||
    metadata.name.includes(id) ||
    (kind === 'Namespace' && metadata.name === namespace) ||
    claimedFrom === namespace
  );
}

async function listableKinds(cluster: KubernetesClient): Promise<readonly Kind[]> {
  const get = async <T>(path: string) => (await cluster.send({ method: 'GET', path })) as JsonObject as T;
  const { groups } = await get<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (apiVersion) => {
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const { resources } = await get<{ resources: { name: string; kind: string; verbs: string[] }[] }>(root);
      return resources
        .filter(({ name, verbs }) => !name.includes('/') && name !== 'events' && verbs.includes('list'))
        .map(({ name, kind }) => ({ apiVersion, kind, path: `${root}/${name}` }));
    }),
  );
  return lists.flat();
}

async function objectsOf(
  cluster: KubernetesClient,
  { apiVersion, kind, path }: Kind,
): Promise<ClusterObject[]> {
  const list = await cluster.send({ method: 'GET', path }).catch((error: unknown) => {
    // Another test file has removed the definition of its own kind.
    if (isStatus(error, 404)) return {};
    throw error;
  });
  const { items } = list as { items?: ClusterObject[] | null };
  // Objects of a list do not say of what kind they are.
  return (items ?? []).map((item) => ({ ...item, apiVersion, kind }));
}
