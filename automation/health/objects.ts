import { z } from 'zod';
import { quantity } from '../providers/kubernetes/index.ts';

/** What of Deployments and pods says whether a tenant runs. The rest is thrown away, as there are many of them. */

const metadata = z.object({
  namespace: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  deletionTimestamp: z.string().optional(),
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().optional() }))
    .default([]),
});
const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
});
const terminated = z.object({ exitCode: z.int(), reason: z.string().default('') });
const containerStatus = z.object({
  name: z.string(),
  image: z.string(),
  ready: z.boolean(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().default('') }).optional(),
      terminated: terminated.optional(),
    })
    .default({}),
  lastState: z.object({ terminated: terminated.optional() }).default({}),
});
const amounts = z.object({ cpu: z.string().default('0'), memory: z.string().default('0') });

const deploymentSchema = z.object({
  metadata,
  spec: z.object({ replicas: z.int().default(1) }),
  status: z.object({ conditions: z.array(condition).default([]) }).default({ conditions: [] }),
});
const podSchema = z.object({
  metadata,
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        image: z.string(),
        resources: z.object({ requests: amounts.optional() }).default({}),
      }),
    ),
  }),
  status: z.object({
    phase: z.string().default('Pending'),
    conditions: z.array(condition).default([]),
    containerStatuses: z.array(containerStatus).default([]),
    initContainerStatuses: z.array(containerStatus).default([]),
  }),
});

export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Why the controller cannot make a pod; null when it can. */
  readonly failure: string | null;
}

export interface ContainerFacts {
  readonly image: string;
  /** Why it does not run yet; null when it runs or has ended. */
  readonly waiting: string | null;
  /** How it ended, now or the last time, if it did not end well. */
  readonly ended: { readonly exitCode: number; readonly reason: string } | null;
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  /** The Deployment's name, as the pod's ReplicaSet has it; null for a pod that is not a Deployment's. */
  readonly workload: string | null;
  readonly leaving: boolean;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  readonly containers: readonly ContainerFacts[];
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

export function readWorkload(object: unknown): Workload {
  const { metadata, spec, status } = deploymentSchema.parse(object);
  const failure = status.conditions.find((one) => one.type === 'ReplicaFailure' && one.status === 'True');
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    replicas: spec.replicas,
    failure: failure ? failure.message : null,
  };
}

export function readPod(object: unknown): PodFacts {
  const { metadata, spec, status } = podSchema.parse(object);
  const owner = metadata.ownerReferences.find(({ kind, controller }) => controller && kind === 'ReplicaSet');
  const total = (kind: 'cpu' | 'memory') =>
    spec.containers.reduce((sum, { resources }) => sum + (quantity(resources.requests?.[kind] ?? 0) ?? 0), 0);
  const has = (type: string, value: string) =>
    status.conditions.some((one) => one.type === type && one.status === value);
  const statuses = [...status.initContainerStatuses, ...status.containerStatuses];
  const ended = status.phase === 'Failed' || status.phase === 'Succeeded';
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    // A ReplicaSet is named after its Deployment and its template.
    workload: owner ? owner.name.replace(/-[^-]+$/, '') : null,
    leaving: metadata.deletionTimestamp !== undefined || ended,
    ready: has('Ready', 'True'),
    unschedulable: status.conditions.some(
      ({ type, status, reason }) =>
        type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
    ),
    containers: statuses.map(({ name, image, ready, state, lastState }) => {
      const end = state.terminated ?? (ready ? undefined : lastState.terminated);
      return {
        image: spec.containers.find((container) => container.name === name)?.image ?? image,
        waiting: state.waiting ? state.waiting.reason : null,
        ended: end && end.exitCode !== 0 ? { exitCode: end.exitCode, reason: end.reason } : null,
      };
    }),
    cpuMillis: Math.round(total('cpu') * 1000),
    memoryBytes: Math.round(total('memory')),
  };
}
