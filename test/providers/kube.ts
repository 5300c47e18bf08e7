/** Direct access to the run's Kubernetes, and provider operations without an engine. */
import { inject } from 'vitest';
import {
  type Json,
  type JsonObject,
  KubernetesClient,
} from '../../automation/providers/kubernetes/client.ts';
import { Cluster, type ObjectRef } from '../../automation/providers/kubernetes/cluster.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { nameOf, namespaceOf } from '../../automation/providers/kubernetes/objects.ts';
import { KubernetesProvider } from '../../automation/providers/kubernetes/provider.ts';
import type { OperationContext } from '../../automation/providers/provider.ts';

export const signal = new AbortController().signal;

export interface Kube {
  readonly cluster: Cluster;
  readonly provider: KubernetesProvider;
  get(object: JsonObject): Promise<JsonObject | null>;
  /** Applies as another manager, by force. */
  apply(object: JsonObject, manager?: string): Promise<JsonObject>;
  delete(object: JsonObject): Promise<void>;
  jsonPatch(object: JsonObject, operations: Json): Promise<JsonObject>;
  close(): Promise<void>;
}

export function connectKube(beforeWrite: () => void = () => {}): Kube {
  const kubeconfig = inject('kubeconfig');
  const cluster = new Cluster(new KubernetesClient(loadKubeconfig(kubeconfig), process.env, () => {}));
  const provider = new KubernetesProvider({ kubeconfig, beforeWrite });
  const ref = (object: JsonObject): Promise<ObjectRef> =>
    cluster.ref(
      { apiVersion: String(object.apiVersion), kind: String(object.kind) },
      namespaceOf(object),
      nameOf(object),
    );
  return {
    cluster,
    provider,
    get: async (object) => cluster.get(await ref(object), signal),
    apply: async (object, manager = 'someone') =>
      cluster.apply(await ref(object), object, { fieldManager: manager, force: true, dryRun: false, signal }),
    delete: async (object) => {
      await cluster.delete(await ref(object), { propagation: 'Background', uid: undefined, signal });
    },
    jsonPatch: async (object, operations) => {
      const { resource, namespace, name, apiVersion } = await ref(object);
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const scope = resource.namespaced ? `/namespaces/${namespace}` : '';
      return cluster.client.send({
        method: 'PATCH',
        path: `${root}${scope}/${resource.plural}/${name}`,
        query: { fieldManager: 'kubectl-edit' },
        contentType: 'application/json-patch+json',
        body: operations,
      });
    },
    close: async () => {
      cluster.client.close();
      await provider.close();
    },
  };
}

export interface RecordedContext extends OperationContext {
  readonly statuses: string[];
  readonly warnings: string[];
}

export function context(type: string, name = 'object', abort: AbortSignal = signal): RecordedContext {
  const statuses: string[] = [];
  const warnings: string[] = [];
  return {
    urn: `urn:pulumi:test::test::${type}::${name}`,
    type,
    config: {},
    signal: abort,
    statuses,
    warnings,
    status: (message) => statuses.push(message),
    warn: (message) => warnings.push(message),
  };
}

export const write = { preview: false, timeoutMs: null } as const;

export function namespace(name: string, tenant?: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(tenant && { labels: { 'tenantry.dev/tenant': tenant } }) },
  };
}

export function configMap(ns: string, name: string, data: JsonObject, tenant?: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: ns, ...(tenant && { labels: { 'tenantry.dev/tenant': tenant } }) },
    data,
  };
}
