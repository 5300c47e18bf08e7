import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Amounts, observe, requestsOf } from '../../automation/metering/observe.ts';
import {
  type ApiRequest,
  type JsonObject,
  KubernetesClient,
} from '../../automation/providers/kubernetes/client.ts';
import { KubernetesApiError } from '../../automation/providers/kubernetes/errors.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { until } from '../support/wait.ts';
import { apply, kubectl, removeNamespaces } from '../tenants/cluster.ts';

let cluster: KubernetesClient;
beforeAll(() => {
  cluster = new KubernetesClient(loadKubeconfig(inject('kubeconfig')), process.env, () => {});
});
afterAll(() => cluster?.close());

describe('on a real API server', () => {
  const namespace = `metered-${randomBytes(4).toString('hex')}`;
  afterAll(() => removeNamespaces([namespace]));

  const pod = (name: string, labels: Record<string, string>, cpu: string, memory: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      containers: [{ name: 'main', image: 'none', resources: { requests: { cpu, memory } } }],
      tolerations: [{ operator: 'Exists' }],
    },
  });

  test('everything that runs is found by its namespace, page by page, without a call per tenant', async () => {
    const applied = await apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
      // Somebody's own label does not make it somebody else's.
      pod('a', { 'tenantry.dev/tenant': 'someone1', 'tenantry.dev/consumer': 'ann' }, '250m', '128Mi'),
      pod('b', { 'app.kubernetes.io/name': 'stream' }, '1', '1G'),
      pod('c', {}, '100m', '1000k'),
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'home', namespace },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '50Gi' } } },
      },
    ]);
    expect(applied).toMatchObject({ ok: true });
    const paths: string[] = [];
    const counting = {
      send: (request: ApiRequest) => {
        paths.push(request.path);
        return cluster.send(request);
      },
    };
    const seen = await until(async () => {
      paths.length = 0;
      const found = await observe(counting);
      const use = found.namespaces.get(namespace);
      return use?.consumers.size === 3 && use.storageBytes > 0 && { ...found, use };
    });
    expect(seen.source).toBe('requests');
    expect(seen.use).toEqual({
      cpuMillis: 1350,
      memoryBytes: 128 * 1024 ** 2 + 1e9 + 1e6,
      storageBytes: 50 * 1024 ** 3,
      consumers: new Map([
        ['ann', { cpuMillis: 250, memoryBytes: 128 * 1024 ** 2 }],
        ['stream', { cpuMillis: 1000, memoryBytes: 1e9 }],
        ['other', { cpuMillis: 100, memoryBytes: 1e6 }],
      ]),
    });
    expect(new Set(paths)).toEqual(
      new Set(['/apis/metrics.k8s.io/v1beta1/pods', '/api/v1/pods', '/api/v1/persistentvolumeclaims']),
    );
    expect(paths.length).toBeLessThan(3 + seen.pods / 500 + 3);
  });

  test('pods that are to be and volumes that are not yet there use nothing', async () => {
    const waiting = {
      ...pod('waiting', {}, '64', '1Ti'),
      spec: { ...pod('waiting', {}, '64', '1Ti').spec, nodeSelector: { none: 'such' } },
    };
    expect(await apply([waiting])).toMatchObject({ ok: true });
    const before = (await observe(cluster)).namespaces.get(namespace);
    expect(before?.cpuMillis).toBe(1350);
    await kubectl(['delete', 'pod', '--namespace', namespace, '--all', '--grace-period=0', '--force']);
    const after = await until(async () => {
      const use = (await observe(cluster)).namespaces.get(namespace);
      return use?.cpuMillis === 0 && use;
    });
    expect(after.storageBytes).toBe(50 * 1024 ** 3);
  });
});

describe('answers', () => {
  const answering = (answers: Record<string, readonly JsonObject[] | Error>) => ({
    async send({ path, query = {} }: ApiRequest): Promise<JsonObject> {
      const pages = answers[path] ?? [{ items: [] }];
      if (pages instanceof Error) throw pages;
      const index = Number(query.continue ?? 0);
      const page = pages[index];
      if (!page) throw new Error(`there is no page ${index} of ${path}`);
      const next = index + 1 < pages.length ? String(index + 1) : '';
      return { metadata: { continue: next }, ...page };
    },
  });
  const refusal = (code: number) =>
    new KubernetesApiError({ code, reason: '', message: `HTTP ${code}`, causes: [] });
  const metrics = '/apis/metrics.k8s.io/v1beta1/pods';
  const measured = (namespace: string, cpu: string, memory: string): JsonObject => ({
    metadata: { name: 'x', namespace, labels: { 'app.kubernetes.io/name': 'stream' } },
    containers: [
      { name: 'main', usage: { cpu, memory } },
      { name: 'side', usage: { cpu: '1m' } },
    ],
  });

  test('what pods use counts where the cluster measures it, over all pages', async () => {
    const seen = await observe(
      answering({
        [metrics]: [
          { items: [measured('one', '123456789n', '2048Ki'), measured('two', '2', '1Gi')] },
          { items: [measured('one', '100m', '0')] },
        ],
      }),
    );
    expect(seen).toMatchObject({ source: 'metrics', pods: 3 });
    expect(seen.namespaces.get('one')?.cpuMillis).toBeCloseTo(225.456789, 6);
    expect(seen.namespaces.get('one')?.memoryBytes).toBe(2048 * 1024);
    expect(seen.namespaces.get('two')?.cpuMillis).toBeCloseTo(2001, 6);
  });

  test('a cluster that measures pods but cannot say how is no reason to charge for what they ask', async () => {
    await expect(observe(answering({ [metrics]: refusal(503) }))).rejects.toThrow('HTTP 503');
    await expect(observe(answering({ [metrics]: refusal(403) }))).rejects.toThrow('HTTP 403');
    await expect(
      observe(answering({ [metrics]: refusal(404), '/api/v1/pods': refusal(500) })),
    ).rejects.toThrow('HTTP 500');
  });

  test.each<[string, Parameters<typeof requestsOf>[0]['spec'], Amounts[]]>([
    ['a container without requests asks for nothing', { containers: [{}] }, []],
    [
      'what only prepares the pod is over when it runs',
      {
        containers: [{ resources: { requests: { cpu: '1' } } }],
        initContainers: [{ resources: { requests: { cpu: '8' } } }],
      },
      [{ cpu: '1' }],
    ],
    [
      'what runs beside it counts, and so does its sandbox',
      {
        containers: [{ resources: { requests: { cpu: '1' } } }],
        initContainers: [{ restartPolicy: 'Always', resources: { requests: { cpu: '2' } } }],
        overhead: { memory: '120Mi' },
      },
      [{ cpu: '1' }, { cpu: '2' }, { memory: '120Mi' }],
    ],
  ])('%s', (_name, spec, parts) => {
    expect(requestsOf({ metadata: { namespace: 'x' }, spec })).toEqual(parts);
  });
});
