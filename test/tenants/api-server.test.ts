import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { platformManifests } from '../../tenants/platform.ts';
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
      [pod('modest', { containers: [container] })],
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
      /no priority but tenantry-tenant/,
    ],
    [
      'one beyond the quota',
      { containers: [{ ...container, resources: { limits: { cpu: '200', memory: '1Gi' } } }] },
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
