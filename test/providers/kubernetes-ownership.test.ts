import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, connectKube, context, type Kube, namespace, write } from './kube.ts';

const type = 'kubernetes:core/v1:ConfigMap';
const tenant = 'own00001';
const ns = 'ownership';
let kube: Kube;

beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace(ns, tenant));
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

  test('refuses one of another tenant and names that tenant', async () => {
    await kube.apply(configMap(ns, 'theirs', { a: '1' }, 'other001'), 'their-tool');
    const create = kube.provider.create(context(type), configMap(ns, 'theirs', { a: '2' }, tenant), write);
    await expect(create).rejects.toThrow(
      'ConfigMap ownership/theirs already exists and belongs to tenant other001 (label tenantry.dev/tenant), while this is tenant own00001: it is not taken over. It is written by their-tool.',
    );
    expect((await kube.get(configMap(ns, 'theirs', {})))?.data).toEqual({ a: '1' });
  });

  test('refuses one without a label and names its writers', async () => {
    await kube.apply(configMap(ns, 'nobodys', { a: '1' }), 'helm');
    const create = kube.provider.create(context(type), configMap(ns, 'nobodys', { a: '2' }, tenant), write);
    await expect(create).rejects.toThrow(/carries no label tenantry.dev\/tenant.*written by helm/);
  });

  test('says so already in the preview', async () => {
    await kube.apply(configMap(ns, 'previewed', { a: '1' }), 'helm');
    const inputs = configMap(ns, 'previewed', { a: '2' }, tenant);
    const create = kube.provider.create(context(type), inputs, { ...write, preview: true });
    await expect(create).rejects.toThrow(/already exists/);
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

  test('refuses what Kubernetes itself made, like any other without the label', async () => {
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: ns },
    };
    await kube.apply(account, 'kube-controller-manager');
    const inputs = {
      ...account,
      metadata: { ...account.metadata, labels: { 'tenantry.dev/tenant': tenant } },
    };
    const create = kube.provider.create(context('kubernetes:core/v1:ServiceAccount'), inputs, write);
    await expect(create).rejects.toThrow(
      'ServiceAccount ownership/default already exists and carries no label',
    );
  });
});

describe('an object that was made under the name of ours after ours was deleted', () => {
  const remade = async (name: string, owner?: string) => {
    const inputs = configMap(ns, name, { a: '1' }, tenant);
    const { id, properties } = await kube.provider.create(context(type), inputs, write);
    await kube.delete(inputs);
    await kube.apply(configMap(ns, name, { a: 'theirs' }, owner), 'their-tool');
    return { id, properties, inputs };
  };

  test.each([undefined, 'other001'])('is not ours to a refresh where its label is %s', async (owner) => {
    const state = await remade(`remade-${owner}`, owner);
    expect(await kube.provider.read(context(type), state)).toBeNull();
    const create = kube.provider.create(context(type), state.inputs, write);
    await expect(create).rejects.toThrow('already exists');
  });

  test('is ours to a refresh where it carries the tenant label', async () => {
    const state = await remade('remade-ours', tenant);
    const read = await kube.provider.read(context(type), state);
    expect(read?.inputs).toMatchObject({ data: { a: 'theirs' } });
  });

  test.each([{ a: '2' }, { b: '2' }])('is not written to without a refresh: %j', async (data) => {
    const name = `remade-unseen-${Object.keys(data)}`;
    const { properties: old } = await remade(name);
    const update = kube.provider.update(
      context(type),
      { old, inputs: configMap(ns, name, data, tenant) },
      write,
    );
    await expect(update).rejects.toThrow(/already exists and carries no label .* written by their-tool/);
    expect(await kube.get(configMap(ns, name, {}))).toMatchObject({ data: { a: 'theirs' } });
  });

  test('is written to where it carries the tenant label, as is one that is gone', async () => {
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
  test('reports fields that another manager changed unseen, with their names and managers', async () => {
    const inputs = configMap(ns, 'contested', { a: '1', b: '1' }, tenant);
    const { properties: old } = await kube.provider.create(context(type), inputs, write);
    await kube.apply(configMap(ns, 'contested', { a: 'theirs' }), 'their-tool');
    const next = configMap(ns, 'contested', { a: '2', b: '1' }, tenant);
    const update = kube.provider.update(context(type), { old, inputs: next }, write);
    await expect(update).rejects.toThrow(
      /ConfigMap ownership\/contested .*\.data\.a \(managed by their-tool\)/,
    );
    expect((await kube.get(inputs))?.data).toEqual({ a: 'theirs', b: '1' });
  });

  test('writes over them once a refresh has shown them', async () => {
    const inputs = configMap(ns, 'seen', { a: '1' }, tenant);
    const { id, properties } = await kube.provider.create(context(type), inputs, write);
    await kube.apply(configMap(ns, 'seen', { a: 'theirs' }), 'their-tool');
    const read = await kube.provider.read(context(type), { id, properties, inputs });
    await kube.provider.update(context(type), { old: read?.properties ?? {}, inputs }, write);
    expect((await kube.get(inputs))?.data).toEqual({ a: '1' });
  });

  test('writes over them where the program says so', async () => {
    const inputs = configMap(ns, 'forced', { a: '1' }, tenant);
    const { properties: old } = await kube.provider.create(context(type), inputs, write);
    await kube.apply(configMap(ns, 'forced', { a: 'theirs' }), 'their-tool');
    const metadata = { ...(inputs.metadata as object), annotations: { 'pulumi.com/patchForce': 'true' } };
    await kube.provider.update(
      context(type),
      { old, inputs: { ...inputs, metadata, data: { a: '2' } } },
      write,
    );
    expect((await kube.get(inputs))?.data).toEqual({ a: '2' });
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
