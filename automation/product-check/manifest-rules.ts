import { z } from 'zod';
import { quantity } from '../providers/kubernetes/index.ts';
import type { Demands } from './demands.ts';
import { ok, problem, Unreadable, type Verdict, warning } from './verdict.ts';

const probe = z.looseObject({}).optional();
const container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  ports: z.array(z.looseObject({ containerPort: z.number(), hostPort: z.number().optional() })).default([]),
  resources: z
    .looseObject({ limits: z.record(z.string(), z.union([z.string(), z.number()])).default({}) })
    .default({ limits: {} }),
  securityContext: z
    .looseObject({
      privileged: z.boolean().optional(),
      allowPrivilegeEscalation: z.boolean().optional(),
      readOnlyRootFilesystem: z.boolean().optional(),
      runAsUser: z.number().optional(),
      runAsNonRoot: z.boolean().optional(),
      capabilities: z.looseObject({ add: z.array(z.string()).default([]) }).optional(),
    })
    .default({}),
  readinessProbe: probe,
  livenessProbe: probe,
  volumeMounts: z.array(z.looseObject({ mountPath: z.string() })).default([]),
});
const podSpec = z.looseObject({
  containers: z.array(container).min(1),
  initContainers: z.array(container).default([]),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  securityContext: z
    .looseObject({ runAsUser: z.number().optional(), runAsNonRoot: z.boolean().optional() })
    .default({}),
  hostNetwork: z.boolean().optional(),
  hostPID: z.boolean().optional(),
  hostIPC: z.boolean().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  serviceAccountName: z.string().optional(),
});
type Container = z.infer<typeof container>;
type PodSpec = z.infer<typeof podSpec>;

/** Where each kind that makes pods has their spec. */
const podOf: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/**
 * Checks whether the pods of these objects could run as a tenant's. Pure.
 * @param documents the parsed documents of a manifest
 * @throws Unreadable when no document makes a pod, or one is malformed
 */
export function checkManifest(documents: readonly unknown[], demands: Demands): readonly Verdict[] {
  const verdicts = documents.flatMap((document) => checkDocument(document, demands));
  if (verdicts.length === 0)
    throw new Unreadable(`No document makes pods: give one of ${Object.keys(podOf).join(', ')}.`);
  return verdicts;
}

function checkDocument(document: unknown, demands: Demands): readonly Verdict[] {
  const object = z
    .looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string().optional() }).optional() })
    .safeParse(document);
  if (!object.success)
    throw new Unreadable('A document of the manifest is no Kubernetes object: it has no kind.');
  const { kind, metadata } = object.data;
  const where = `${kind}/${metadata?.name ?? '?'}`;
  if (kind === 'List') {
    const { items } = z.looseObject({ items: z.array(z.unknown()).default([]) }).parse(document);
    return items.flatMap((item) => checkDocument(item, demands));
  }
  if (kind === 'DaemonSet')
    return [problem('kind', where, 'runs on every node, which no tenant may: make it a Deployment')];
  const path = podOf[kind];
  if (!path) return [];
  const parsed = podSpec.safeParse(path.reduce<unknown>(fieldOf, document));
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (issue) => `${[...path, ...issue.path].join('.')}: ${issue.message}`,
    );
    throw new Unreadable(`${where} is malformed: ${lines.join('; ')}`);
  }
  return checkPod(parsed.data, where, demands);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function checkPod(pod: PodSpec, where: string, demands: Demands): readonly Verdict[] {
  const containers = [...pod.containers, ...pod.initContainers];
  const host = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => pod[name] === true);
  const ephemeral = ['emptyDir', 'configMap', 'secret', 'persistentVolumeClaim', 'projected', 'downwardAPI'];
  const foreign = pod.volumes.filter((volume) => !ephemeral.some((kind) => kind in volume));
  const grace = pod.terminationGracePeriodSeconds ?? 30;
  return [
    host.length === 0
      ? ok('host', where, 'shares nothing with its node')
      : problem('host', where, `sets ${host.join(', ')}, which is refused: leave it out`),
    foreign.length === 0
      ? ok('volumes', where, 'mounts only what a tenant may')
      : problem(
          'volumes',
          where,
          `mounts ${foreign.map(({ name }) => name).join(', ')}: volumes may be ${ephemeral.join(', ')}`,
        ),
    grace <= demands.runtime.terminationGraceSeconds
      ? ok('termination', where, `ends within ${grace} s of SIGTERM`)
      : problem(
          'termination',
          where,
          `wants ${grace} s to end; the product gives ${demands.runtime.terminationGraceSeconds} (runtime.terminationGraceSeconds)`,
        ),
    ...sizes(pod, where, demands),
    ...containers.flatMap((each) => checkContainer(each, pod, `${where} ${each.name}`, demands)),
    ...probes(pod, where, demands),
  ];
}

