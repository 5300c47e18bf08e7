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
  conflictMessage,
  earlierApplyManager,
  fieldConflicts,
  hasUpdateManager,
  mergedOwnership,
  onlyOwnManagers,
  seenInState,
} from './ownership.ts';
import { deletionHolders, waitFor } from './wait.ts';

/** A field that we apply is written by another manager too, and the plan did not know of it. */
export class FieldConflictError extends Error {
  override readonly name = 'FieldConflictError';
}

/** A CRD that was just created is served a moment later. */
const kindAppearsWithinMs = 10_000;
const kindPollMs = 200;
/** How long a create waits for an earlier object of the same name that is on its way out. */
const predecessorTimeoutMs = 300_000;

export interface Written {
  readonly live: JsonObject;
  readonly fieldManager: string;
}

/** Where an object is to be written; waits a little for a kind that the cluster does not serve yet. */
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
 * Creates the object, or takes over one of the same name that is this tenant's: what a crash between the write and
 * the checkpoint leaves behind.
 * @throws ForeignObjectError, FieldConflictError
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
    assertOurs(existing, inputs);
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
      force: false,
      dryRun: false,
      signal,
    });
    return { live, fieldManager };
  }
  assertOurs(existing, inputs);
  const chosen = annotation(inputs, 'pulumi.com/patchFieldManager');
  const manager = chosen ?? earlierApplyManager(existing) ?? fieldManager;
  const live = await applyOver(cluster, context, ref, inputs, { state: existing, live: existing, manager });
  return { live, fieldManager: manager };
}

/**
 * Applies the inputs over the object that `state` describes.
 * @throws FieldConflictError when another manager holds fields that the plan did not show as changed by it.
 */
export async function updateObject(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  from: { readonly state: JsonObject; readonly fieldManager: string },
): Promise<JsonObject> {
  return applyOver(cluster, context, ref, inputs, {
    state: from.state,
    live: hasUpdateManager(from.state) ? await cluster.get(ref, context.signal) : null,
    manager: from.fieldManager,
  });
}

/** What the write would give, computed by the API without keeping it. */
export function dryRun(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  fieldManager: string,
): Promise<JsonObject> {
  // Who owns which field is settled by the write itself; a preview is about values.
  const options = { fieldManager, force: true, dryRun: true, signal: context.signal };
  return cluster.apply(ref, bodyOf(inputs, ref), options);
}

async function applyOver(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  inputs: JsonObject,
  from: { readonly state: JsonObject; readonly live: JsonObject | null; readonly manager: string },
): Promise<JsonObject> {
  const { signal } = context;
  const body = bodyOf(inputs, ref);
  if (from.live && hasUpdateManager(from.live))
    await takeOwnership(cluster, ref, from.live, from.manager, signal);
  const options = { fieldManager: from.manager, dryRun: false, signal };
  const force = annotation(inputs, 'pulumi.com/patchForce') === 'true';
  try {
    return await cluster.apply(ref, body, { ...options, force });
  } catch (error) {
    const conflicts = fieldConflicts(error);
    if (!conflicts) throw error;
    const live = await cluster.get(ref, signal);
    if (live && onlyOwnManagers(conflicts)) {
      await takeOwnership(cluster, ref, live, from.manager, signal);
    } else if (!live || !seenInState(conflicts, from.state, live)) {
      throw new FieldConflictError(conflictMessage(inputs, conflicts, error), { cause: error });
    }
    return cluster.apply(ref, body, { ...options, force: true });
  }
}

/** Moves what we own under earlier manager names to the one of the state; another writer in between is met again. */
async function takeOwnership(
  cluster: Cluster,
  ref: ObjectRef,
  first: JsonObject,
  manager: string,
  signal: AbortSignal,
): Promise<void> {
  let live: JsonObject | null = first;
  for (let attempt = 1; live; attempt++) {
    const version = textAt(live, 'metadata', 'resourceVersion') ?? '';
    try {
      await cluster.setManagedFields(ref, mergedOwnership(live, manager), version, signal);
      return;
    } catch (error) {
      if (!isStatus(error, 409, 422) || attempt >= 5) throw error;
      live = await cluster.get(ref, signal);
    }
  }
}

/** The object as it is sent: a Secret's `stringData` as `data`, so that a key that the program drops is removed. */
function bodyOf(inputs: JsonObject, ref: ObjectRef): JsonObject {
  const { status: _, ...object } = ref.kind === 'Secret' ? withData(inputs) : inputs;
  const metadata = { ...(typeof object.metadata === 'object' ? (object.metadata as JsonObject) : {}) };
  const { namespace: __, ...placeless } = metadata;
  return { ...object, metadata: ref.namespace ? { ...placeless, namespace: ref.namespace } : placeless };
}

export function whyNotWritten(inputs: JsonObject, error: unknown): unknown {
  if (isStatus(error, 404)) return new Error(`${describe(inputs)} cannot be written: ${error.message}`);
  return error;
}
