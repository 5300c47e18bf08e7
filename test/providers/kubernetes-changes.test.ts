import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { type PropertyMap, reveal, unknown } from '../../automation/providers/properties.ts';
import { configMap, connectKube, context, type Kube, namespace, write } from './kube.ts';

const tenant = 'chg00001';
const ns = 'changes';
const labels = { 'tenantry.dev/tenant': tenant };
let kube: Kube;

beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace(ns, tenant));
});
afterAll(() => kube.close());

function deployment(
  name: string,
  change: { image?: string; app?: string; replicas?: number } = {},
): JsonObject {
  const app = change.app ?? name;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: ns, labels, annotations: { 'pulumi.com/skipAwait': 'true' } },
    spec: {
      replicas: change.replicas ?? 0,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          containers: [
            {
              name: 'app',
              image: change.image ?? 'registry.example/app:1',
              resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '0.5' } },
            },
          ],
        },
      },
    },
  };
}

function claim(name: string, storage: string, storageClassName?: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: ns, labels, annotations: { 'pulumi.com/skipAwait': 'true' } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      ...(storageClassName && { storageClassName }),
    },
  };
}

const deploymentType = 'kubernetes:apps/v1:Deployment';
const configMapType = 'kubernetes:core/v1:ConfigMap';
const claimType = 'kubernetes:core/v1:PersistentVolumeClaim';

describe('planning a change', () => {
  test('names each property, with its kind of change', async () => {
    const created = await kube.provider.create(context(deploymentType), deployment('named'), write);
    const inputs = deployment('named', { image: 'registry.example/app:2', replicas: 2 });
    const diff = await kube.provider.diff(context(deploymentType), { old: created.properties, inputs });
    expect(diff.changes).toEqual([
      { path: 'spec.replicas', kind: 'update', replace: false },
      { path: 'spec.template.spec.containers[0].image', kind: 'update', replace: false },
    ]);
    expect(diff.deleteBeforeReplace).toBe(false);
  });

  test('takes two spellings of a quantity for the same', async () => {
    const created = await kube.provider.create(context(deploymentType), deployment('spelling'), write);
    const text = JSON.stringify(deployment('spelling')).replace('1000m', '1').replace('"0.5"', '"500m"');
    const inputs = JSON.parse(text.replace('1024Mi', '1Gi')) as PropertyMap;
    const diff = await kube.provider.diff(context(deploymentType), { old: created.properties, inputs });
    expect(diff.changes).toEqual([]);
  });

  test('replaces, deleting first, where the API says that a field is immutable', async () => {
    const created = await kube.provider.create(context(deploymentType), deployment('fixed'), write);
    const inputs = deployment('fixed', { app: 'another' });
    const diff = await kube.provider.diff(context(deploymentType), { old: created.properties, inputs });
    expect(diff.changes.filter(({ replace }) => replace).map(({ path }) => path)).toEqual([
      'spec.selector.matchLabels.app',
    ]);
    expect(diff.deleteBeforeReplace).toBe(true);
  });

  test.each([
    [
      'the role of a binding',
      'kubernetes:rbac.authorization.k8s.io/v1:RoleBinding',
      (role: string): JsonObject => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'binding', namespace: ns, labels },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: ns }],
      }),
      'view',
      'edit',
    ],
    [
      'data of an immutable config map',
      configMapType,
      (value: string): JsonObject => ({ ...configMap(ns, 'immutable', { value }, tenant), immutable: true }),
      '1',
      '2',
    ],
    [
      'the class of a priority',
      'kubernetes:scheduling.k8s.io/v1:PriorityClass',
      (value: string): JsonObject => ({
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: 'changes-priority', labels },
        value: Number(value),
      }),
      '100',
      '200',
    ],
    [
      'the access modes of a claim',
      claimType,
      (mode: string): JsonObject => {
        const object = claim('modes', '1Gi', 'none-such');
        return { ...object, spec: { ...(object.spec as JsonObject), accessModes: [mode] } };
      },
      'ReadWriteOnce',
      'ReadWriteMany',
    ],
  ])('replaces for %s', async (_, type, make, before, after) => {
    const created = await kube.provider.create(context(type), make(before), write);
    const diff = await kube.provider.diff(context(type), { old: created.properties, inputs: make(after) });
    expect(diff.changes.some(({ replace }) => replace)).toBe(true);
    expect(diff.deleteBeforeReplace).toBe(true);
    await kube.provider.delete(context(type), created, write);
  });

  test('replaces a renamed object by creating the new one first', async () => {
    const created = await kube.provider.create(
      context(configMapType),
      configMap(ns, 'name-a', {}, tenant),
      write,
    );
    const inputs = configMap(ns, 'name-b', {}, tenant);
    const diff = await kube.provider.diff(context(configMapType), { old: created.properties, inputs });
    expect(diff).toEqual({
      changes: [{ path: 'metadata.name', kind: 'update', replace: true }],
      deleteBeforeReplace: false,
    });
  });

  test('never replaces a volume to make it smaller', async () => {
    const inputs = claim('shrinking', '2Gi');
    const created = await kube.provider.create(
      context(claimType),
      { ...inputs, metadata: { ...(inputs.metadata as JsonObject), annotations: {} } },
      { ...write, timeoutMs: 20_000 },
    );
    const diff = kube.provider.diff(context(claimType), {
      old: created.properties,
      inputs: claim('shrinking', '1Gi'),
    });
    await expect(diff).rejects.toThrow(/changes\/shrinking cannot shrink, and is not replaced/);
  });

  test('tolerates values that are not known yet', async () => {
    const created = await kube.provider.create(
      context(configMapType),
      configMap(ns, 'later', { a: '1' }, tenant),
      write,
    );
    const inputs: PropertyMap = { ...configMap(ns, 'later', {}, tenant), data: { a: unknown } };
    const diff = await kube.provider.diff(context(configMapType), { old: created.properties, inputs });
    expect(diff.changes).toEqual([{ path: 'data.a', kind: 'update', replace: false }]);
    const preview = { ...write, preview: true };
    const outputs = await kube.provider.update(
      context(configMapType),
      { old: created.properties, inputs },
      preview,
    );
    expect(outputs.data).toEqual({ a: unknown });
  });
});

