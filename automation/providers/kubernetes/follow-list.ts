import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonObject, KubernetesClient } from './client.ts';
import { KubernetesApiError, parseStatus } from './errors.ts';

/** A list over all namespaces, and who hears of it. */
export interface FollowedList {
  readonly path: string;
  readonly labelSelector: string;
  /** Called with all objects, at first and whenever some changes may have been missed. */
  onList(objects: readonly JsonObject[]): void;
  onChange(object: JsonObject): void;
  onDelete(object: JsonObject): void;
  /** Called when the list can no longer be followed, until the next `onList`. */
  onLost(error: unknown): void;
}

/** The server ends each watch after this long; the next one goes on where it ended. */
const watchSeconds = 60;
/** A server that is there sends bookmarks within a watch, at the latest at its end. */
const silenceMs = (watchSeconds + 15) * 1000;
const pauseMs = 1000;

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.custom<JsonObject>()).nullable(),
});
const eventSchema = z.object({ type: z.string(), object: z.custom<JsonObject>() });
const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/**
 * Lists once and then watches, as the controllers of Kubernetes do: one call for the list, whole and from the server's cache,
 * and one each minute, however many objects there are. Lists again after a lost connection, and when the server no longer
 * knows the version to go on from (410).
 * @returns when `signal` aborts
 */
export async function followList(
  cluster: Pick<KubernetesClient, 'send' | 'readLines'>,
  list: FollowedList,
  signal: AbortSignal,
): Promise<void> {
  const { path, labelSelector } = list;
  while (!signal.aborted) {
    try {
      const { metadata, items } = listSchema.parse(
        await cluster.send({ method: 'GET', path, query: { labelSelector }, signal }),
      );
      list.onList(items ?? []);
      for (let version = metadata.resourceVersion; ; ) {
        version = await watch(cluster, list, version, signal);
        // A server that ends every watch at once is not asked without a pause.
        await delay(pauseMs / 4, undefined, { signal });
      }
    } catch (error) {
      if (signal.aborted) return;
      list.onLost(error);
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }
}

/** @returns the version from which the next watch goes on */
async function watch(
  cluster: Pick<KubernetesClient, 'readLines'>,
  { path, labelSelector, onChange, onDelete }: FollowedList,
  from: string,
  signal: AbortSignal,
): Promise<string> {
  let version = from;
  await cluster.readLines(
    {
      path,
      query: {
        labelSelector,
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(watchSeconds),
        resourceVersion: from,
      },
      signal,
    },
    (line) => {
      const { type, object } = eventSchema.parse(line);
      if (type === 'ERROR') throw new KubernetesApiError(parseStatus(500, JSON.stringify(object)));
      version = versioned.parse(object).metadata.resourceVersion;
      if (type === 'DELETED') onDelete(object);
      else if (type !== 'BOOKMARK') onChange(object);
    },
    { silenceMs },
  );
  return version;
}
