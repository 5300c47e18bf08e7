/** From a look at a tenant's objects that finds them changed, over refresh and plan, to the objects as declared. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../automation/providers/kubernetes/client.ts';
import type { PropertyMap } from '../../automation/providers/properties.ts';
import { createFingerprints, driftFrom, type Fingerprints } from '../../automation/stacks/fingerprint.ts';
import type { Fingerprint } from '../../automation/store/tenants.ts';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { tenantOf } from '../tenants/specs.ts';
import { connectKube, context, type Kube, write } from './kube.ts';

const tenantId = 'men00001';
const { namespace, foundation, quota, workload } = tenantObjects(
  tenantOf('stream', 'business', { tenantId, slug: 'mending' }),
);
const objects = [namespace, ...foundation, quota, ...(workload ? [workload] : [])] as readonly Manifest[];
const outputs = {
  namespace: namespace.metadata.name,
  serviceUrl: null,
  database: null,
  objects: objects.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? null,
  })),
};

let kube: Kube;
let fingerprints: Fingerprints;
let applied: Fingerprint;
const states = new Map<string, { id: string; properties: PropertyMap }>();

const keyOf = ({ apiVersion, kind, metadata }: Manifest) => `${apiVersion}/${kind}/${metadata.name}`;
const about = ({ apiVersion, kind }: Manifest) => context(`kubernetes:${apiVersion}:${kind}`);
const asJson = (manifest: Manifest) => JSON.parse(JSON.stringify(manifest)) as JsonObject;
const find = (kind: string, name?: string): Manifest => {
  const found = objects.find((one) => one.kind === kind && (!name || one.metadata.name === name));
  if (!found) throw new Error(`the tenant has no ${kind} ${name}`);
  return found;
};

beforeAll(async () => {
  kube = connectKube();
  fingerprints = createFingerprints(kube.cluster.client, null as never);
  for (const manifest of objects) {
    states.set(keyOf(manifest), await kube.provider.create(about(manifest), asJson(manifest), write));
  }
  applied = await look();
});
afterAll(() => kube.close());

const look = () => fingerprints.read({ id: tenantId, outputs });
const drift = async () => driftFrom(outputs, applied, await look());

/** What the API has of the object, apart from what it writes at each change. */
async function declared(manifest: Manifest): Promise<JsonObject> {
  const { metadata: _, status: __, ...rest } = (await kube.get(asJson(manifest))) ?? {};
  return rest;
}

/** One refresh and one update; the paths that the plan between them showed. */
async function converge(manifest: Manifest): Promise<string[]> {
  const inputs = asJson(manifest);
  const { id, properties } = states.get(keyOf(manifest)) ?? { id: '', properties: {} };
  const read = await kube.provider.read(about(manifest), { id, properties, inputs });
  const old = read?.properties ?? {};
  const { changes } = await kube.provider.diff(about(manifest), { old, inputs });
  const after =
    changes.length > 0 ? await kube.provider.update(about(manifest), { old, inputs }, write) : old;
  states.set(keyOf(manifest), { id, properties: after });
  return changes.map(({ path }) => path);
}

const container = { name: 'miner', image: 'registry.example/miner:1' };
const pod = '/spec/template/spec';

