import type { OperationContext } from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster, ObjectRef } from './cluster.ts';
import { at, isList, isObject, textAt } from './objects.ts';
import { skipsAwait, type Verdict, waitFor } from './wait.ts';

/** Waiting will not make the object ready. */
export class NeverReadyError extends Error {
  override readonly name = 'NeverReadyError';
}

const done: Verdict = { done: true };
const waiting = (waitingFor: string): Verdict => ({ done: false, waitingFor });

type Judge = (live: JsonObject) => Verdict;

/**
 * Kinds that need more than to be written, and what makes them ready. Every other kind is ready once the API has it.
 */
const judges: Readonly<Record<string, Judge>> = {
  'v1 Namespace': (live) =>
    textAt(live, 'status', 'phase') === 'Active'
      ? done
      : waiting('waiting for the namespace to become active'),
  'apps/v1 Deployment': judgeDeployment,
  'v1 PersistentVolumeClaim': (live) => {
    const phase = textAt(live, 'status', 'phase');
    if (phase === 'Lost') throw new NeverReadyError('the volume of the claim was lost');
    return phase === 'Bound' ? done : waiting('waiting for the claim to be bound to a volume');
  },
  'batch/v1 Job': (live) => {
    const failed = condition(live, 'Failed');
    if (failed?.status === 'True')
      throw new NeverReadyError(`the job failed: ${textAt(failed, 'message') ?? ''}`);
    return condition(live, 'Complete')?.status === 'True' ? done : waiting('waiting for the job to complete');
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': (live) =>
    condition(live, 'Established')?.status === 'True'
      ? done
      : waiting('waiting for the definition to be served'),
};

/** Waits until the object is ready, unless the program opted out. Returns the object as last seen. */
export async function waitUntilReady(
  cluster: Cluster,
  context: OperationContext,
  ref: ObjectRef,
  live: JsonObject,
  inputs: JsonObject,
  timeoutMs: number,
): Promise<JsonObject> {
  const judge = judges[`${ref.apiVersion} ${ref.kind}`];
  if (!judge || skipsAwait(inputs)) return live;
  if (ref.kind === 'PersistentVolumeClaim' && (await bindsLater(cluster, context, live))) return live;
  const last = await waitFor(cluster, context, {
    ref,
    last: live,
    timeoutMs,
    judge: (seen) => {
      if (!seen) throw new NeverReadyError('the object was deleted while we waited for it');
      return judge(seen);
    },
  });
  return last ?? live;
}

function judgeDeployment(live: JsonObject): Verdict {
  const progressing = condition(live, 'Progressing');
  if (textAt(progressing, 'reason') === 'ProgressDeadlineExceeded') {
    throw new NeverReadyError(
      textAt(progressing, 'message') ?? 'the deployment exceeded its progress deadline',
    );
  }
  const generation = at(live, 'metadata', 'generation');
  const wanted = at(live, 'spec', 'replicas') ?? 1;
  const seen = Number(at(live, 'status', 'observedGeneration') ?? 0) >= Number(generation);
  const updated = Number(at(live, 'status', 'updatedReplicas') ?? 0);
  const available = Number(at(live, 'status', 'availableReplicas') ?? 0);
  const ready = seen && updated >= Number(wanted) && condition(live, 'Available')?.status === 'True';
  return ready ? done : waiting(`waiting for replicas: ${available} of ${wanted} available`);
}

/** A claim of a class that binds on first use stays pending until a pod asks for it. */
async function bindsLater(cluster: Cluster, context: OperationContext, claim: JsonObject): Promise<boolean> {
  const name = textAt(claim, 'spec', 'storageClassName');
  if (!name) return false;
  const ref = await cluster.ref({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }, undefined, name);
  const storageClass = await cluster.get(ref, context.signal);
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

function condition(live: JsonObject, type: string): JsonObject | undefined {
  const conditions = at(live, 'status', 'conditions');
  return isList(conditions)
    ? conditions.filter(isObject).find((candidate) => candidate.type === type)
    : undefined;
}
