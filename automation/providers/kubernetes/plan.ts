import { containsUnknown, type PropertyMap } from '../properties.ts';
import type { DiffResult, OperationContext, PropertyChange } from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster } from './cluster.ts';
import { diffInputs, dropServerFields, isIdentityChange } from './diff.ts';
import { isStatus } from './errors.ts';
import { immutableCauses, isShrinkRefusal, markReplacing } from './immutable.ts';
import { describe, isObject, nameOf, namespaceOf, textAt } from './objects.ts';
import { assertOurs } from './ownership.ts';
import { chooseFieldManager, encodeState, type ObjectState, toJson } from './state.ts';
import { dryRun, kindOf } from './write.ts';

/** What an update would change, and whether it can or must replace the object. */
export async function planUpdate(
  context: OperationContext,
  clusterOf: () => Cluster,
  state: ObjectState,
  inputs: PropertyMap,
): Promise<DiffResult> {
  const changes = diffInputs(withIdentity(state), inputs);
  if (changes.length === 0) return { changes, deleteBeforeReplace: false };
  // Under another name or in another namespace the new object can exist beside the old one.
  if (changes.some(isIdentityChange)) return { changes, deleteBeforeReplace: false };
  const marked = await markImmutable(context, clusterOf(), state, inputs, changes);
  return { changes: marked, deleteBeforeReplace: marked.some(({ replace }) => replace) };
}

/** Asks the API, by a dry run, whether the object can change this way; what cannot is marked as replacing. */
async function markImmutable(
  context: OperationContext,
  cluster: Cluster,
  state: ObjectState,
  inputs: PropertyMap,
  changes: readonly PropertyChange[],
): Promise<readonly PropertyChange[]> {
  if (containsUnknown(inputs)) return changes;
  const object = toJson(inputs);
  try {
    const ref = await cluster.ref(kindOf(object), namespaceOf(object), nameOf(object));
    await dryRun(cluster, context, ref, object, chooseFieldManager(context.urn, object, state));
    return changes;
  } catch (error) {
    if (isShrinkRefusal(error)) {
      throw new Error(
        `${describe(object)} cannot shrink, and is not replaced since that would lose its data`,
        {
          cause: error,
        },
      );
    }
    const causes = immutableCauses(error);
    // The update reports any other refusal.
    return causes ? markReplacing(changes, causes) : changes;
  }
}

/** The API's values for a new object; the bare inputs where it cannot say yet. */
export async function previewCreate(
  context: OperationContext,
  cluster: Cluster,
  inputs: PropertyMap,
): Promise<PropertyMap> {
  if (containsUnknown(inputs)) return inputs;
  const object = toJson(inputs);
  const resource = await cluster.discovery.find(kindOf(object));
  if (!resource) return inputs;
  const ref = await cluster.ref(kindOf(object), namespaceOf(object), nameOf(object));
  const existing = await cluster.get(ref, context.signal);
  // An object that is being deleted is the one that this create replaces.
  if (existing && !textAt(existing, 'metadata', 'deletionTimestamp'))
    await assertOurs(cluster, existing, object, context.signal);
  const fieldManager = chooseFieldManager(context.urn, object, null);
  try {
    const live = await dryRun(cluster, context, ref, object, fieldManager);
    // A program's outputs must not take a dry run's invented identity for the real one.
    return encodeState(dropServerFields(live), object, {
      secrets: inputs,
      fieldManager,
      initialApiVersion: ref.apiVersion,
    });
  } catch (error) {
    // The namespace does not exist yet, or the old object of a replacement stands in the way.
    if (isStatus(error, 404) || immutableCauses(error)) return inputs;
    throw error;
  }
}

/** A foreign state's `__inputs` may lack parts of the live object's identity. */
function withIdentity(state: ObjectState): JsonObject {
  const { apiVersion, kind } = state.live;
  const metadata = isObject(state.inputs.metadata) ? state.inputs.metadata : {};
  const namespace = namespaceOf(state.live);
  return {
    ...state.inputs,
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: { ...metadata, name: nameOf(state.live), ...(namespace && { namespace }) },
  };
}
