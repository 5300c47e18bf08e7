import { containsUnknown, isMap, markMapSecretsLike, type PropertyMap, reveal } from '../properties.ts';
import {
  type CheckFailure,
  type DiffResult,
  NotReadyError,
  type OperationContext,
  type ResourceProvider,
  type ResourceState,
  type WriteOptions,
} from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster, ObjectRef } from './cluster.ts';
import { Clusters } from './clusters.ts';
import { deleteObject } from './deletion.ts';
import { dropServerFields } from './diff.ts';
import { UnknownKindError } from './discovery.ts';
import { driftedInputs, inputsFromLive } from './drift.ts';
import {
  describe,
  kindOfToken,
  nameOf,
  namespaceOf,
  type ObjectKind,
  objectId,
  parseId,
  textAt,
} from './objects.ts';
import { earlierApplyManager, isAnother, isSameTenants } from './ownership.ts';
import { planUpdate, previewCreate } from './plan.ts';
import { NeverReadyError, waitUntilReady } from './readiness.ts';
import {
  chooseFieldManager,
  decodeState,
  encodeInputs,
  encodeState,
  fieldManagerOf,
  type ObjectState,
  protectInputs,
  toJson,
} from './state.ts';
import { WaitTimeoutError, waitTimeoutMs } from './wait.ts';
import { createObject, dryRun, kindOf, refForWrite, updateObject, whyNotWritten } from './write.ts';

export interface KubernetesProviderOptions {
  /** Path of the kubeconfig for provider instances without their own. */
  readonly kubeconfig: string;
  readonly beforeWrite: () => void;
}

/**
 * A stand-in for the official Kubernetes provider where its plugin is not available: every kind and custom resource
 * by server-side apply, with the official type tokens, ids and state, so that a stack can switch either way.
 */
export class KubernetesProvider implements ResourceProvider {
  readonly name = 'kubernetes';
  /** The version of `@pulumi/kubernetes` with the same tokens and state. */
  readonly version = '4.34.2';
  readonly #clusters: Clusters;

  constructor({ kubeconfig, beforeWrite }: KubernetesProviderOptions) {
    this.#clusters = new Clusters(kubeconfig, beforeWrite);
  }

  async check(context: OperationContext, { inputs }: { inputs: PropertyMap }) {
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string): void => {
      failures.push({ property, reason });
    };
    const kind = kindOfToken(context.type);
    if (!kind || (isNoObject(kind) && !(await this.#clusters.of(context.config).discovery.find(kind)))) {
      fail('', `${context.type} is not supported by the embedded Kubernetes provider`);
      return { inputs, failures };
    }
    const metadata = reveal(inputs.metadata ?? {});
    // Unknown before the update: nothing to look at yet.
    if (!isMap(metadata)) return { inputs: protectInputs({ ...kind, ...inputs }), failures };
    if (metadata.name === undefined) {
      fail('metadata.name', 'a name is required: the embedded Kubernetes provider makes none up');
    }
    const named = { ...kind, ...dropServerFields(inputs) };
    if (failures.length > 0) return { inputs: protectInputs(named), failures };
    const cluster = this.#clusters.of(context.config);
    const resource = await cluster.discovery.find(kind);
    const { namespace, ...placeless } = metadata;
    // Takes a kind that is not served yet for a namespaced one; most are.
    const placed: PropertyMap =
      resource?.namespaced === false
        ? placeless
        : { ...placeless, namespace: namespace ?? cluster.client.namespace };
    const checked = dropServerFields({ ...named, metadata: placed });
    return { inputs: protectInputs(markMapSecretsLike(checked, inputs)), failures };
  }

  async diff(
    context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
  ): Promise<DiffResult> {
    return planUpdate(context, () => this.#clusters.of(context.config), decodeState(old), inputs);
  }

  async create(
    context: OperationContext,
    inputs: PropertyMap,
    options: WriteOptions,
  ): Promise<ResourceState> {
    const cluster = this.#clusters.of(context.config);
    if (options.preview) return { id: '', properties: await previewCreate(context, cluster, inputs) };
    const object = toJson(inputs);
    const ref = await refForWrite(cluster, context, object);
    const manager = chooseFieldManager(context.urn, object, null);
    const written = await explain(object, createObject(cluster, context, ref, object, manager));
    return this.#settle(context, cluster, ref, inputs, object, options, written.live, {
      fieldManager: written.fieldManager,
      initialApiVersion: ref.apiVersion,
    });
  }

