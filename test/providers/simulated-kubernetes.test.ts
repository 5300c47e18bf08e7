import { describe, expect, test } from 'vitest';
import { type PropertyMap, Secret, unknown } from '../../automation/providers/properties.ts';
import type { OperationContext } from '../../automation/providers/provider.ts';
import { SimulatedKubernetes } from '../../automation/providers/simulated/kubernetes/provider.ts';

const kubernetes = new SimulatedKubernetes();
const write = { preview: false, timeoutMs: null };

function contextOf(type: string): OperationContext {
  return {
    urn: `urn:pulumi:prod::tenantry::${type}::thing`,
    type,
    config: {},
    signal: new AbortController().signal,
    status: () => {},
    warn: () => {},
  };
}

const check = (type: string, inputs: PropertyMap, oldInputs: PropertyMap | null = null) =>
  kubernetes.check(contextOf(type), { inputs, oldInputs });

const deployment = 'kubernetes:apps/v1:Deployment';
const release = 'kubernetes:helm.sh/v3:Release';
const named = (spec: PropertyMap): PropertyMap => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'app' },
  spec,
});

describe('an object', () => {
  test.each<[string, PropertyMap, PropertyMap]>([
    [deployment, { metadata: { name: 'web' } }, { name: 'web', namespace: 'default' }],
    ['kubernetes:core/v1:Namespace', { metadata: { name: 'app' } }, { name: 'app' }],
    ['kubernetes:karpenter.sh/v1:NodePool', { metadata: { name: 'tenants' } }, { name: 'tenants' }],
    [
      'kubernetes:monitoring.coreos.com/v1:PrometheusRule',
      { metadata: { name: 'r', namespace: 'm' } },
      { name: 'r', namespace: 'm' },
    ],
  ])('of type %s is placed as the API places it', async (type, inputs, metadata) => {
    expect((await check(type, inputs)).inputs.metadata).toEqual(metadata);
  });

  test('without a name gets one that stays', async () => {
    const { inputs } = await check(deployment, {});
    expect(inputs.metadata).toMatchObject({ name: expect.stringMatching(/^thing-[0-9a-f]{8}$/) });
    expect((await check(deployment, {}, { metadata: { name: 'kept' } })).inputs.metadata).toMatchObject({
      name: 'kept',
    });
  });

  test('with a name that Kubernetes does not allow is refused', async () => {
    const { failures } = await check(deployment, { metadata: { name: 'My_App' } });
    expect(failures).toEqual([expect.objectContaining({ property: 'metadata.name' })]);
  });

  test("has the id and the state of the official provider's, secrets hidden", async () => {
    const type = 'kubernetes:core/v1:Secret';
    const { inputs } = await check(type, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'app' },
      stringData: { password: 'hunter2' },
    });
    const made = await kubernetes.create(contextOf(type), inputs, write);
    expect(made.id).toBe('app/s');
    expect(made.properties).toMatchObject({
      stringData: new Secret({ password: 'hunter2' }),
      __inputs: { metadata: { name: 's', namespace: 'app' } },
    });
  });

  test('is not written while something in it is unknown', async () => {
    const inputs = named({ replicas: unknown });
    await expect(kubernetes.create(contextOf(deployment), inputs, write)).rejects.toThrow('spec.replicas');
  });
});

describe('a change of an object', () => {
  const change = async (before: PropertyMap, after: PropertyMap) => {
    const made = await kubernetes.create(contextOf(deployment), before, write);
    return kubernetes.diff(contextOf(deployment), { old: made.properties, oldInputs: before, inputs: after });
  };

  test('is an update where the API allows it', async () => {
    expect(await change(named({ replicas: 2 }), named({ replicas: 3 }))).toEqual({
      changes: [{ path: 'spec.replicas', kind: 'update', replace: false }],
      deleteBeforeReplace: false,
    });
  });

  test('is a replacement of the old one where the API refuses it', async () => {
    const before = named({ selector: { matchLabels: { app: 'a' } } });
    const after = named({ selector: { matchLabels: { app: 'b' } } });
    const { changes, deleteBeforeReplace } = await change(before, after);
    expect(changes).toEqual([{ path: 'spec.selector.matchLabels.app', kind: 'update', replace: true }]);
    expect(deleteBeforeReplace).toBe(true);
  });

  test('of its name is a replacement beside the old one', async () => {
    const after = { ...named({ replicas: 2 }), metadata: { name: 'api', namespace: 'app' } };
    const { changes, deleteBeforeReplace } = await change(named({ replicas: 2 }), after);
    expect(changes).toEqual([{ path: 'metadata.name', kind: 'update', replace: true }]);
    expect(deleteBeforeReplace).toBe(false);
  });
});

describe('a Helm release', () => {
  const chart = { chart: 'karpenter', version: '1.8.0', name: 'karpenter', namespace: 'kube-system' };

  test('needs a version, unless its chart is a folder', async () => {
    expect((await check(release, { chart: 'karpenter' })).failures).toEqual([
      expect.objectContaining({ property: 'version' }),
    ]);
    expect((await check(release, { chart: './charts/own' })).failures).toEqual([]);
  });

  test('is installed as its first revision, and upgraded to the next', async () => {
    const made = await kubernetes.create(contextOf(release), chart, write);
    expect(made.id).toBe('kube-system/karpenter');
    expect(made.properties.status).toMatchObject({ revision: 1, version: '1.8.0', status: 'deployed' });
    const inputs = { ...chart, version: '1.9.0' };
    const upgraded = await kubernetes.update(contextOf(release), { old: made.properties, inputs }, write);
    expect(upgraded.status).toMatchObject({ revision: 2, version: '1.9.0' });
  });

  test('is replaced by another name, and updated by other values', async () => {
    const diff = (inputs: PropertyMap) =>
      kubernetes.diff(contextOf(release), { old: chart, oldInputs: chart, inputs });
    expect((await diff({ ...chart, name: 'other' })).changes).toEqual([
      { path: 'name', kind: 'update', replace: true },
    ]);
    expect((await diff({ ...chart, values: { replicas: 2 } })).changes).toEqual([
      { path: 'values', kind: 'add', replace: false },
    ]);
  });
});