describe('previewing', () => {
  const preview = { ...write, preview: true };

  test('a create shows the values that the API would give, and writes nothing', async () => {
    const inputs: PropertyMap = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'previewed', namespace: ns, labels },
      spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
    };
    const { properties } = await kube.provider.create(context('kubernetes:core/v1:Service'), inputs, preview);
    expect(properties.spec).toMatchObject({
      type: 'ClusterIP',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    expect(properties.metadata).not.toHaveProperty('uid');
    expect(await kube.get(inputs as JsonObject)).toBeNull();
  });

  test('a create in a namespace that does not exist yet shows the inputs', async () => {
    const inputs = configMap('changes-not-yet', 'a', { a: '1' }, tenant);
    const { properties } = await kube.provider.create(context(configMapType), inputs, preview);
    expect(properties).toEqual(inputs);
  });

  test('a create of an invalid object fails with what the API says', async () => {
    const inputs = configMap(ns, 'Not_A_Name', {}, tenant);
    const create = kube.provider.create(context(configMapType), inputs, preview);
    await expect(create).rejects.toThrow(/RFC 1123/);
  });

  test('an update shows the resulting object, and writes nothing', async () => {
    const { properties: old } = await kube.provider.create(
      context(deploymentType),
      deployment('shown'),
      write,
    );
    const inputs = deployment('shown', { replicas: 2 });
    const outputs = await kube.provider.update(context(deploymentType), { old, inputs }, preview);
    expect(outputs.spec).toMatchObject({ replicas: 2, progressDeadlineSeconds: 600 });
    expect((await kube.get(inputs))?.spec).toMatchObject({ replicas: 0 });
  });
});