  async read(
    context: OperationContext,
    { id, properties, inputs }: { id: string; properties: PropertyMap; inputs: PropertyMap },
  ): Promise<ResourceState | null> {
    const state = decodeState(properties);
    const known = Object.keys(inputs).length > 0 ? toJson(inputs) : state.inputs;
    const kind = kindOfAny(known, state.live) ?? kindOfToken(context.type);
    const { namespace, name } = parseId(id);
    if (!kind || name === '') throw new Error(`${id} does not name an object of ${context.type}`);
    const cluster = this.#clusters.of(context.config);
    const live = await readLive(cluster, context, kind, namespace, name);
    // If somebody else made an object after ours was deleted, a create must take it over or refuse.
    if (!live) return null;
    const { signal } = context;
    if (isAnother(live, state.live) && !(await isSameTenants(cluster, live, state.live, signal))) return null;
    const described = Object.keys(known).length > 0;
    const now = described ? driftedInputs(known, state.live, live) : inputsFromLive(live);
    const fieldManager = state.fieldManager ?? earlierApplyManager(live) ?? fieldManagerOf(context.urn);
    return {
      id: objectId(namespaceOf(live), nameOf(live)),
      properties: encodeState(live, now, {
        secrets: inputs,
        fieldManager,
        initialApiVersion: state.initialApiVersion ?? kind.apiVersion,
      }),
      inputs: encodeInputs(now, inputs),
    };
  }

  async update(
    context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
    options: WriteOptions,
  ): Promise<PropertyMap> {
    if (options.preview && containsUnknown(inputs)) return inputs;
    const cluster = this.#clusters.of(context.config);
    const state = decodeState(old);
    const object = toJson(inputs);
    const fieldManager = chooseFieldManager(context.urn, object, state);
    const secrets = { secrets: inputs, fieldManager, initialApiVersion: initialVersion(state, object) };
    const ref = await refForWrite(cluster, context, object);
    if (options.preview) {
      return encodeState(
        await explain(object, dryRun(cluster, context, ref, object, fieldManager)),
        object,
        secrets,
      );
    }
    const live = await explain(
      object,
      updateObject(cluster, context, ref, object, { state: state.live, shown: state.inputs, fieldManager }),
    );
    const settled = await this.#settle(context, cluster, ref, inputs, object, options, live, secrets);
    return settled.properties;
  }

  async delete(
    context: OperationContext,
    { id, properties }: { id: string; properties: PropertyMap },
    options: WriteOptions,
  ): Promise<void> {
    const cluster = this.#clusters.of(context.config);
    const state = decodeState(properties);
    const kind = kindOfAny(state.live, state.inputs) ?? kindOfToken(context.type);
    const { namespace, name } = parseId(id);
    if (!kind) throw new Error(`${id} does not name an object of ${context.type}`);
    const resource = await cluster.discovery.find(kind);
    // Without its definition a kind has no custom resources.
    if (!resource) return;
    const ref = await cluster.ref(kind, namespace, name);
    await deleteObject(cluster, context, ref, state, waitTimeoutMs(options.timeoutMs, state.inputs));
  }

  async close(): Promise<void> {
    this.#clusters.close();
  }

  /** Waits for readiness and makes the state; reports an object that is not ready together with its state. */
  async #settle(
    context: OperationContext,
    cluster: Cluster,
    ref: ObjectRef,
    inputs: PropertyMap,
    object: JsonObject,
    options: WriteOptions,
    written: JsonObject,
    about: { readonly fieldManager: string; readonly initialApiVersion: string },
  ): Promise<ResourceState> {
    const stateOf = (live: JsonObject): ResourceState => ({
      id: objectId(namespaceOf(live), nameOf(live)),
      properties: encodeState(live, object, { secrets: inputs, ...about }),
    });
    try {
      const timeoutMs = waitTimeoutMs(options.timeoutMs, object);
      return stateOf(await waitUntilReady(cluster, context, ref, written, object, timeoutMs));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const expected = error instanceof WaitTimeoutError || error instanceof NeverReadyError;
      // Whatever ended the wait, the object exists and must be in the state.
      const live = error instanceof WaitTimeoutError && error.last ? error.last : written;
      const prefix = expected ? '' : `${describe(object)} was written, but not waited for to the end: `;
      throw new NotReadyError(stateOf(live), [`${prefix}${reason}`]);
    }
  }
}

/**
 * Whether the SDK invents the kind beside one of Kubernetes' own: `ConfigMapList`, `ConfigMapPatch`. Custom resources
 * may have such names too.
 */
function isNoObject({ apiVersion, kind }: ObjectKind): boolean {
  const [group = ''] = apiVersion.split('/');
  return /(?:List|Patch)$/.test(kind) && (!group.includes('.') || group.endsWith('.k8s.io'));
}

async function readLive(
  cluster: Cluster,
  context: OperationContext,
  kind: ObjectKind,
  namespace: string | undefined,
  name: string,
): Promise<JsonObject | null> {
  try {
    return await cluster.get(await cluster.ref(kind, namespace, name), context.signal);
  } catch (error) {
    if (error instanceof UnknownKindError) return null;
    throw error;
  }
}

async function explain<T>(object: JsonObject, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw whyNotWritten(object, error);
  }
}

function kindOfAny(...objects: readonly JsonObject[]): ObjectKind | null {
  for (const object of objects) {
    const kind = kindOf(object);
    if (kind.apiVersion !== '' && kind.kind !== '') return kind;
  }
  return null;
}

function initialVersion(state: ObjectState, object: JsonObject): string {
  return state.initialApiVersion ?? textAt(object, 'apiVersion') ?? '';
}
