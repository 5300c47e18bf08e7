import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { configMap, connectKube, context, type Kube, namespace, write } from './kube.ts';

const type = 'kubernetes:core/v1:ConfigMap';
const tenant = 'del00001';
const ns = 'deletion';
let kube: Kube;

beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace(ns, tenant));
});
afterAll(() => kube.close());

function held(object: JsonObject): JsonObject {
  return { ...object, metadata: { ...(object.metadata as object), finalizers: ['test.dev/hold'] } };
}

test('a deletion ends when the object is gone', async () => {
  const state = await kube.provider.create(context(type), configMap(ns, 'plain', {}, tenant), write);
  await kube.provider.delete(context(type), state, write);
  expect(await kube.get(configMap(ns, 'plain', {}))).toBeNull();
});

test('an object that is gone already is no error', async () => {
  const inputs = configMap(ns, 'gone', {}, tenant);
  const state = await kube.provider.create(context(type), inputs, write);
  await kube.delete(inputs);
  await kube.provider.delete(context(type), state, write);
});

test('a finalizer is waited for, shown while it holds, and named when the time is up', async () => {
  const inputs = held(configMap(ns, 'held', {}, tenant));
  const state = await kube.provider.create(context(type), inputs, write);
  const seen = context(type);
  const deletion = kube.provider.delete(seen, state, { ...write, timeoutMs: 1500 });
  await expect(deletion).rejects.toThrow(
    /ConfigMap deletion\/held: timed out after \d s, waiting for finalizers test.dev\/hold/,
  );
  expect(seen.statuses).toContain('waiting for finalizers test.dev/hold');

  const again = kube.provider.delete(context(type), state, write);
  await kube.jsonPatch(inputs, [{ op: 'remove', path: '/metadata/finalizers' }]);
  await again;
  expect(await kube.get(inputs)).toBeNull();
});

test('a namespace says which of its content holds it', async () => {
  const inputs = namespace('deletion-held', tenant);
  const state = await kube.provider.create(context('kubernetes:core/v1:Namespace'), inputs, write);
  const child = held(configMap('deletion-held', 'child', {}, tenant));
  await kube.apply(child);
  const deletion = kube.provider.delete(context('kubernetes:core/v1:Namespace'), state, {
    ...write,
    timeoutMs: 9000,
  });
  await expect(deletion).rejects.toThrow(/Namespace deletion-held: timed out .*test\.dev\/hold/);
  await kube.jsonPatch(child, [{ op: 'remove', path: '/metadata/finalizers' }]);
});

test('objects in a namespace that is being deleted are left to it without waiting', async () => {
  const outer = namespace('deletion-quick', tenant);
  await kube.apply({ ...outer });
  const inputs = held(configMap('deletion-quick', 'child', {}, tenant));
  const state = await kube.provider.create(context(type), inputs, write);
  await kube.delete(outer);
  const started = Date.now();
  await kube.provider.delete(context(type), state, write);
  expect(Date.now() - started).toBeLessThan(1000);
  await kube.jsonPatch(inputs, [{ op: 'remove', path: '/metadata/finalizers' }]);
});

test('an object that another owner made under the same name is left alone where no tenant writes', async () => {
  const nobodys = 'deletion-nobody';
  await kube.apply(namespace(nobodys));
  const inputs = configMap(nobodys, 'usurped', { a: '1' }, tenant);
  const state = await kube.provider.create(context(type), inputs, write);
  await kube.delete(inputs);
  await kube.apply(configMap(nobodys, 'usurped', { a: 'theirs' }, 'other001'));
  const seen = context(type);
  await kube.provider.delete(seen, state, write);
  expect((await kube.get(inputs))?.data).toEqual({ a: 'theirs' });
  expect(seen.warnings.join()).toContain('is left alone');
});

test('an object under its name in its own namespace is deleted, whatever the label of it says', async () => {
  const inputs = configMap(ns, 'relabelled', { a: '1' }, tenant);
  const state = await kube.provider.create(context(type), inputs, write);
  await kube.delete(inputs);
  await kube.apply(configMap(ns, 'relabelled', { a: 'theirs' }, 'other001'));
  await kube.provider.delete(context(type), state, write);
  expect(await kube.get(inputs)).toBeNull();
});

test('a cancelled engine ends the wait', async () => {
  const inputs = held(configMap(ns, 'cancelled', {}, tenant));
  const state = await kube.provider.create(context(type), inputs, write);
  const abort = new AbortController();
  const deletion = kube.provider.delete(context(type, 'object', abort.signal), state, write);
  const ended = expect(deletion).rejects.toThrow();
  abort.abort(new Error('cancelled'));
  await ended;
  await kube.jsonPatch(inputs, [{ op: 'remove', path: '/metadata/finalizers' }]);
});

test('custom resources without their definition count as deleted', async () => {
  const widget = {
    apiVersion: 'nowhere.test.dev/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: ns },
  };
  const state = { id: `${ns}/w`, properties: { ...widget, __inputs: widget } };
  await kube.provider.delete(context('kubernetes:nowhere.test.dev/v1:Widget'), state, write);
});
