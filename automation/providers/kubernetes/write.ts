import { setTimeout as delay } from 'node:timers/promises';
import type { OperationContext } from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster, ObjectRef } from './cluster.ts';
import { withData } from './diff.ts';
import { UnknownKindError } from './discovery.ts';
import { isStatus } from './errors.ts';
import { annotation, describe, nameOf, namespaceOf, type ObjectKind, textAt } from './objects.ts';
import {
  assertOurs,
  earlierApplyManager,
  hasUpdateManager,
  isAnother,
  isFieldConflict,
  isOthers,
  managedFields,
  mergedOwnership,
} from './ownership.ts';
import { surplusOf } from './undivided.ts';
import { deletionHolders, waitFor } from './wait.ts';

/** The API serves a new CRD a moment later. */
const kindAppearsWithinMs = 10_000;
const kindPollMs = 200;
/**
 * How long a create waits for an earlier object of the same name that is being deleted. A finalizer may hold that for ever,
 * and the wait keeps others waiting, so the operation is tried again later instead.
 */
const predecessorTimeoutMs = 10_000;

export interface Written {
  readonly live: JsonObject;
  readonly fieldManager: string;
}

/** The place of an object to write; waits a little for a kind that the cluster does not serve yet. */
export async function refForWrite(
  cluster: Cluster,
  context: OperationContext,
  inputs: JsonObject,
): Promise<ObjectRef> {
  const deadline = Date.now() + kindAppearsWithinMs;
  for (;;) {
    try {
      return await cluster.ref(kindOf(inputs), namespaceOf(inputs), nameOf(inputs));
    } catch (error) {
      if (!(error instanceof UnknownKindError) || Date.now() > deadline) throw error;
      await delay(kindPollMs, undefined, { signal: context.signal });
    }
  }
}

export function kindOf(object: JsonObject): ObjectKind {
  return { apiVersion: textAt(object, 'apiVersion') ?? '', kind: textAt(object, 'kind') ?? '' };
}

/**
 * Creates the object, or adopts one of the same name that belongs to this tenant, which a crash between the write and
 * the checkpoint leaves behind.
 * @throws ForeignObjectError
 */
export async function createObject(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  fieldManager: string,
): Promise<Written> {
  const { signal } = context;
  let existing = await cluster.get(ref, signal);
  if (existing && textAt(existing, 'metadata', 'deletionTimestamp')) {
    await assertOurs(cluster, existing, inputs, signal);
    existing = await waitFor(cluster, context, {
      ref,
      last: existing,
      timeoutMs: predecessorTimeoutMs,
      judge: (live) =>
        live && textAt(live, 'metadata', 'deletionTimestamp')
          ? {
              done: false,
              waitingFor: `an earlier object of this name is being deleted: ${deletionHolders(live)}`,
            }
          : { done: true },
    });
  }
  if (!existing) {
    const live = await cluster.apply(ref, bodyOf(inputs, ref), {
      fieldManager,
      // An object that appears in a tenant's namespace at the same moment is the tenant's, too.
      force: ref.namespace !== undefined,
      dryRun: false,
      signal,
    });
    return { live, fieldManager };
  }
  await assertOurs(cluster, existing, inputs, signal);
  const chosen = annotation(inputs, 'pulumi.com/patchFieldManager');
  const manager = chosen ?? earlierApplyManager(existing) ?? fieldManager;
  const from = { state: existing, shown: existing, live: existing, manager };
  const live = await applyOver(cluster, context, ref, inputs, from);
  return { live, fieldManager: manager };
}

/**
 * Applies the inputs over the object that `state` describes. Removes what others added to parts that are the program's alone,
 * as far as a refresh has `shown` it.
 * @throws ForeignObjectError when somebody else's object has taken its place
 */
