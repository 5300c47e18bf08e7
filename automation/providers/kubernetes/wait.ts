import { setTimeout as delay } from 'node:timers/promises';
import type { OperationContext } from '../provider.ts';
import type { JsonObject } from './client.ts';
import type { Cluster, ObjectRef } from './cluster.ts';
import { annotation, at, describe, isList, isObject, textAt } from './objects.ts';

/** The official provider's default for every wait. */
const defaultTimeoutMs = 600_000;
const firstPollMs = 25;
const longestPollMs = 1000;
/** Shorter waits are not worth a status line. */
const quietMs = 500;

/** `customTimeouts` of the resource, then the annotation, then the default. */
export function waitTimeoutMs(requestedMs: number | null, inputs: JsonObject): number {
  if (requestedMs !== null) return requestedMs;
  const seconds = Number(annotation(inputs, 'pulumi.com/timeoutSeconds'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : defaultTimeoutMs;
}

export function skipsAwait(inputs: JsonObject): boolean {
  return annotation(inputs, 'pulumi.com/skipAwait') === 'true';
}

export type Verdict = { readonly done: true } | { readonly done: false; readonly waitingFor: string };

export interface Wait {
  readonly ref: ObjectRef;
  /** The object as last seen; saves the first read. */
  readonly last: JsonObject | null;
  readonly timeoutMs: number;
  /** Null stands for an absent object. Throws when waiting longer is useless. */
  judge(live: JsonObject | null): Verdict;
}

export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError';
  readonly last: JsonObject | null;
  constructor(message: string, last: JsonObject | null) {
    super(message);
    this.last = last;
  }
}

/**
 * Reads the object until the verdict is done, showing beside the resource what it waits for.
 * @throws WaitTimeoutError that names it when the time is up.
 */
export async function waitFor(
  cluster: Cluster,
  context: OperationContext,
  wait: Wait,
): Promise<JsonObject | null> {
  const started = Date.now();
  let live = wait.last;
  let shown = '';
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, longestPollMs)) {
    const verdict = wait.judge(live);
    if (verdict.done) {
      if (shown) context.status('');
      return live;
    }
    const elapsedMs = Date.now() - started;
    if (elapsedMs >= wait.timeoutMs) {
      const what = live ? describe(live) : wait.ref.kind;
      throw new WaitTimeoutError(
        `${what}: timed out after ${Math.round(elapsedMs / 1000)} s, ${verdict.waitingFor}`,
        live,
      );
    }
    if (elapsedMs >= quietMs && verdict.waitingFor !== shown) {
      shown = verdict.waitingFor;
      context.status(shown);
    }
    await delay(Math.min(pollMs, Math.max(wait.timeoutMs - elapsedMs, 1)), undefined, {
      signal: context.signal,
    });
    live = await cluster.get(wait.ref, context.signal);
  }
}

/** What holds an object that is being deleted: its finalizers, and a namespace's conditions. */
export function deletionHolders(live: JsonObject): string {
  const holders: string[] = [];
  const finalizers = [at(live, 'metadata', 'finalizers'), at(live, 'spec', 'finalizers')].flatMap((list) =>
    isList(list) ? list.map(String) : [],
  );
  if (finalizers.length > 0) holders.push(`finalizers ${finalizers.join(', ')}`);
  if (live.kind === 'Namespace') holders.push(...namespaceConditions(live));
  return holders.length > 0 ? `waiting for ${holders.join('; ')}` : 'waiting for its deletion';
}

function namespaceConditions(live: JsonObject): string[] {
  const conditions = at(live, 'status', 'conditions');
  if (!isList(conditions)) return [];
  return conditions
    .filter((condition) => isObject(condition) && condition.status === 'True')
    .map((condition) => textAt(condition, 'message') ?? textAt(condition, 'type') ?? '')
    .filter((message) => message !== '');
}
