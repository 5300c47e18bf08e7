import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { platformManifests, priorityClassName } from '../../tenants/platform.ts';
import { defaultCell } from '../../tenants/tenant.ts';
import { apply, kubectl, live, removeNamespaces } from './cluster.ts';
import { everyPlan, freshTenantId, manifestsOf, restrained, tenantOf } from './specs.ts';

/** What the real API server says to our manifests. */

const namespaces: string[] = [];

beforeAll(async () => {
  const applied = await apply(platformManifests());
  expect(applied).toMatchObject({ ok: true, stderr: '' });
});
afterAll(() => removeNamespaces(namespaces));

function freshTenant(...[product, plan]: (typeof everyPlan)[number]) {
  const tenantId = freshTenantId();
  const tenant = tenantOf(product, plan, { tenantId, slug: `${plan}-${tenantId}` });
  namespaces.push(tenant.spec.namespace);
  return tenant;
}

describe.concurrent('every plan', () => {
  test.for(everyPlan)(
    '%s %s: the API server takes every object as it is',
    async ([product, plan], { expect }) => {
      const tenant = freshTenant(product, plan);
      const manifests = manifestsOf(tenant);
      expect(await apply(manifests)).toMatchObject({ ok: true, stderr: '' });
      expect(await live(manifests)).toMatchObject(manifests.map(asRead));
      // The second time is no change to any of them.
      const before = await marks(manifests);
      expect(await apply(manifests)).toMatchObject({ ok: true, stderr: '' });
      expect(await marks(manifests)).toEqual(before);

      const changed = restrained.flatMap((state) =>
        manifestsOf({ ...tenant, spec: { ...tenant.spec, ...state } }),
      );
      const answer = await apply(changed, '--dry-run=server', '-o', 'json');
      expect(answer).toMatchObject({ ok: true, stderr: '' });
      expect(JSON.parse(answer.stdout).items).toMatchObject(changed.map(asRead));
    },
  );
});

/** Texts of a Secret are written as they are, and read encoded. */
function asRead(manifest: Manifest & { stringData?: Record<string, string> }): object {
  const { stringData, ...rest } = manifest;
  if (!stringData) return manifest;
  const data = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return { ...rest, data: Object.fromEntries(data) };
}

/**
 * What changes with what we apply: a generation, where a resource version counts changes of a status, too. A
 * Deployment's counts those of the number of pods, which is its autoscaler's: it shows all the rest.
 */
async function marks(manifests: Parameters<typeof live>[0]): Promise<unknown> {
  const objects = (await live(manifests)) as {
    kind: string;
    metadata: { name: string; generation?: number };
    spec?: object;
  }[];
  return objects.map(({ kind, metadata: { name, generation }, spec }) =>
    kind === 'Deployment' ? { kind, name, spec: { ...spec, replicas: null } } : { kind, name, generation },
  );
}

/** The controllers share their processors with engines and browsers. */
const patience = { timeout: 120_000, interval: 100 };

