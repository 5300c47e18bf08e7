import { isStatus, type KubernetesClient } from '../providers/kubernetes/index.ts';

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly status?: { readonly phase?: string };
}

const finished = ['Succeeded', 'Failed'];

/**
 * Ends the pods that run in the namespace. Its quota must allow none, or their controllers make others.
 * @returns the names of those that no Deployment keeps, which only the tenant's own people can have made
 */
export async function endPods(cluster: KubernetesClient, namespace: string): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { items = [] } = await cluster.send({ method: 'GET', path });
  const running = (items as unknown as readonly Pod[]).filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && !finished.includes(status?.phase ?? ''),
  );
  for (const { metadata } of running) {
    try {
      await cluster.send({ method: 'DELETE', path: `${path}/${metadata.name}` });
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }
  return running
    .filter(({ metadata }) => !metadata.ownerReferences?.some(({ kind }) => kind === 'ReplicaSet'))
    .map(({ metadata }) => metadata.name)
    .sort();
}