export async function updateObject(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  from: { readonly state: JsonObject; readonly shown: JsonObject; readonly fieldManager: string },
): Promise<JsonObject> {
  const { state, shown } = from;
  const moves = hasUpdateManager(state) || hasSurplus(state, shown, inputs);
  const live = moves ? await cluster.get(ref, context.signal) : null;
  const over = { state, shown, live, manager: from.fieldManager };
  try {
    return await applyOver(cluster, context, ref, inputs, { ...over, uid: textAt(state, 'metadata', 'uid') });
  } catch (error) {
    // So it says that the name stands for another object, or for none.
    if (!isStatus(error, 409, 422)) throw error;
    const standing = await cluster.get(ref, context.signal);
    if (standing && !isAnother(standing, state)) throw error;
    if (standing) await assertOurs(cluster, standing, inputs, context.signal);
    return applyOver(cluster, context, ref, inputs, { ...over, live: standing });
  }
}

/**
 * Whether others have added what the refresh showed, and the program does not want, to what is the program's alone.
 */
function hasSurplus(live: JsonObject, shown: JsonObject, wanted: JsonObject): boolean {
  return managedFields(live)
    .filter(isOthers)
    .some((entry) => Object.keys(surplusOf(live, entry, shown, wanted)).length > 0);
}

/** The result of the write, which the API computes without storing it. */
export function dryRun(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  fieldManager: string,
): Promise<JsonObject> {
  // The write itself settles who owns which field; a preview is about values.
  const options = { fieldManager, force: true, dryRun: true, signal: context.signal };
  return cluster.apply(ref, bodyOf(inputs, ref), options);
}

async function applyOver(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  from: {
    readonly state: JsonObject;
    readonly shown: JsonObject;
    readonly live: JsonObject | null;
    readonly manager: string;
    /** Refuses every other object of that name. */
    readonly uid?: string | undefined;
  },
): Promise<JsonObject> {
  const { signal } = context;
  const body = bodyOf(inputs, ref, from.uid);
  const takeOwnership = (live: JsonObject): Promise<void> =>
    takeFields(cluster, ref, live, signal, (current) =>
      mergedOwnership(current, from.manager, (entry) => surplusOf(current, entry, from.shown, inputs)),
    );
  if (from.live && (hasUpdateManager(from.live) || hasSurplus(from.live, from.shown, inputs)))
    await takeOwnership(from.live);
  const options = { fieldManager: from.manager, dryRun: false, signal };
  try {
    return await cluster.apply(ref, body, { ...options, force: false });
  } catch (error) {
    if (!isFieldConflict(error)) throw error;
    const live = await cluster.get(ref, signal);
    if (live && isAnother(live, from.state)) await assertOurs(cluster, live, inputs, signal);
    // Fields that the program drops must not stay with an earlier manager of ours.
    if (live) await takeOwnership(live);
    // The program owns what it declares, even if others wrote it in between.
    return cluster.apply(ref, body, { ...options, force: true });
  }
}

/** Writes who owns which field of the object's present version; the caller handles another writer in between. */
async function takeFields(
  cluster: Cluster,
  ref: ObjectRef,
  first: JsonObject,
  signal: AbortSignal,
  ownership: (live: JsonObject) => readonly JsonObject[],
): Promise<void> {
  let live: JsonObject | null = first;
  for (let attempt = 1; live; attempt++) {
    const version = textAt(live, 'metadata', 'resourceVersion') ?? '';
    try {
      await cluster.setManagedFields(ref, ownership(live), version, signal);
      return;
    } catch (error) {
      if (!isStatus(error, 409, 422) || attempt >= 5) throw error;
      live = await cluster.get(ref, signal);
    }
  }
}

/** The object to send: a Secret's `stringData` as `data`, so that a key that the program drops is removed. */
function bodyOf(inputs: JsonObject, ref: ObjectRef, uid?: string): JsonObject {
  const { status: _, ...object } = ref.kind === 'Secret' ? withData(inputs) : inputs;
  const metadata = { ...(typeof object.metadata === 'object' ? (object.metadata as JsonObject) : {}) };
  const { namespace: __, ...placeless } = metadata;
  return {
    ...object,
    metadata: { ...placeless, ...(ref.namespace && { namespace: ref.namespace }), ...(uid && { uid }) },
  };
}

export function whyNotWritten(inputs: JsonObject, error: unknown): unknown {
  if (isStatus(error, 404)) return new Error(`${describe(inputs)} cannot be written: ${error.message}`);
  return error;
}
