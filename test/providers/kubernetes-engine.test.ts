/** The stand-in under the real engine. */
import { credentials } from '@grpc/grpc-js';
import { interpolate, secret } from '@pulumi/pulumi';
import providerRpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { type Engine, startEngine } from './engine.ts';
import { connectKube, type Kube } from './kube.ts';
import {
  ConfigMap,
  CustomResource,
  CustomResourceDefinition,
  Deployment,
  Namespace,
  Provider,
  RandomId,
  RandomPassword,
  RandomString,
  Secret,
} from './sdk.ts';

// A dozen engine runs a test, which wait for namespaces to be gone, so several at once.
vi.setConfig({ testTimeout: 300_000, maxConcurrency: 4 });

let engine: Engine;
let kube: Kube;
beforeAll(async () => {
  engine = await startEngine({ kubernetes: { kubeconfig: inject('kubeconfig') }, random: true });
  kube = connectKube();
});
afterAll(async () => {
  await kube.close();
  await engine.close();
});

const labels = (tenant: string) => ({ 'tenantry.dev/tenant': tenant });

test.concurrent('create, no change, change, refresh with drift, correction, delete', async () => {
  const stack = await engine.newStack('life');
  const program = (value: string) => async () => {
    const ns = new Namespace('ns', { metadata: { name: 'engine-life', labels: labels('eng00001') } });
    new ConfigMap('settings', {
      metadata: { name: 'settings', namespace: ns.metadata.name, labels: labels('eng00001') },
      data: { value },
    });
  };
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'engine-life' },
  };
  expect((await stack.up(program('1'))).map(({ op, type }) => `${op} ${type}`)).toEqual([
    'create kubernetes:core/v1:Namespace',
    'create kubernetes:core/v1:ConfigMap',
  ]);
  expect((await stack.resources()).map(({ id }) => id)).toEqual(['engine-life', 'engine-life/settings']);
  expect(await stack.up(program('1'))).toEqual([]);

  const [planned] = await stack.preview(program('2'));
  expect(planned).toMatchObject({ op: 'update', detailedDiff: { 'data.value': { diffKind: 'update' } } });
  expect((await kube.get(settings))?.data).toEqual({ value: '1' });
  await stack.up(program('2'));
  expect((await kube.get(settings))?.data).toEqual({ value: '2' });

  await kube.jsonPatch(settings, [{ op: 'replace', path: '/data/value', value: 'drifted' }]);
  await stack.refresh();
  expect((await stack.up(program('2'))).map(({ op }) => op)).toEqual(['update']);
  expect((await kube.get(settings))?.data).toEqual({ value: '2' });

  await kube.delete(settings);
  await stack.refresh();
  expect((await stack.up(program('2'))).map(({ op }) => op)).toEqual(['create']);

  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
  expect(
    await kube.get({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'engine-life' } }),
  ).toBeNull();
  expect(engine.log.join('')).not.toMatch(/download|install.*plugin/i);
});

test.concurrent('an immutable change deletes the object and creates it anew', async () => {
  const stack = await engine.newStack('replace');
  const program = (app: string) => async () => {
    const ns = new Namespace('ns', { metadata: { name: 'engine-replace', labels: labels('eng00002') } });
    new Deployment(
      'app',
      {
        metadata: { name: 'app', namespace: 'engine-replace', labels: labels('eng00002') },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app } },
          template: {
            metadata: { labels: { app } },
            spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
          },
        },
      },
      { dependsOn: [ns] },
    );
  };
  await stack.up(program('one'));
  const [deployment] = (await stack.resources()).filter(({ type }) => type.endsWith(':Deployment'));
  expect(deployment?.outputs).toMatchObject({ status: { availableReplicas: 1 } });
  const steps = await stack.up(program('two'));
  expect(steps.map(({ op }) => op)).toEqual(['delete-replaced', 'replace', 'create-replacement']);
  await stack.destroy();
});

test.concurrent('secrets are never in the state in plaintext', async () => {
  const stack = await engine.newStack('secrets');
  const tenant = labels('eng00003');
  const program = async () => {
    const ns = new Namespace('ns', { metadata: { name: 'engine-secrets', labels: tenant } });
    const inside = (name: string) => ({ name, namespace: ns.metadata.name, labels: tenant });
    const { result } = new RandomPassword('password', { length: 32, special: false });
    new Secret('database', {
      metadata: inside('database'),
      stringData: { password: 'plain-in-program', url: interpolate`postgres://me:${result}@db` },
    });
    new ConfigMap('settings', { metadata: inside('settings'), data: { token: secret('token-in-program') } });
  };
  await stack.up(program);
  const password = Buffer.from(
    String(
      (
        (await kube.get({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'database', namespace: 'engine-secrets' },
        })) as { data: { url: string } }
      ).data.url,
    ),
    'base64',
  ).toString();
  expect(password).toMatch(/^postgres:\/\/me:[A-Za-z0-9]{32}@db$/);
  for (const round of ['created', 'refreshed']) {
    const state = await stack.rawState();
    for (const text of ['plain-in-program', 'token-in-program', password, password.slice(14, 46)]) {
      expect(state, round).not.toContain(text);
      expect(state, round).not.toContain(Buffer.from(text).toString('base64'));
    }
    await stack.refresh();
  }
  expect(await stack.up(program)).toEqual([]);
  await stack.destroy();
});

