import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { followList, type KubernetesClient } from '../providers/kubernetes/index.ts';
import type { Database } from '../store/database.ts';
import { inTurn, type Turn } from '../store/turns.ts';
import { judge, type Verdict } from './judge.ts';
import { type PodFacts, readPod, readWorkload, type Workload } from './objects.ts';
import { forgetOthers, judgedNamespaces, noteWatch, tenantsIn, writeVerdicts } from './rows.ts';

export interface CellWatchContext {
  readonly database: Database;
  readonly cluster: Pick<KubernetesClient, 'send' | 'readLines'>;
  readonly cell: { readonly id: string };
  readonly log: Pick<Logger, 'warn'>;
}

/** Several changes of a tenant within this time are written once. */
const gatherMs = 200;
const beatMs = 5_000;
/** Namespaces in one transaction. */
const batch = 500;
/** On every object of a tenant. Which tenant it is says the namespace: its people could write the label. */
const labelSelector = 'tenantry.dev/tenant';

/** Objects by namespace and name. */
class Kept<T extends { readonly namespace: string; readonly name: string }> {
  readonly #byNamespace = new Map<string, Map<string, T>>();
  isCurrent = false;

  in(namespace: string): readonly T[] {
    return [...(this.#byNamespace.get(namespace)?.values() ?? [])];
  }

  namespaces(): readonly string[] {
    return [...this.#byNamespace.keys()];
  }

  put(object: T): void {
    const kept = this.#byNamespace.get(object.namespace) ?? new Map<string, T>();
    this.#byNamespace.set(object.namespace, kept.set(object.name, object));
  }

  remove({ namespace, name }: T): void {
    const kept = this.#byNamespace.get(namespace);
    kept?.delete(name);
    if (kept?.size === 0) this.#byNamespace.delete(namespace);
  }

  replace(objects: readonly T[]): void {
    this.#byNamespace.clear();
    for (const object of objects) this.put(object);
    this.isCurrent = true;
  }
}

/**
 * Follows the workloads and pods of all tenants of a cell and writes what changes of their health. Says at intervals that it
 * is up to date, but not while it cannot follow.
 * @param turn must be held; nothing is written once it is lost
 * @returns when `signal` aborts
 * @throws TurnLost; what the database throws
 */
export async function watchCell(context: CellWatchContext, turn: Turn, signal: AbortSignal): Promise<void> {
  const { database, cell, log } = context;
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const workloads = new Kept<Workload>();
  const pods = new Kept<PodFacts>();
  const changed = new Set<string>();
  const follow = <T extends { namespace: string; name: string }>(
    path: string,
    kept: Kept<T>,
    read: (object: unknown) => T,
  ) =>
    followList(
      context.cluster,
      {
        path,
        labelSelector,
        onList(objects) {
          for (const namespace of kept.namespaces()) changed.add(namespace);
          kept.replace(objects.map(read));
          for (const namespace of kept.namespaces()) changed.add(namespace);
        },
        onChange(object) {
          const facts = read(object);
          kept.put(facts);
          changed.add(facts.namespace);
        },
        onDelete(object) {
          const facts = read(object);
          kept.remove(facts);
          changed.add(facts.namespace);
        },
        onLost(error) {
          kept.isCurrent = false;
          log.warn({ error, path }, 'cannot follow what runs; listing again');
        },
      },
      until,
    );
  const follows = Promise.all([
    follow('/apis/apps/v1/deployments', workloads, readWorkload),
    follow('/api/v1/pods', pods, readPod),
  ]);
  try {
    // What went while nobody watched.
    for (const namespace of await judgedNamespaces(database, cell.id)) changed.add(namespace);
    let nextBeat = 0;
    while (!signal.aborted) {
      const isBeat = performance.now() >= nextBeat;
      if (workloads.isCurrent && pods.isCurrent && (changed.size > 0 || isBeat)) {
        await write([...changed].slice(0, batch), isBeat && changed.size <= batch);
        if (isBeat) nextBeat = performance.now() + beatMs;
      }
      await delay(gatherMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    ended.abort();
    await follows;
  }

  async function write(namespaces: readonly string[], isBeat: boolean): Promise<void> {
    for (const namespace of namespaces) changed.delete(namespace);
    await database.transaction(async (client) => {
      await inTurn(client, turn);
      if (namespaces.length > 0) {
        const verdicts = new Map<string, Verdict>();
        for (const { id, product, namespace } of await tenantsIn(client, cell.id, namespaces)) {
          const workload = workloads.in(namespace).find(({ name }) => name === product);
          if (workload) verdicts.set(id, judge(workload, pods.in(namespace)));
        }
        await writeVerdicts(client, verdicts);
        await forgetOthers(client, cell.id, namespaces, [...verdicts.keys()]);
      }
      if (isBeat) await noteWatch(client, cell.id);
    });
  }
}