function checkContainer(each: Container, pod: PodSpec, where: string, demands: Demands): readonly Verdict[] {
  const { securityContext: security } = each;
  const user = security.runAsUser ?? pod.securityContext.runAsUser;
  const added = (security.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const hostPorts = each.ports.filter(({ hostPort }) => (hostPort ?? 0) !== 0);
  const low = each.ports.filter(({ containerPort }) => containerPort < 1024);
  const tag = each.image?.split('@')[0]?.split('/').at(-1)?.split(':')[1];
  return [
    each.image === undefined
      ? problem('version', where, 'names no image')
      : each.image.includes('@sha256:') || (tag !== undefined && tag !== 'latest')
        ? ok('version', where, `pins ${each.image}`)
        : problem('version', where, `does not pin ${each.image}: name a tag other than latest, or a digest`),
    user === 0
      ? problem('user', where, `runs as root; a tenant's containers run as ${demands.userId}`)
      : user === undefined || user === demands.userId
        ? ok('user', where, `runs as ${demands.userId}`)
        : warning('user', where, `asks for the user ${user}; a tenant's containers run as ${demands.userId}`),
    security.privileged || security.allowPrivilegeEscalation || added.length > 0
      ? problem('privileges', where, `asks for privileges that are refused: ${privilegesOf(security, added)}`)
      : ok('privileges', where, 'asks for no privileges'),
    security.readOnlyRootFilesystem === false
      ? problem(
          'writes',
          where,
          `writes to its root, which is read-only: write to /tmp${demands.runtime.volumePath === null ? '' : ` or ${demands.runtime.volumePath}`}`,
        )
      : ok('writes', where, 'leaves its root read-only'),
    hostPorts.length > 0
      ? problem('port', where, 'takes ports of its node (hostPort), which is refused')
      : low.length > 0
        ? warning(
            'port',
            where,
            `listens on ${low.map((port) => port.containerPort).join(', ')}: ports above 1023 need no privilege`,
          )
        : ok('port', where, 'takes no port of its node'),
  ];
}

function privilegesOf(security: Container['securityContext'], added: readonly string[]): string {
  return [
    ...(security.privileged ? ['privileged'] : []),
    ...(security.allowPrivilegeEscalation ? ['allowPrivilegeEscalation'] : []),
    ...added,
  ].join(', ');
}

/** Checks the probes of the container that serves; nothing calls the others. */
function probes(pod: PodSpec, where: string, { runtime }: Demands): readonly Verdict[] {
  const wanted = runtime.ports[0]?.port;
  if (wanted === undefined) return [];
  const serving = pod.containers.find(({ ports }) =>
    ports.some(({ containerPort }) => containerPort === wanted),
  );
  if (!serving)
    return [
      problem(
        'port',
        where,
        `no container listens on ${wanted}, where the product's service is (runtime.ports)`,
      ),
    ];
  const missing = (['readinessProbe', 'livenessProbe'] as const).filter(
    (name) => serving[name] === undefined,
  );
  return [
    missing.length === 0
      ? ok('probes', `${where} ${serving.name}`, 'says when it is ready and when it lives')
      : warning(
          'probes',
          `${where} ${serving.name}`,
          `has no ${missing.join(' and no ')}: the product asks for ${runtime.readyPath ?? 'a TCP connection'} and ${runtime.livePath ?? 'a TCP connection'}`,
        ),
  ];
}

function sizes(pod: PodSpec, where: string, { plan }: Demands): readonly Verdict[] {
  if (plan === null || plan.compute === null) return [];
  const sum = (name: string) =>
    pod.containers.reduce((total, { resources }) => total + (quantity(resources.limits[name] ?? 0) ?? 0), 0);
  const cpuMillis = Math.round(1000 * sum('cpu'));
  const memoryBytes = sum('memory');
  const over = [
    ...(cpuMillis > plan.compute.cpuMillis
      ? [`${cpuMillis} m of CPU, the plan has ${plan.compute.cpuMillis} m`]
      : []),
    ...(memoryBytes > plan.compute.memoryBytes
      ? [`${memoryBytes} bytes of memory, the plan has ${plan.compute.memoryBytes}`]
      : []),
  ];
  return [
    over.length === 0
      ? ok('size', where, `fits into ${plan.name}`)
      : problem('size', where, `is larger than ${plan.name} sells: ${over.join('; ')}`),
  ];
}