describe('refreshing', () => {
  test('finds no drift in what nobody changed', async () => {
    const inputs = deployment('still');
    const { id, properties } = await kube.provider.create(context(deploymentType), inputs, write);
    const read = await kube.provider.read(context(deploymentType), { id, properties, inputs });
    expect(read?.inputs).toEqual(inputs);
    const diff = await kube.provider.diff(context(deploymentType), { old: read?.properties ?? {}, inputs });
    expect(diff.changes).toEqual([]);
  });

  test('finds changed, removed and nested values, which the next update corrects', async () => {
    const inputs = deployment('drifting', { replicas: 1 });
    const { id, properties } = await kube.provider.create(context(deploymentType), inputs, write);
    await kube.jsonPatch(inputs, [
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'registry.example/evil:1' },
      { op: 'replace', path: '/spec/replicas', value: 3 },
      { op: 'remove', path: '/metadata/labels/tenantry.dev~1tenant' },
      { op: 'add', path: '/metadata/labels/unrelated', value: 'x' },
    ]);
    const read = await kube.provider.read(context(deploymentType), { id, properties, inputs });
    const old = read?.properties ?? {};
    const diff = await kube.provider.diff(context(deploymentType), { old, inputs });
    expect(diff.changes).toEqual([
      { path: 'metadata.labels["tenantry.dev/tenant"]', kind: 'add', replace: false },
      { path: 'spec.replicas', kind: 'update', replace: false },
      { path: 'spec.template.spec.containers[0].image', kind: 'update', replace: false },
    ]);
    await kube.provider.update(context(deploymentType), { old, inputs }, write);
    const live = await kube.get(inputs);
    expect(live?.spec).toMatchObject({ replicas: 1 });
    expect(live?.metadata).toMatchObject({ labels: { ...labels, unrelated: 'x' } });
  });

  test('finds a changed value of a secret that was written as stringData', async () => {
    const type = 'kubernetes:core/v1:Secret';
    const inputs = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'drifting', namespace: ns, labels },
      stringData: { user: 'a', password: 'b' },
    };
    const { id, properties } = await kube.provider.create(context(type), inputs, write);
    const untouched = await kube.provider.read(context(type), { id, properties, inputs });
    expect(
      (await kube.provider.diff(context(type), { old: untouched?.properties ?? {}, inputs })).changes,
    ).toEqual([]);
    await kube.jsonPatch(inputs, [{ op: 'replace', path: '/data/password', value: 'ZXZpbA==' }]);
    const read = await kube.provider.read(context(type), { id, properties, inputs });
    expect(reveal(read?.inputs ?? null)).toMatchObject({ stringData: { user: 'a', password: 'evil' } });
    const diff = await kube.provider.diff(context(type), { old: read?.properties ?? {}, inputs });
    expect(diff.changes).toEqual([{ path: 'stringData.password', kind: 'update', replace: false }]);
  });

  test('finds that an object is gone', async () => {
    const inputs = configMap(ns, 'vanished', { a: '1' }, tenant);
    const { id, properties } = await kube.provider.create(context(configMapType), inputs, write);
    await kube.delete(inputs);
    expect(await kube.provider.read(context(configMapType), { id, properties, inputs })).toBeNull();
  });

  test('reads an object by its id alone, for import and get', async () => {
    await kube.apply(configMap(ns, 'imported', { a: '1' }));
    const read = await kube.provider.read(context(configMapType), {
      id: 'changes/imported',
      properties: {},
      inputs: {},
    });
    expect(read?.id).toBe('changes/imported');
    expect(read?.inputs).toEqual(configMap(ns, 'imported', { a: '1' }));
  });
});

test('a key that the program drops is removed from the object', async () => {
  const type = 'kubernetes:core/v1:Secret';
  const secret = (stringData: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shrinking', namespace: ns, labels },
    stringData,
  });
  const { properties: old } = await kube.provider.create(context(type), secret({ a: '1', b: '2' }), write);
  await kube.provider.update(context(type), { old, inputs: secret({ a: '1' }) }, write);
  expect((await kube.get(secret({})))?.data).toEqual({ a: 'MQ==' });
});
