import type { ApiRequest, JsonObject, KubernetesClient } from './client.ts';
import { type ApiResource, Discovery, objectPath } from './discovery.ts';
import { isStatus } from './errors.ts';
import type { ObjectKind } from './objects.ts';

/** Where an object lives: its kind, its place in the API, its name. */
export interface ObjectRef extends ObjectKind {
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** One cluster, seen with one set of credentials: the requests that the provider makes. */
export class Cluster {
  readonly client: KubernetesClient;
  readonly discovery: Discovery;

  constructor(client: KubernetesClient) {
    this.client = client;
    this.discovery = new Discovery(client);
  }

  async ref(kind: ObjectKind, namespace: string | undefined, name: string): Promise<ObjectRef> {
    const resource = await this.discovery.resource(kind);
    const placed = resource.namespaced ? (namespace ?? this.client.namespace) : undefined;
    return { apiVersion: kind.apiVersion, kind: kind.kind, resource, namespace: placed, name };
  }

  /** The live object, or null when it does not exist. */
  async get(ref: ObjectRef, signal: AbortSignal): Promise<JsonObject | null> {
    try {
      return await this.client.send({ method: 'GET', path: pathOf(ref), signal });
    } catch (error) {
      if (isStatus(error, 404, 410)) return null;
      throw error;
    }
  }

  apply(ref: ObjectRef, object: JsonObject, options: ApplyOptions): Promise<JsonObject> {
    return this.client.send({
      method: 'PATCH',
      path: pathOf(ref),
      query: {
        fieldManager: options.fieldManager,
        force: String(options.force),
        ...(options.dryRun && { dryRun: 'All' }),
      },
      contentType: 'application/apply-patch+yaml',
      body: object,
      signal: options.signal,
    });
  }

  /** Replaces `metadata.managedFields` of exactly this version of the object. */
  setManagedFields(
    ref: ObjectRef,
    managedFields: readonly JsonObject[],
    resourceVersion: string,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    return this.client.send({
      method: 'PATCH',
      path: pathOf(ref),
      contentType: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'replace', path: '/metadata/managedFields', value: managedFields },
      ],
      signal,
    });
  }

  /** The object's remainder: null when it vanished at once. */
  async delete(
    ref: ObjectRef,
    options: { readonly propagation: string; readonly uid: string | undefined; readonly signal: AbortSignal },
  ): Promise<JsonObject | null> {
    const request: ApiRequest = {
      method: 'DELETE',
      path: pathOf(ref),
      body: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: options.propagation,
        ...(options.uid && { preconditions: { uid: options.uid } }),
      },
      signal: options.signal,
    };
    try {
      const answer = await this.client.send(request);
      // An object that vanished at once is answered by a Status, or by itself without a deletion timestamp.
      const metadata = answer.metadata;
      const left = typeof metadata === 'object' && metadata !== null && 'deletionTimestamp' in metadata;
      return answer.kind === 'Status' || !left ? null : answer;
    } catch (error) {
      if (isStatus(error, 404, 410)) return null;
      throw error;
    }
  }
}

function pathOf(ref: ObjectRef): string {
  return objectPath(ref, ref.resource, ref.namespace, ref.name);
}