describe('a tenant namespace', () => {
  const tenant = freshTenant('stream', 'business');
  const { namespace } = tenant.spec;

  beforeAll(async () => {
    expect(await apply(manifestsOf(tenant))).toMatchObject({ ok: true });
    // Until a new quota has been counted once, the API server refuses what it counts.
    await vi.waitFor(async () => {
      const quota = await kubectl([
        'get',
        'resourcequota',
        'plan',
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.hard.pods}',
      ]);
      expect(quota.stdout).toBe('500');
    }, patience);
  });

  const pod = (name: string, spec: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec,
  });
  const restricted = {
    runAsNonRoot: true,
    runAsUser: 10_001,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = { name: 'main', image: 'example.com/main:1.0.0', securityContext: restricted };

  test('takes a pod that asks for nothing: defaults make it fit the quota', async () => {
    const answer = await apply(
      [pod('modest', { containers: [container], priorityClassName })],
      '--dry-run=server',
      '-o',
      'json',
    );
    expect(answer).toMatchObject({ ok: true, stderr: '' });
    expect(JSON.parse(answer.stdout).spec.containers[0].resources).toEqual({
      requests: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '256Mi' },
      limits: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '256Mi' },
    });
  });

  test.each([
    [
      'a privileged one',
      { containers: [{ ...container, securityContext: { privileged: true } }] },
      /PodSecurity/,
    ],
    [
      'one as root',
      { containers: [{ ...container, securityContext: { ...restricted, runAsUser: 0 } }] },
      /PodSecurity/,
    ],
    [
      'one on the host network',
      { hostNetwork: true, containers: [container] },
      /PodSecurity|namespaces of its host/,
    ],
    [
      'one with a host path',
      { containers: [container], volumes: [{ name: 'etc', hostPath: { path: '/etc' } }] },
      /PodSecurity|paths of its host/,
    ],
    [
      'one of the system priority',
      { containers: [container], priorityClassName: 'system-cluster-critical' },
      /must have the priority tenantry-tenant/,
    ],
    [
      'one beyond the quota',
      {
        containers: [{ ...container, resources: { limits: { cpu: '200', memory: '1Gi' } } }],
        priorityClassName,
      },
      /exceeded quota/,
    ],
  ])('refuses a pod: %s', async (name, spec, reason) => {
    const answer = await apply([pod(name.replaceAll(' ', '-'), spec)], '--dry-run=server');
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(reason);
  });

  test.each([
    ['NodePort', { type: 'NodePort' }],
    ['LoadBalancer', { type: 'LoadBalancer' }],
    ['ExternalName', { type: 'ExternalName', externalName: 'kubernetes.default.svc.cluster.local' }],
    ['with external addresses', { type: 'ClusterIP', externalIPs: ['1.2.3.4'] }],
  ])('refuses a service: %s', async (name, spec) => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: name.toLowerCase().replaceAll(' ', '-'), namespace },
      spec: { ports: [{ port: 80 }], selector: { a: 'b' }, ...spec },
    };
    const answer = await apply([service], '--dry-run=server');
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(/tenant-guard|exceeded quota/);
  });

  test('without its Pod Security labels is still guarded against paths and namespaces of the host', async () => {
    const bare = freshTenant('stream', 'free');
    const [stripped] = manifestsOf(bare);
    const labels = { 'app.kubernetes.io/managed-by': 'tenantry' };
    expect(await apply([{ ...stripped, metadata: { ...stripped?.metadata, labels } }])).toMatchObject({
      ok: true,
    });
    for (const [spec, reason] of [
      [{ hostPID: true, containers: [container] }, /namespaces of its host/],
      [{ containers: [container], volumes: [{ name: 'x', hostPath: { path: '/' } }] }, /paths of its host/],
      [{ containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] }, /ports of its host/],
    ] as const) {
      // A pod needs its account, which the controllers make in any new namespace.
      await vi.waitFor(async () => {
        const [made] = [pod('guarded', spec)];
        const answer = await apply(
          [{ ...made, metadata: { name: 'guarded', namespace: bare.spec.namespace } }],
          '--dry-run=server',
        );
        expect(answer.ok).toBe(false);
        expect(answer.stderr).toMatch(reason);
      }, patience);
    }
  });
});

describe.concurrent('pods of our workloads', () => {
  const running = everyPlan.filter(([product, plan]) => tenantObjects(tenantOf(product, plan)).workload);

  test.for(running)(
    '%s %s: are taken at the restricted level, within the quota',
    async ([product, plan], { expect }) => {
      const tenant = freshTenant(product, plan);
      const { workload } = tenantObjects(tenant);
      expect(await apply(manifestsOf(tenant).filter(({ kind }) => kind !== 'Deployment'))).toMatchObject({
        ok: true,
      });
      await vi.waitFor(async () => {
        const answer = await apply(
          [
            {
              apiVersion: 'v1',
              kind: 'Pod',
              metadata: {
                name: 'one',
                namespace: tenant.spec.namespace,
                ...workload?.spec?.template.metadata,
              },
              spec: workload?.spec?.template.spec,
            },
          ],
          '--dry-run=server',
        );
        expect(answer).toMatchObject({ ok: true, stderr: '' });
      }, patience);
    },
  );
});