describe('what somebody changed in an object is found, shown and undone, and not found again:', () => {
  test.each<[what: string, manifest: Manifest, patch: Json]>([
    [
      'a peer that stands for all namespaces',
      find('NetworkPolicy', 'allow-stream'),
      [{ op: 'add', path: '/spec/ingress/1/from/0/namespaceSelector', value: {} }],
    ],
    [
      'a rule that allows everything, beside others',
      find('NetworkPolicy', 'allow-stream'),
      [{ op: 'add', path: '/spec/ingress/-', value: {} }],
    ],
    [
      'more ports in a rule',
      find('NetworkPolicy', 'allow-dns'),
      [{ op: 'add', path: '/spec/egress/0/ports/0/endPort', value: 65_535 }],
    ],
    [
      'a policy that applies to few pods instead of all',
      find('NetworkPolicy', 'default-deny'),
      [{ op: 'replace', path: '/spec/podSelector', value: { matchLabels: { app: 'none' } } }],
    ],
    [
      'a rule in a policy that has none',
      find('NetworkPolicy', 'default-deny'),
      [{ op: 'add', path: '/spec/egress', value: [{}] }],
    ],
    [
      'a right beside those of a role',
      find('Role'),
      [{ op: 'add', path: '/rules/-', value: { apiGroups: ['*'], resources: ['*'], verbs: ['*'] } }],
    ],
    [
      'a subject beside those of a binding',
      find('RoleBinding'),
      [
        {
          op: 'add',
          path: '/subjects/-',
          value: { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' },
        },
      ],
    ],
    [
      'a limit beside those of the range',
      find('LimitRange'),
      [{ op: 'add', path: '/spec/limits/0/max', value: { cpu: '64' } }],
    ],
    [
      'a container beside those of the pods',
      find('Deployment'),
      [{ op: 'add', path: `${pod}/containers/-`, value: container }],
    ],
    [
      'a container before those of the pods',
      find('Deployment'),
      [{ op: 'add', path: `${pod}/containers/0`, value: container }],
    ],
    [
      'another container in place of the declared',
      find('Deployment'),
      [{ op: 'replace', path: `${pod}/containers/0/name`, value: 'another' }],
    ],
    [
      'a variable in a container',
      find('Deployment'),
      [{ op: 'add', path: `${pod}/containers/0/env/-`, value: { name: 'LD_PRELOAD', value: '/tmp/x.so' } }],
    ],
    [
      'something to run when a container starts',
      find('Deployment'),
      [
        {
          op: 'add',
          path: `${pod}/containers/0/lifecycle`,
          value: { postStart: { exec: { command: ['sh'] } } },
        },
      ],
    ],
    [
      'containers that run first, where none are declared',
      find('Deployment'),
      [{ op: 'add', path: `${pod}/initContainers`, value: [container] }],
    ],
    [
      'a port of the service',
      find('Service'),
      [{ op: 'add', path: '/spec/ports/-', value: { name: 'debug', port: 9229, protocol: 'TCP' } }],
    ],
  ])('%s', async (_what, manifest, patch) => {
    const before = await declared(manifest);
    await kube.jsonPatch(asJson(manifest), patch);
    expect(await declared(manifest)).not.toEqual(before);
    expect(await drift()).toEqual([keyOf(manifest)]);

    expect(await converge(manifest)).not.toEqual([]);
    expect(await declared(manifest)).toEqual(before);
    expect(await drift()).toEqual([]);
    expect(await converge(manifest)).toEqual([]);
  });
});

test('what others may add is no drift, and stays', async () => {
  const deployment = find('Deployment');
  await kube.jsonPatch(asJson(deployment), [
    { op: 'add', path: '/metadata/labels/theirs', value: 'x' },
    { op: 'add', path: '/metadata/finalizers', value: ['test.dev/theirs'] },
    {
      op: 'add',
      path: '/spec/template/metadata/annotations',
      value: { 'kubectl.kubernetes.io/restartedAt': '2026-11-21T00:00:00Z' },
    },
  ]);
  const account = find('ServiceAccount');
  await kube.jsonPatch(asJson(account), [{ op: 'add', path: '/secrets', value: [{ name: 'theirs' }] }]);
  expect(await drift()).toEqual([]);
  expect(await converge(deployment)).toEqual([]);
  expect(await converge(account)).toEqual([]);
  expect(await declared(account)).toMatchObject({ secrets: [{ name: 'theirs' }] });
  await kube.jsonPatch(asJson(deployment), [{ op: 'remove', path: '/metadata/finalizers' }]);
});
