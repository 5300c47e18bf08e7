import type { Plan, Runtime } from './catalog/types.ts';
import { databaseSecretName } from './data.ts';
import { metadata, podEphemeralBytes, serviceAccountName } from './isolation.ts';
import { managedBy, nodePoolLabel, selectorLabels } from './labels.ts';
import type { Container, Deployment, PodSpec, Probe, Service } from './manifest.ts';
import { priorityClassName } from './platform.ts';
import { contractEnv, contractMounts, contractVolumes } from './pod-contract.ts';
import { bytesQuantity, cpuQuantity } from './quantities.ts';
import { isAutoscaled } from './scaling.ts';
import { volumeClaimName } from './storage.ts';
import { keepsRows, type Tenant, volumeBytes } from './tenant.ts';

/** Above the range of images' own accounts, so that no file on a node belongs to it by accident. */
export const userId = 10_001;

/** The tenant's workload, which has no pods while suspended; null where the plan runs none. */
export function deployment(tenant: Tenant): Deployment | null {
  const { spec, product, plan } = tenant;
  if (plan.compute === null) return null;
  const replicas = spec.state === 'suspended' ? 0 : isAutoscaled(tenant) ? undefined : 1;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata(tenant, product.id),
      labels: { ...metadata(tenant, product.id).labels, 'app.kubernetes.io/name': product.id },
      // A tenant is ready when its objects are in the API. Waiting for pods, and so for images to be pulled, could hold an
      // engine operation for minutes.
      annotations: { 'pulumi.com/skipAwait': 'true' },
    },
    spec: {
      // The number belongs to the autoscaler if there is one: setting it here would undo its work with every update.
      ...(replicas !== undefined && { replicas }),
      revisionHistoryLimit: 2,
      selector: { matchLabels: selectorLabels(tenant) },
      strategy: rolloutStrategy(tenant),
      template: {
        // Without anything that changes with the plan or its price: pods restart only when what they run changes.
        metadata: { labels: { ...managedBy, 'tenantry.dev/product': product.id, ...selectorLabels(tenant) } },
        spec: podSpec(tenant),
      },
    },
  };
}

/** The tenant's address inside the cluster, or null where the plan runs nothing. */
export function service(tenant: Tenant): Service | null {
  const { product, plan } = tenant;
  if (plan.compute === null) return null;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metadata(tenant, product.id),
      // It has no endpoints before a pod is ready, or while the tenant is suspended or scaled to zero.
      annotations: { 'pulumi.com/skipAwait': 'true' },
    },
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(tenant),
      ports: product.runtime.ports.map(({ name, port }) => ({
        name,
        port,
        targetPort: name,
        protocol: 'TCP',
      })),
    },
  };
}

/** Address of the tenant's service inside the cluster, or null where the plan runs nothing. */
export function serviceUrl({ spec, product, plan }: Tenant): string | null {
  const { scheme, ports } = product.runtime;
  if (plan.compute === null || ports[0] === undefined) return null;
  return `${scheme}://${product.id}.${spec.namespace}.svc.cluster.local:${ports[0].port}`;
}

/**
 * How a new version or another plan reaches the pods. The new plan's quota applies at once and must have room for every step
 * from any earlier plan; otherwise it would refuse new pods for ever while the old ones run on.
 */
function rolloutStrategy(tenant: Tenant): NonNullable<Deployment['spec']>['strategy'] {
  const rolling = (maxSurge: number) => ({
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge, maxUnavailable: 1 - maxSurge },
  });
  // The next pod cannot mount the volume before the last one is gone.
  if (volumeBytes(tenant) !== null) return { type: 'Recreate' };
  // A pool of warm pods may be at its quota, so a rollout stops an old pod before it starts a new one.
  if (tenant.plan.warmPods === 0 && fitsRollout(tenant, 1)) return rolling(1);
  return tenant.plan.autoscaling !== null && fitsRollout(tenant, 0) ? rolling(0) : { type: 'Recreate' };
}

/** Whether the quota has room for a rollout from any plan of the product with this many extra pods. */
function fitsRollout({ product, plan }: Tenant, maxSurge: number): boolean {
  const { quota } = plan;
  return product.plans.every((earlier) => {
    const pods = Math.max(mostPods(earlier), mostPods(plan));
    const fits = (resource: 'cpuMillis' | 'memoryBytes') => {
      const [before, after] = [earlier.compute?.[resource] ?? 0, plan.compute?.[resource] ?? 0];
      return (
        pods * Math.max(before, after) + maxSurge * after <= (quota[resource] ?? Number.POSITIVE_INFINITY)
      );
    };
    return (
      pods + maxSurge <= (quota.pods ?? Number.POSITIVE_INFINITY) && fits('cpuMillis') && fits('memoryBytes')
    );
  });
}

