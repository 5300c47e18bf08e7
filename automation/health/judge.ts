import type { ContainerFacts, PodFacts, Workload } from './objects.ts';

/** Decides whether a tenant's workload runs and, if not, why not. Pure. */

/**
 * `running`: as many pods are ready as are wanted. `none_wanted`: suspended, idle, or a plan that runs nothing. The others
 * say why fewer are ready.
 */
export const verdictStates = [
  'running',
  'none_wanted',
  'starting',
  'image',
  'quota',
  'refused',
  'crash',
  'unschedulable',
] as const;
export type VerdictState = (typeof verdictStates)[number];

/** What pods request, and how many of them do. */
export interface PodSize {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly pods: number;
}

export interface Verdict {
  readonly state: VerdictState;
  /** Why, for the tenant's people; null when nothing is wrong. */
  readonly message: string | null;
  readonly wanted: number;
  readonly ready: number;
  /** Of the pods that are ready, the smallest first. */
  readonly sizes: readonly PodSize[];
}

const longestMessage = 300;

const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'CreateContainerConfigError',
]);
const crashReasons: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'RunContainerError',
  'CreateContainerError',
]);

/** @param pods of the workload's namespace; those of others are left out */
export function judge(workload: Workload, pods: readonly PodFacts[]): Verdict {
  const own = pods.filter((pod) => pod.workload === workload.name && !pod.leaving);
  const readyPods = own.filter(({ ready }) => ready);
  const counts = { wanted: workload.replicas, ready: readyPods.length, sizes: sizesOf(readyPods) };
  if (counts.wanted === 0) return { state: 'none_wanted', message: null, ...counts };
  if (counts.ready >= counts.wanted) return { state: 'running', message: null, ...counts };
  const [state, message] = whyNot(
    workload,
    own.filter(({ ready }) => !ready),
  );
  return { state, message: cut(message), ...counts };
}

function whyNot({ failure }: Workload, waiting: readonly PodFacts[]): [VerdictState, string] {
  const containers = waiting.flatMap((pod) => pod.containers);
  const imageless = containers.find(({ waiting: reason }) => reason !== null && imageReasons.has(reason));
  if (imageless)
    return [
      'image',
      `Its container cannot be made from the image ${imageless.image} (${imageless.waiting}).`,
    ];
  const crashed = containers.find(
    ({ waiting: reason, ended }) => ended !== null || (reason !== null && crashReasons.has(reason)),
  );
  if (crashed) return ['crash', crashMessage(crashed)];
  if (failure?.includes('exceeded quota'))
    return ['quota', `Its pods do not fit: ${failure.slice(failure.indexOf('exceeded quota'))}.`];
  if (waiting.some(({ unschedulable }) => unschedulable))
    return ['unschedulable', 'No node has room for its pods.'];
  if (failure !== null && waiting.length === 0)
    return ['refused', `The cluster refuses its pods: ${failure}`];
  return ['starting', 'Its pods start.'];
}

function crashMessage({ waiting, ended }: ContainerFacts): string {
  if (!ended) return `Its container cannot be started (${waiting}).`;
  const { exitCode, reason } = ended;
  if (reason === 'OOMKilled') return 'Its container needs more memory than it has (OOMKilled).';
  return `Its container ended with exit code ${exitCode} and is started again.`;
}

function sizesOf(pods: readonly PodFacts[]): PodSize[] {
  const sizes = new Map<string, PodSize>();
  for (const { cpuMillis, memoryBytes } of pods) {
    const key = `${cpuMillis} ${memoryBytes}`;
    sizes.set(key, { cpuMillis, memoryBytes, pods: (sizes.get(key)?.pods ?? 0) + 1 });
  }
  return [...sizes.values()].sort((a, b) => a.cpuMillis - b.cpuMillis || a.memoryBytes - b.memoryBytes);
}

function cut(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message;
}