describe('a sandbox', () => {
  const tenant = freshTenant('agents', 'enterprise');
  const [gateway] = tenantObjects(tenant).workload?.spec?.template.spec?.containers ?? [];
  // The image and the size of the gateway, and nothing of the tenant's.
  const container = {
    name: 'task',
    image: gateway?.image,
    resources: gateway?.resources,
    securityContext: gateway?.securityContext,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  const restricted = { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } };
  const sandbox = (spec: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'task-1',
      namespace: tenant.spec.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'tenantry', 'tenantry.dev/sandbox': 'task-1' },
    },
    spec: {
      serviceAccountName: 'workload',
      securityContext: restricted,
      containers: [container],
      volumes: [{ name: 'tmp', emptyDir: {} }],
      priorityClassName,
      ...spec,
    },
  });

  beforeAll(async () => {
    expect(await apply(manifestsOf(tenant))).toMatchObject({ ok: true });
  });

  test('is taken at the restricted level, within the quota', async () => {
    await vi.waitFor(async () => {
      expect(await apply([sandbox({})], '--dry-run=server')).toMatchObject({ ok: true, stderr: '' });
    }, patience);
  });

  const database = { name: 'database', secret: { secretName: 'database' } };
  const fromSecret = { secretKeyRef: { name: 'database', key: 'url' } };
  test.each([
    [
      'with the database’s Secret',
      { volumes: [{ name: 'tmp', emptyDir: {} }, database] },
      /nothing but scratch/,
    ],
    ['with a token of the API', { automountServiceAccountToken: true }, /nothing but scratch/],
    [
      'that reads the Secret into its environment',
      { containers: [{ ...container, env: [{ name: 'URL', valueFrom: fromSecret }] }] },
      /must not read Secrets/,
    ],
    [
      'that reads all of the Secret before it starts',
      { initContainers: [{ ...container, name: 'first', envFrom: [{ secretRef: { name: 'database' } }] }] },
      /must not read Secrets/,
    ],
  ])('is refused: one %s', async (_, spec, reason) => {
    await vi.waitFor(async () => {
      const answer = await apply([sandbox(spec)], '--dry-run=server');
      expect(answer.ok).toBe(false);
      expect(answer.stderr).toMatch(reason);
    }, patience);
  });
});

test('an autoscaler that scales to zero by the metrics of its own pods is refused: zero is the Deployment’s', async () => {
  const tenant = freshTenant('stream', 'free');
  const manifests = manifestsOf(tenant);
  const hpa = manifests.find(({ kind }) => kind === 'HorizontalPodAutoscaler') as unknown as { spec: object };
  expect(await apply(manifests.slice(0, 1))).toMatchObject({ ok: true });
  const answer = await apply([{ ...hpa, spec: { ...hpa.spec, minReplicas: 0 } }], '--dry-run=server');
  expect(answer.stderr).toMatch(/minReplicas: Invalid value: 0/);
});

test('a browsers tenant fills its pool of five warm pods', async () => {
  const tenant = freshTenant('browsers', 'professional');
  const { namespace } = tenant.spec;
  expect(await apply(manifestsOf(tenant))).toMatchObject({ ok: true });
  await vi.waitFor(async () => {
    const pods = await kubectl(['get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].status.phase}']);
    expect(pods.stdout).toBe('Running Running Running Running Running');
  }, patience);
});

