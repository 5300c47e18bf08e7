import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, connectKube, context, type Kube, namespace, write } from './kube.ts';

const type = 'kubernetes:core/v1:ConfigMap';
const tenant = 'own00001';
const ns = 'ownership';
/** Another tenant's, who writes there what it likes; and one of no tenant. */
const [elsewhere, nobodys] = ['ownership-other', 'ownership-nobody'];
let kube: Kube;

beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace(ns, tenant));
  await kube.apply(namespace(elsewhere, 'other001'));
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: nobodys } });
});
afterAll(() => kube.close());

describe('creating an object that already exists', () => {
  test('takes over one that carries the tenant label, and removes what an earlier create left in it', async () => {
    const first = await kube.provider.create(
      context(type),
      configMap(ns, 'again', { a: '1', b: '2' }, tenant),
      write,
    );
    // The engine died before its checkpoint: the same create comes again, with other inputs.
    const second = await kube.provider.create(
      context(type),
      configMap(ns, 'again', { a: '3' }, tenant),
      write,
    );
    expect(second.id).toBe('ownership/again');
    expect((await kube.get(configMap(ns, 'again', {})))?.data).toEqual({ a: '3' });
    expect(second.properties.__fieldManager).toBe(first.properties.__fieldManager);
  });

  test('keeps the field manager of whoever of us applied it before, whatever the resource is called now', async () => {
    const first = await kube.provider.create(
      context(type, 'old'),
      configMap(ns, 'moved', { a: '1' }, tenant),
      write,
    );
    const second = await kube.provider.create(
      context(type, 'new'),
      configMap(ns, 'moved', { a: '2' }, tenant),
      write,
    );
    expect(second.properties.__fieldManager).toBe(first.properties.__fieldManager);
  });

  test.each([undefined, 'other001'])(
    'takes over what stands under its name in its own namespace, whatever its label says: %s',
    async (label) => {
      const name = `squatted-${label}`;
      await kube.apply(configMap(ns, name, { a: 'theirs' }, label), 'kubectl');
      const preview = { ...write, preview: true };
      const inputs = configMap(ns, name, { a: '2' }, tenant);
      await kube.provider.create(context(type), inputs, preview);
      await kube.provider.create(context(type), inputs, write);
      expect(await kube.get(inputs)).toMatchObject({
        data: { a: '2' },
        metadata: { labels: { 'tenantry.dev/tenant': tenant } },
      });
    },
  );

  test('refuses one in the namespace of another tenant, even if that tenant has labelled it as ours', async () => {
    await kube.apply(configMap(elsewhere, 'bait', { a: '1' }, tenant), 'their-tool');
    const inputs = configMap(elsewhere, 'bait', { a: '2' }, tenant);
    await expect(kube.provider.create(context(type), inputs, write)).rejects.toThrow(
      'ConfigMap ownership-other/bait already exists and belongs to tenant other001 (its namespace), while this is tenant own00001: it is not taken over. It is written by their-tool.',
    );
    expect((await kube.get(inputs))?.data).toEqual({ a: '1' });
  });

  test('refuses one of another tenant where no tenant writes, and names that tenant', async () => {
    await kube.apply(configMap(nobodys, 'theirs', { a: '1' }, 'other001'), 'their-tool');
    const create = kube.provider.create(
      context(type),
      configMap(nobodys, 'theirs', { a: '2' }, tenant),
      write,
    );
    await expect(create).rejects.toThrow(
      'ConfigMap ownership-nobody/theirs already exists and belongs to tenant other001 (label tenantry.dev/tenant), while this is tenant own00001: it is not taken over. It is written by their-tool.',
    );
    expect((await kube.get(configMap(nobodys, 'theirs', {})))?.data).toEqual({ a: '1' });
  });

  test('refuses one without a label there and names its writers, in the preview already', async () => {
    await kube.apply(configMap(nobodys, 'unlabelled', { a: '1' }), 'helm');
    const inputs = configMap(nobodys, 'unlabelled', { a: '2' }, tenant);
    for (const preview of [false, true]) {
      const create = kube.provider.create(context(type), inputs, { ...write, preview });
      await expect(create).rejects.toThrow(/carries no label tenantry.dev\/tenant.*written by helm/);
    }
  });

  test('waits for one that is on its way out', async () => {
    const object = configMap(ns, 'leaving', { a: '1' }, tenant);
    await kube.apply({
      ...object,
      metadata: { ...(object.metadata as object), finalizers: ['test.dev/hold'] },
    });
    await kube.delete(object);
    const create = kube.provider.create(context(type), configMap(ns, 'leaving', { a: '2' }, tenant), write);
    const done = create.then(() => true);
    await kube.jsonPatch(object, [{ op: 'remove', path: '/metadata/finalizers' }]);
    expect(await done).toBe(true);
    expect((await kube.get(object))?.data).toEqual({ a: '2' });
  });

  test('refuses a namespace of another tenant', async () => {
    const inputs = namespace(elsewhere, tenant);
    const create = kube.provider.create(context('kubernetes:core/v1:Namespace'), inputs, write);
    await expect(create).rejects.toThrow(
      'Namespace ownership-other already exists and belongs to tenant other001 (label tenantry.dev/tenant)',
    );
  });
});

