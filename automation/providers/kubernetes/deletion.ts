import type { OperationContext } from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster, ObjectRef } from './cluster.ts';
import { isStatus } from './errors.ts';
import { annotation, describe, textAt } from './objects.ts';
import { isSameTenants } from './ownership.ts';
import { deletionHolders, skipsAwait, waitFor } from './wait.ts';

/** Kinds whose dependents (pods, replica sets) vanish only after the garbage collector has run. */
const owners = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
]);

/**
 * Deletes the object and waits until it is gone, reporting what holds it. An absent object counts as deleted. An
 * object in a namespace that is being deleted is left to that deletion, which waits for everything inside.
 * @throws WaitTimeoutError that names finalizers and conditions.
 */
export async function deleteObject(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  state: { readonly live: JsonObject; readonly inputs: JsonObject },
  timeoutMs: number,
): Promise<void> {
  const propagation = propagationOf(ref, state.inputs);
  const left = await requestDeletion(cluster, context, ref, state.live, propagation);
  if (!left || skipsAwait(state.inputs)) return;
  if (ref.namespace && (await isTerminating(cluster, context, ref.namespace))) return;
  const uid = textAt(left, 'metadata', 'uid');
  await waitFor(cluster, context, {
    ref,
    last: left,
    timeoutMs,
    // Another object under the same name means that ours is gone.
    judge: (live) =>
      live && textAt(live, 'metadata', 'uid') === uid
        ? { done: false, waitingFor: deletionHolders(live) }
        : { done: true },
  });
}

function propagationOf(ref: ObjectRef, inputs: JsonObject): string {
  const chosen = annotation(inputs, 'pulumi.com/deletionPropagationPolicy')?.toLowerCase();
  if (chosen === 'orphan') return 'Orphan';
  if (chosen === 'background') return 'Background';
  if (chosen === 'foreground') return 'Foreground';
  return owners.has(ref.kind) && !skipsAwait(inputs) ? 'Foreground' : 'Background';
}

/** Deletes the very object that the state describes, or a later one of the same tenant under its name. */
async function requestDeletion(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  known: JsonObject,
  propagation: string,
): Promise<JsonObject | null> {
  const { signal } = context;
  try {
    return await cluster.delete(ref, { propagation, uid: textAt(known, 'metadata', 'uid'), signal });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    const live = await cluster.get(ref, signal);
    if (!live) return null;
    const uid = textAt(live, 'metadata', 'uid');
    // The same object: refused for another reason, such as a namespace that is already being deleted.
    if (uid === textAt(known, 'metadata', 'uid')) {
      if (textAt(live, 'metadata', 'deletionTimestamp')) return live;
      throw error;
    }
    if (!(await isSameTenants(cluster, live, known, signal))) {
      context.warn(`${describe(live)} no longer belongs to this stack and is left alone.`);
      return null;
    }
    return cluster.delete(ref, { propagation, uid, signal });
  }
}

async function isTerminating(
  cluster: Cluster,
  context: OperationContext,
  namespace: string,
): Promise<boolean> {
  const ref = await cluster.ref({ apiVersion: 'v1', kind: 'Namespace' }, undefined, namespace);
  const live = await cluster.get(ref, context.signal);
  return !live || textAt(live, 'metadata', 'deletionTimestamp') !== undefined;
}
