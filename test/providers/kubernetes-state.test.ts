/** The state of objects, property by property, in the shape that facts.md gives for the official provider. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { type PropertyMap, Secret } from '../../automation/providers/properties.ts';
import { connectKube, context, type Kube, namespace, write } from './kube.ts';

const labels = { 'tenantry.dev/tenant': 'sta00001' };
let kube: Kube;
beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace('state', 'sta00001'));
});
afterAll(() => kube.close());

const serverMetadata = {
  creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  managedFields: expect.any(Array),
  resourceVersion: expect.stringMatching(/^\d+$/),
  uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
};
const marks = (initialApiVersion: string) => ({
  __initialApiVersion: initialApiVersion,
  __fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/),
});

test('of a cluster-scoped object: its name is its id', async () => {
  const inputs = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'state-own', labels } };
  const state = await kube.provider.create(context('kubernetes:core/v1:Namespace'), inputs, write);
  expect(state).toEqual({
    id: 'state-own',
    properties: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        ...serverMetadata,
        name: 'state-own',
        labels: { ...labels, 'kubernetes.io/metadata.name': 'state-own' },
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
      __inputs: inputs,
      ...marks('v1'),
    },
  });
  await kube.provider.delete(context('kubernetes:core/v1:Namespace'), state, write);
});

test('of a namespaced object with defaults by the API', async () => {
  const inputs = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'state', labels },
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
  };
  const state = await kube.provider.create(context('kubernetes:core/v1:Service'), inputs, write);
  expect(state).toEqual({
    id: 'state/web',
    properties: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...serverMetadata, name: 'web', namespace: 'state', labels },
      spec: {
        clusterIP: 'None',
        clusterIPs: ['None'],
        internalTrafficPolicy: 'Cluster',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        selector: { app: 'web' },
        sessionAffinity: 'None',
        type: 'ClusterIP',
      },
      status: { loadBalancer: {} },
      __inputs: inputs,
      ...marks('v1'),
    },
  });
});

test('of a Secret: data is secret in outputs and inputs, even if the program passed it in the open', async () => {
  const type = 'kubernetes:core/v1:Secret';
  const inputs = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'state', labels },
    stringData: { key: 'open' },
  };
  const { inputs: checked } = await kube.provider.check(context(type), { inputs });
  expect(checked).toEqual({ ...inputs, stringData: new Secret({ key: 'open' }) });
  const expected = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...serverMetadata, name: 'keys', namespace: 'state', labels },
    data: new Secret({ key: 'b3Blbg==' }),
    type: 'Opaque',
    __inputs: { ...inputs, stringData: new Secret({ key: 'open' }) },
    ...marks('v1'),
  };
  const { id, properties } = await kube.provider.create(context(type), inputs, write);
  expect(properties).toEqual(expected);
  const read = await kube.provider.read(context(type), { id, properties, inputs });
  expect(read?.properties).toEqual(expected);
  expect(read?.inputs).toEqual({ ...inputs, stringData: new Secret({ key: 'open' }) });
});

test('of an object with secrets: what kubectl apply repeats in an annotation is secret, too', async () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const inputs = (kind: string, more: PropertyMap): PropertyMap => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'repeated', namespace: 'state', labels },
    ...more,
  });
  for (const [kind, more] of [
    ['Secret', { stringData: { key: 'open' } }],
    ['ConfigMap', { data: { hidden: new Secret('open') } }],
  ] as const) {
    const type = `kubernetes:core/v1:${kind}`;
    const known = inputs(kind, more);
    const { id, properties } = await kube.provider.create(context(type), known, write);
    const bare = inputs(kind, {}) as JsonObject;
    await kube.jsonPatch(bare, [
      { op: 'add', path: '/metadata/annotations', value: { [annotation]: '{"key":"open"}', note: 'x' } },
    ]);
    const read = await kube.provider.read(context(type), { id, properties, inputs: known });
    expect(read?.properties.metadata).toMatchObject({
      annotations: { [annotation]: new Secret('{"key":"open"}'), note: 'x' },
    });
  }
});

test('of any other kind: what the program made secret is secret wherever it comes back', async () => {
  const type = 'kubernetes:core/v1:ConfigMap';
  const inputs = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'mixed', namespace: 'state', labels },
    data: { open: '1', hidden: new Secret('2') },
  };
  const { properties } = await kube.provider.create(context(type), inputs, write);
  expect(properties.data).toEqual({ open: '1', hidden: new Secret('2') });
  expect(properties.__inputs).toEqual(inputs);
});

test('the inputs name what the type token names, and a namespace only where the kind has one', async () => {
  const { inputs: map } = await kube.provider.check(context('kubernetes:core/v1:ConfigMap'), {
    inputs: { metadata: { name: 'a' } },
  });
  expect(map).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
  const { inputs: ns } = await kube.provider.check(context('kubernetes:core/v1:Namespace'), {
    inputs: { metadata: { name: 'a', namespace: 'b' } },
  });
  expect(ns).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
});

test('an object without a name, and what is no object, is refused', async () => {
  const check = (type: string) => kube.provider.check(context(type), { inputs: { metadata: {} } });
  expect((await check('kubernetes:core/v1:ConfigMap')).failures).toMatchObject([
    { property: 'metadata.name' },
  ]);
  expect((await check('kubernetes:yaml:ConfigFile')).failures).toHaveLength(1);
  for (const type of ['core/v1:ConfigMapPatch', 'core/v1:ConfigMapList', 'apps/v1:DeploymentPatch'])
    expect((await check(`kubernetes:${type}`)).failures[0]?.reason).toContain('not supported');
});

test('a custom resource may be called a list or a patch', async () => {
  const type = 'kubernetes:state.test.dev/v1:AllowList';
  const { failures } = await kube.provider.check(context(type), { inputs: { metadata: { name: 'a' } } });
  expect(failures).toEqual([]);
});