describe('an object that was made under the name of ours after ours was deleted', () => {
  const remade = async (place: string, name: string, owner?: string) => {
    const inputs = configMap(place, name, { a: '1' }, tenant);
    const { id, properties } = await kube.provider.create(context(type), inputs, write);
    await kube.delete(inputs);
    await kube.apply(configMap(place, name, { a: 'theirs' }, owner), 'their-tool');
    return { id, properties, inputs };
  };

  test.each([undefined, 'other001'])(
    'is not ours to a refresh where no tenant writes and its label is %s',
    async (owner) => {
      const state = await remade(nobodys, `remade-${owner}`, owner);
      expect(await kube.provider.read(context(type), state)).toBeNull();
      const create = kube.provider.create(context(type), state.inputs, write);
      await expect(create).rejects.toThrow('already exists');
    },
  );

  test('is ours to a refresh in our namespace', async () => {
    const state = await remade(ns, 'remade-ours');
    const read = await kube.provider.read(context(type), state);
    expect(read?.inputs).toMatchObject({ data: { a: 'theirs' } });
  });

  test.each([{ a: '2' }, { b: '2' }])('is not written to without a refresh: %j', async (data) => {
    const name = `remade-unseen-${Object.keys(data)}`;
    const { properties: old } = await remade(nobodys, name);
    const update = kube.provider.update(
      context(type),
      { old, inputs: configMap(nobodys, name, data, tenant) },
      write,
    );
    await expect(update).rejects.toThrow(/already exists and carries no label .* written by their-tool/);
    expect(await kube.get(configMap(nobodys, name, {}))).toMatchObject({ data: { a: 'theirs' } });
  });

  test('is written to in our namespace, as is one that is gone', async () => {
    const inputs = configMap(ns, 'remade-own', { a: '1' }, tenant);
    const { properties: old } = await kube.provider.create(context(type), inputs, write);
    const next = configMap(ns, 'remade-own', { a: '2' }, tenant);
    await kube.delete(inputs);
    await kube.provider.update(context(type), { old, inputs: next }, write);
    expect(await kube.get(inputs)).toMatchObject({ data: { a: '2' } });
    // The state is still that of the first.
    await kube.provider.update(
      context(type),
      { old, inputs: configMap(ns, 'remade-own', { a: '3' }, tenant) },
      write,
    );
    expect(await kube.get(inputs)).toMatchObject({ data: { a: '3' } });
  });
});

describe('updating an object that others write to as well', () => {
  test('writes what it declares, whoever has changed it unseen, and whatever else changes in the same step', async () => {
    const inputs = configMap(ns, 'contested', { a: '1', b: '1', c: '1' }, tenant);
    const { properties: old } = await kube.provider.create(context(type), inputs, write);
    await kube.apply(configMap(ns, 'contested', { a: 'theirs', b: 'theirs' }), 'kubectl-edit');
    const next = configMap(ns, 'contested', { a: '2', b: '1', c: '3' }, tenant);
    await kube.provider.update(context(type), { old, inputs: next }, write);
    expect((await kube.get(inputs))?.data).toEqual({ a: '2', b: '1', c: '3' });
  });

  test('takes the number of pods back from whoever scaled', async () => {
    const selector = { app: 'scaled' };
    const workload = (replicas: number) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'scaled',
        namespace: ns,
        labels: { 'tenantry.dev/tenant': tenant },
        annotations: { 'pulumi.com/skipAwait': 'true' },
      },
      spec: {
        replicas,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: { containers: [{ name: 'x', image: 'x.test/x:1' }] },
        },
      },
    });
    const deployments = context('kubernetes:apps/v1:Deployment');
    const { properties: old } = await kube.provider.create(deployments, workload(0), write);
    await kube.jsonPatch(workload(0), [{ op: 'replace', path: '/spec/replicas', value: 2 }]);
    await kube.provider.update(deployments, { old, inputs: workload(0) }, write);
    expect((await kube.get(workload(0)))?.spec).toMatchObject({ replicas: 0 });
  });

  test('leaves alone the fields of others that the program does not name', async () => {
    const inputs = configMap(ns, 'shared', { a: '1' }, tenant);
    const { properties: old } = await kube.provider.create(context(type), inputs, write);
    await kube.apply(configMap(ns, 'shared', { extra: 'theirs' }), 'their-tool');
    await kube.provider.update(
      context(type),
      { old, inputs: configMap(ns, 'shared', { a: '2' }, tenant) },
      write,
    );
    expect((await kube.get(inputs))?.data).toEqual({ a: '2', extra: 'theirs' });
  });
});

test('nothing is written once the process may write no more', async () => {
  const fenced = connectKube(() => {
    throw new Error('the lease is lost');
  });
  const inputs = configMap(ns, 'fenced', { a: '1' }, tenant);
  await expect(fenced.provider.create(context(type), inputs, write)).rejects.toThrow('the lease is lost');
  expect(await kube.get(inputs)).toBeNull();
  const preview = await fenced.provider.create(context(type), inputs, { ...write, preview: true });
  expect(preview.properties.data).toEqual({ a: '1' });
  await fenced.close();
});