describe('the administrator of a tenant', () => {
  const tenant = freshTenant('stream', 'business');
  const { namespace, tenantId } = tenant.spec;
  const asAdmin = [
    '--as=jane@example.com',
    `--as-group=tenantry:tenant:${tenantId}`,
    '--as-group=system:authenticated',
  ];
  /** Asks without doing it. */
  const create = (object: object) => apply([object], '--dry-run=server', ...asAdmin);
  const patch = (what: string, change: object, ...more: string[]) =>
    kubectl([
      'patch',
      what,
      '-n',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify(change),
      ...asAdmin,
      ...more,
    ]);

  const metadata = (name: string, more: object = {}) => ({ name, namespace, ...more });
  const container = {
    name: 'main',
    image: 'example.com/main:1.0.0',
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10_001,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
  const podSpec = { containers: [container], priorityClassName };
  const pod = (spec: object, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata('own', more),
    spec: { ...podSpec, ...spec },
  });
  const job = (spec: object, template: object = {}) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata('own'),
    spec: { template: { ...template, spec: { restartPolicy: 'Never', ...podSpec, ...spec } } },
  });
  const configMap = (more: object, name = 'own') => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(name),
    ...more,
  });

  beforeAll(async () => {
    expect(await apply(manifestsOf(tenant))).toMatchObject({ ok: true });
    await vi.waitFor(async () => expect((await create(pod({}))).stderr).toBe(''), patience);
  });

  test('runs pods and jobs of its own, and keeps settings', async () => {
    for (const object of [pod({}), job({}), configMap({ data: { a: 'b' } })])
      expect(await create(object)).toMatchObject({ ok: true, stderr: '' });
  });

  const fromSecret = { name: 'URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } };
  const mounting = (volume: object) => ({ volumes: [{ name: 'v', ...volume }] });
  const pods: [string, object, RegExp][] = [
    ['of no priority, which is above all tenants’', { priorityClassName: '' }, /must have the priority/],
    ['of a higher priority', { priorityClassName: 'system-node-critical' }, /must have the priority/],
    ['on a node of its choice', { nodeName: 'node-1' }, /leave its node to the scheduler/],
    [
      'in the pool of the control plane',
      { nodeSelector: { 'tenantry.dev/pool': 'control-plane' } },
      /pool of nodes/,
    ],
    ['that tolerates every taint', { tolerations: [{ operator: 'Exists' }] }, /tolerate no taints/],
    [
      'that tolerates the control plane’s taint',
      { tolerations: [{ key: 'tenantry.dev/pool', value: 'control-plane', effect: 'NoSchedule' }] },
      /tolerate no taints/,
    ],
    ['that takes years to end', { terminationGracePeriodSeconds: 315_360_000 }, /must end within 300 s/],
    [
      'whose probe takes years to end',
      {
        containers: [
          {
            ...container,
            livenessProbe: { tcpSocket: { port: 1 }, terminationGracePeriodSeconds: 315_360_000 },
          },
        ],
      },
      /must end within 300 s/,
    ],
    [
      'that fills the disks of nodes',
      { containers: [{ ...container, resources: { limits: { 'ephemeral-storage': '1Ti' } } }] },
      /maximum ephemeral-storage usage per Container/,
    ],
    [
      'that mounts what a driver finds',
      mounting({ csi: { driver: 'secrets-store.csi.k8s.io' } }),
      /only volumes of the kinds/,
    ],
    ['that mounts the Secret', mounting({ secret: { secretName: 'database' } }), /must not read Secrets/],
    [
      'that mounts the Secret among others',
      mounting({ projected: { sources: [{ secret: { name: 'database' } }] } }),
      /must not read Secrets/,
    ],
    ['that reads the Secret', { containers: [{ ...container, env: [fromSecret] }] }, /must not read Secrets/],
    [
      'that reads all of the Secret',
      { containers: [{ ...container, envFrom: [{ secretRef: { name: 'database' } }] }] },
      /must not read Secrets/,
    ],
    [
      'that reads the Secret before it begins',
      { initContainers: [{ ...container, name: 'first', env: [fromSecret] }] },
      /must not read Secrets/,
    ],
    ['that pulls with a Secret', { imagePullSecrets: [{ name: 'database' }] }, /must not read Secrets/],
    [
      'on a port of its host',
      { containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] },
      /ports of its host|PodSecurity/,
    ],
    [
      'on a port of its host before it begins',
      { initContainers: [{ ...container, name: 'first', ports: [{ containerPort: 80, hostPort: 80 }] }] },
      /ports of its host|PodSecurity/,
    ],
  ];
  test.each(pods)('makes no pod %s', async (_, spec, reason) => {
    const answer = await create(pod(spec));
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(reason);
  });

  // What only the quota and Pod Security refuse, they refuse when the job's pods are made.
  const ofGuard = pods.filter(([, , reason]) => !/PodSecurity|maximum/.test(reason.source));
  test.each(ofGuard)('makes no job whose pods are such: %s', async (_, spec, reason) => {
    const answer = await create(job(spec));
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(reason);
  });

  const finalizers = ['example.com/never'];
  test.each([
    ['a pod', pod({}, { finalizers })],
    ['a ConfigMap', { ...configMap({}), metadata: metadata('own', { finalizers }) }],
    [
      'a service',
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: metadata('own', { finalizers }),
        spec: { ports: [{ port: 80 }] },
      },
    ],
    [
      'a claim',
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: metadata('own', { finalizers }),
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
    ['a job', { ...job({}), metadata: metadata('own', { finalizers }) }],
  ])('holds up the deletion of nothing: %s', async (_, object) => {
    const answer = await create(object);
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(/hold up its own deletion/);
  });

  test('has no pods made that hold up their deletion', async () => {
    // The controller of jobs copies finalizers from the template; so it is refused as the pod is made.
    const made = pod({}, { finalizers });
    const answer = await apply([made], '--dry-run=server');
    expect(answer.stderr).toMatch(/hold up its own deletion/);
  });

  test('puts no finalizer on what is not its own', async () => {
    const answer = await patch('deployment/stream', { metadata: { finalizers } }, '--dry-run=server');
    expect(answer.stderr).toMatch(/hold up its own deletion/);
  });

  test('may take off a finalizer that was there before, and scale and restart the workload', async () => {
    const held = { ...configMap({}, 'held'), metadata: metadata('held', { finalizers }) };
    expect(await apply([held])).toMatchObject({ ok: true });
    expect(await patch('configmap/held', { metadata: { labels: { a: 'b' } } })).toMatchObject({ ok: true });
    expect(await patch('configmap/held', { metadata: { finalizers: null } })).toMatchObject({ ok: true });
    expect(
      await kubectl(['scale', 'deployment/stream', '-n', namespace, '--replicas=1', ...asAdmin]),
    ).toMatchObject({ ok: true });
    expect(
      await kubectl(['rollout', 'restart', 'deployment/stream', '-n', namespace, ...asAdmin]),
    ).toMatchObject({
      ok: true,
    });
  });

  test.each([
    ['its image', { template: { spec: { terminationGracePeriodSeconds: 1 } } }],
    ['whether it is rolled out', { paused: true }],
    ['how it is rolled out', { minReadySeconds: 500 }],
    ['its labels', { template: { metadata: { labels: { 'tenantry.dev/sandbox': 'x' } } } }],
  ])('changes nothing else of the workload: %s', async (_, spec) => {
    const answer = await patch('deployment/stream', { spec }, '--dry-run=server');
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(/may scale and restart its workload, and change nothing else/);
  });

  test('deletes nothing with a grace of years', async () => {
    expect(await apply([pod({ terminationGracePeriodSeconds: 0 })], ...asAdmin)).toMatchObject({ ok: true });
    const remove = (...flags: string[]) =>
      kubectl(['delete', 'pod', 'own', '-n', namespace, '--wait=false', ...flags, ...asAdmin]);
    expect((await remove('--grace-period=315360000')).stderr).toMatch(/must grant at most 300 s/);
    expect(await remove()).toMatchObject({ ok: true });
  });

  test.each([
    ['a large ConfigMap', configMap({ data: { a: 'x'.repeat(200_000), b: 'x'.repeat(100_000) } })],
    [
      'long annotations',
      { ...configMap({}), metadata: metadata('own', { annotations: { a: 'x'.repeat(100_000) } }) },
    ],
  ])('fills etcd with no %s', async (_, object) => {
    const answer = await create(object);
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toMatch(/must have at most \d+ bytes/);
  });

  test('makes no more ConfigMaps than its quota has room for', async () => {
    const many = Array.from({ length: 60 }, (_, index) => configMap({}, `many-${index}`));
    const answer = await apply(many, ...asAdmin);
    expect(answer.stderr).toMatch(/exceeded quota: plan, requested: count\/configmaps=1/);
  });

  test('must choose the nodes for tenants where the cell has them, and may tolerate their taint', async () => {
    const policyOf = (nodePool: string | null) =>
      platformManifests({ ...defaultCell, nodePool }).find(
        ({ kind }) => kind === 'ValidatingAdmissionPolicy',
      ) as (Manifest & { spec: { validations: { expression: string; message: string }[] } }) | undefined;
    // The cluster's own stays as it is: other tests use it.
    const name = `pool-${tenantId}`;
    const policy = policyOf('tenants');
    const selector = { matchLabels: { 'tenantry.dev/tenant': tenantId } };
    const spec = {
      ...policy?.spec,
      matchConstraints: {
        ...(policy?.spec as { matchConstraints?: object })?.matchConstraints,
        namespaceSelector: selector,
      },
      validations: policy?.spec.validations.filter(({ message }) => /nodes for tenants/.test(message)),
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    };
    const objects = [{ ...policy, metadata: { name }, spec }, binding];
    expect(await apply(objects)).toMatchObject({ ok: true });
    try {
      const inPool = {
        nodeSelector: { 'tenantry.dev/pool': 'tenants' },
        tolerations: [
          { key: 'tenantry.dev/pool', operator: 'Equal', value: 'tenants', effect: 'NoSchedule' },
        ],
      };
      await vi.waitFor(async () => {
        const answer = await create(pod({}));
        expect(answer.stderr).toMatch(/must choose the nodes for tenants/);
      }, patience);
      // The cluster's own guard knows of no pool; the one of the pool has nothing against it.
      const { stderr } = await create(pod(inPool));
      expect(stderr).not.toContain(name);
    } finally {
      await kubectl(['delete', '-f', '-'], objects);
    }
  });
});
