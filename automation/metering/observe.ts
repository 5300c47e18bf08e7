import { z } from 'zod';
import {
  type JsonObject,
  type KubernetesClient,
  quantity,
  readIfThere,
} from '../providers/kubernetes/index.ts';

/**
 * One look at everything that runs in a cluster: three lists, in pages of 500, however many tenants there are. Results are
 * by namespace, which belongs to one tenant; labels inside of it are not to be trusted, as the tenant's people set them.
 */

/** What a namespace uses. */
export interface NamespaceUse {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
  readonly consumers: ReadonlyMap<string, { readonly cpuMillis: number; readonly memoryBytes: number }>;
}

export interface Observation {
  /** `metrics`: what pods use. `requests`: what they request, where nothing in the cluster measures pods. */
  readonly source: 'metrics' | 'requests';
  readonly pods: number;
  /** Namespaces that use anything. */
  readonly namespaces: ReadonlyMap<string, NamespaceUse>;
}

/** Names whom within a tenant a pod works for. A product's service sets it on the pods that it starts. */
export const consumerLabel = 'tenantry.dev/consumer';
const nameLabel = 'app.kubernetes.io/name';

const pageSize = '500';

const metadata = z.object({
  namespace: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
});
const amounts = z.object({ cpu: z.string().optional(), memory: z.string().optional() });
const container = z.object({ resources: z.object({ requests: amounts.optional() }).optional() });

const podSchema = z.object({
  metadata,
  spec: z.object({
    containers: z.array(container),
    // One with a restart policy is a sidecar.
    initContainers: z.array(container.extend({ restartPolicy: z.string().optional() })).optional(),
    overhead: amounts.optional(),
  }),
});
const podMetricsSchema = z.object({ metadata, containers: z.array(z.object({ usage: amounts })) });
const claimSchema = z.object({
  metadata,
  status: z.object({ capacity: z.object({ storage: z.string() }).optional() }).optional(),
});
const pageSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }).optional(),
  items: z.array(z.unknown()),
});

export type Amounts = z.infer<typeof amounts>;

/** What a running pod requests: its containers, its sidecars, and the sandbox's overhead. Pure. */
export function requestsOf(pod: z.infer<typeof podSchema>): Amounts[] {
  const { containers, initContainers = [], overhead } = pod.spec;
  const beside = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [
    ...[...containers, ...beside].flatMap(({ resources }) => resources?.requests ?? []),
    ...(overhead ? [overhead] : []),
  ];
}

/**
 * @throws when the cluster does not answer, or measures pods but fails to report: no figure is better than a wrong one
 */
export async function observe(cluster: Pick<KubernetesClient, 'send'>): Promise<Observation> {
  const found = new Map<string, MutableUse>();
  const entryOf = (namespace: string) => {
    let use = found.get(namespace);
    if (!use) {
      use = { cpuMillis: 0, memoryBytes: 0, storageBytes: 0, consumers: new Map() };
      found.set(namespace, use);
    }
    return use;
  };
  let pods = 0;
  const addPod = ({ namespace, labels }: z.infer<typeof metadata>, parts: readonly Amounts[]) => {
    const cpuMillis = total(parts, 'cpu') * 1000;
    const memoryBytes = total(parts, 'memory');
    const use = entryOf(namespace);
    use.cpuMillis += cpuMillis;
    use.memoryBytes += memoryBytes;
    const name = labels?.[consumerLabel] ?? labels?.[nameLabel] ?? 'other';
    const consumer = use.consumers.get(name) ?? { cpuMillis: 0, memoryBytes: 0 };
    use.consumers.set(name, {
      cpuMillis: consumer.cpuMillis + cpuMillis,
      memoryBytes: consumer.memoryBytes + memoryBytes,
    });
    pods += 1;
  };

  // Null where nothing in the cluster measures pods.
  const metrics = await readIfThere(cluster, '/apis/metrics.k8s.io/v1beta1/pods', { limit: pageSize });
  if (metrics) {
    for await (const item of items(cluster, '/apis/metrics.k8s.io/v1beta1/pods', {}, metrics)) {
      const pod = podMetricsSchema.parse(item);
      addPod(
        pod.metadata,
        pod.containers.map(({ usage }) => usage),
      );
    }
  } else {
    for await (const item of items(cluster, '/api/v1/pods', { fieldSelector: 'status.phase=Running' })) {
      const pod = podSchema.parse(item);
      addPod(pod.metadata, requestsOf(pod));
    }
  }
  for await (const item of items(cluster, '/api/v1/persistentvolumeclaims', {})) {
    const claim = claimSchema.parse(item);
    // A claim that waits for its first pod has no volume yet.
    const storage = claim.status?.capacity?.storage;
    if (storage !== undefined) entryOf(claim.metadata.namespace).storageBytes += quantity(storage) ?? 0;
  }
  return { source: metrics ? 'metrics' : 'requests', pods, namespaces: found };
}

interface MutableUse extends NamespaceUse {
  cpuMillis: number;
  memoryBytes: number;
  storageBytes: number;
  consumers: Map<string, { cpuMillis: number; memoryBytes: number }>;
}

function total(parts: readonly Amounts[], kind: keyof Amounts): number {
  return parts.reduce((sum, part) => sum + (quantity(part[kind] ?? 0) ?? 0), 0);
}

/** Everything in a list over all namespaces, page by page. */
async function* items(
  cluster: Pick<KubernetesClient, 'send'>,
  path: string,
  query: Readonly<Record<string, string>>,
  first?: JsonObject,
): AsyncGenerator<unknown> {
  let answer = first;
  let next = '';
  do {
    answer ??= await cluster.send({
      method: 'GET',
      path,
      query: { ...query, limit: pageSize, ...(next !== '' && { continue: next }) },
    });
    const page = pageSchema.parse(answer);
    answer = undefined;
    yield* page.items;
    next = page.metadata?.continue ?? '';
  } while (next !== '');
}