test.concurrent.each([
  { kind: 'Widget', plural: 'widgets', scope: 'Cluster' },
  { kind: 'AllowList', plural: 'allowlists', scope: 'Namespaced' },
])('a definition and its first custom resource come up in one run: $kind, $scope', async (defined) => {
  const { kind, plural, scope } = defined;
  const inside = scope === 'Namespaced' ? { namespace: 'default' } : {};
  const stack = await engine.newStack(`crd-${plural}`);
  const program = (size: number) => async () => {
    const definition = new CustomResourceDefinition(plural, {
      metadata: { name: `${plural}.engine.test.dev`, labels: labels('eng00004') },
      spec: {
        group: 'engine.test.dev',
        scope,
        names: { plural, singular: kind.toLowerCase(), kind },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
              },
            },
          },
        ],
      },
    });
    new CustomResource(
      'first',
      {
        apiVersion: 'engine.test.dev/v1',
        kind,
        metadata: { name: 'first', ...inside, labels: labels('eng00004') },
        spec: { size },
      },
      { dependsOn: [definition] },
    );
  };
  await stack.up(program(1));
  const resource = (await stack.resources()).find(({ type }) => type.endsWith(`:${kind}`));
  expect(resource).toMatchObject({
    type: `kubernetes:engine.test.dev/v1:${kind}`,
    id: scope === 'Namespaced' ? 'default/first' : 'first',
  });
  expect(await stack.up(program(1))).toEqual([]);
  expect((await stack.up(program(2))).map(({ op }) => op)).toEqual(['update']);
  await stack.destroy();
});

test.concurrent('random values stay as they are until something asks for others', async () => {
  const stack = await engine.newStack('random');
  const program = (keeper: string) => async () => {
    const password = new RandomPassword('password', { length: 24, special: false, keepers: { keeper } });
    const text = new RandomString('text', { length: 12, upper: false, minNumeric: 3 });
    const id = new RandomId('id', { byteLength: 4, prefix: 'x-' });
    return { password: password.result, text: text.result, id: id.hex };
  };
  const values = () => stack.outputs();
  await stack.up(program('1'));
  const first = await values();

  expect(first.password).toMatchObject({ secret: true, value: expect.stringMatching(/^[A-Za-z0-9]{24}$/) });
  expect(first.text?.value).toMatch(/^[a-z0-9!@#$%&*()\-_=+[\]{}<>:?]{12}$/);
  expect(String(first.text?.value).replace(/\D/g, '').length).toBeGreaterThanOrEqual(3);
  expect(first.id?.value).toMatch(/^x-[0-9a-f]{8}$/);
  expect(await stack.up(program('1'))).toEqual([]);
  await stack.up(program('2'));
  const second = await values();
  expect(second.password?.value).not.toBe(first.password?.value);
  expect(second.text?.value).toBe(first.text?.value);
  expect((await stack.resources()).find(({ type }) => type.endsWith('RandomPassword'))?.id).toBe('none');
  expect(await stack.rawState()).not.toContain(String(second.password?.value));
  await stack.destroy();
});

test.concurrent('what the provider has to say comes out of the engine', async () => {
  const stack = await engine.newStack('says');
  const program = async () => {
    const ns = new Namespace('ns', { metadata: { name: 'engine-says' } });
    new ConfigMap('map', {
      metadata: { name: 'map', namespace: ns.metadata.name, labels: labels('eng00006') },
    });
  };
  await stack.up(program);
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'map', namespace: 'engine-says' } };
  await kube.delete(map);
  await kube.apply({ ...map, metadata: { ...map.metadata, labels: labels('other001') } });
  await stack.destroy();
  expect(engine.log.join('')).toContain('ConfigMap engine-says/map no longer belongs to this stack');
});

test.concurrent('provider instances of one run keep their own configuration', async () => {
  const stack = await engine.newStack('configured');
  await stack.up(async () => {
    for (const name of ['engine-one', 'engine-two']) {
      const ns = new Namespace(name, { metadata: { name, labels: labels('eng00005') } });
      const provider = new Provider(name, { namespace: name });
      new ConfigMap(
        `${name}-map`,
        { metadata: { name: 'placed', labels: labels('eng00005') }, data: { name } },
        { provider, dependsOn: [ns] },
      );
    }
  });
  const maps = (await stack.resources()).filter(({ type }) => type.endsWith(':ConfigMap'));
  expect(maps.map(({ id, inputs }) => [id, (inputs.data as { name: string }).name]).sort()).toEqual([
    ['engine-one/placed', 'engine-one'],
    ['engine-two/placed', 'engine-two'],
  ]);
  await stack.destroy();
});

test('the server survives Cancel and serves the engines after it, and several at once', async () => {
  const port = /kubernetes:(\d+)/.exec(engine.server.debugProviders)?.[1];
  const client = new providerRpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  await new Promise<void>((resolve, reject) =>
    client.cancel(new emptyPb.Empty(), (error) => (error ? reject(error) : resolve())),
  );
  client.close();
  const run = async (index: number): Promise<void> => {
    const name = `engine-many-${index}`;
    const stack = await engine.newStack(`many${index}`);
    const program = async () => {
      new Namespace('ns', { metadata: { name, labels: labels(`eng0001${index}`) } });
    };
    await stack.up(program);
    expect((await stack.resources()).map(({ id }) => id)).toEqual([name]);
    await stack.destroy();
  };
  await Promise.all([run(1), run(2)]);
});