function mostPods({ compute, autoscaling }: Plan): number {
  return compute === null ? 0 : (autoscaling?.maxReplicas ?? 1);
}

function podSpec(tenant: Tenant): PodSpec {
  const { plan } = tenant;
  const { runtime } = tenant.product;
  const hasVolume = volumeBytes(tenant) !== null && runtime.volumePath !== null;
  const hasDatabase = keepsRows(tenant);
  return {
    serviceAccountName,
    automountServiceAccountToken: false,
    // Keeps the names of other services out of the environment of every process.
    enableServiceLinks: false,
    priorityClassName,
    ...onPool(tenant),
    terminationGracePeriodSeconds: runtime.terminationGraceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      // Avoids walking through a large volume at each start.
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(plan.autoscaling !== null && { topologySpreadConstraints: spread(tenant) }),
    containers: [container(tenant, runtime, { hasVolume, hasDatabase })],
    volumes: [
      { name: 'tmp', emptyDir: { sizeLimit: bytesQuantity(runtime.scratchBytes) } },
      ...(hasVolume ? [{ name: 'home', persistentVolumeClaim: { claimName: volumeClaimName } }] : []),
      ...(hasDatabase
        ? [{ name: 'database', secret: { secretName: databaseSecretName, defaultMode: 0o440 } }]
        : []),
      ...contractVolumes(tenant),
    ],
  };
}

/** Runs pods only on the nodes that the cell reserves for tenants, if it does. */
function onPool({ cell }: Tenant): Pick<PodSpec, 'nodeSelector' | 'tolerations'> {
  if (cell.nodePool === null) return {};
  return {
    nodeSelector: { [nodePoolLabel]: cell.nodePool },
    tolerations: [{ key: nodePoolLabel, operator: 'Equal', value: cell.nodePool, effect: 'NoSchedule' }],
  };
}

function container(
  tenant: Tenant,
  runtime: Runtime,
  { hasVolume, hasDatabase }: { hasVolume: boolean; hasDatabase: boolean },
): Container {
  const { product, plan, cell } = tenant;
  const image = cell.images[product.id] ?? product.image;
  const args = image === product.image ? [...runtime.args] : [];
  const env = Object.entries({
    ...runtime.env,
    ...contractEnv(tenant),
    ...(hasDatabase && { DATABASE_URL_FILE: '/run/secrets/database/url' }),
  }).map(([name, value]) => ({ name, value }));
  // Requests equal limits: a tenant gets what it pays for, and its bursts make nobody wait.
  const amounts = {
    cpu: cpuQuantity(plan.compute?.cpuMillis ?? 0),
    memory: bytesQuantity(plan.compute?.memoryBytes ?? 0),
    'ephemeral-storage': bytesQuantity(podEphemeralBytes(product)),
  };
  return {
    name: product.id,
    image,
    imagePullPolicy: 'IfNotPresent',
    ...(args.length > 0 && { args }),
    env,
    ports: runtime.ports.map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
    resources: { requests: amounts, limits: amounts },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // A start may take two minutes. Later, a failing pod leaves the service within 10 s and is restarted after a minute.
    startupProbe: { ...check(runtime, runtime.readyPath), periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...check(runtime, runtime.readyPath), periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...check(runtime, runtime.livePath), periodSeconds: 20, failureThreshold: 3 },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...(hasVolume && runtime.volumePath !== null ? [{ name: 'home', mountPath: runtime.volumePath }] : []),
      ...(hasDatabase ? [{ name: 'database', mountPath: '/run/secrets/database', readOnly: true }] : []),
      ...contractMounts(tenant),
    ],
  };
}

function check({ ports }: Runtime, path: string | null): Probe {
  const port = ports[0]?.name ?? '';
  return path === null
    ? { tcpSocket: { port }, timeoutSeconds: 2 }
    : { httpGet: { path, port }, timeoutSeconds: 2 };
}

/** Spreads pods over zones and nodes where there is room, but prefers one place to none. */
function spread(tenant: Tenant): NonNullable<PodSpec['topologySpreadConstraints']> {
  return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorLabels(tenant) },
  }));
}
