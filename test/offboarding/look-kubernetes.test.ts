import { afterAll, beforeAll, expect, test } from 'vitest';
import { lookInKubernetes } from '../../automation/offboarding/look/kubernetes.ts';
import { configMap, connectKube, type Kube, namespace } from '../providers/kube.ts';

/** Whose an object is, decided by what tenants cannot write. */

const gone = { id: 'look0001', namespace: 'look-gone' };
let kube: Kube;
beforeAll(async () => {
  kube = connectKube();
});
afterAll(async () => {
  for (const name of ['look-gone', 'look-hostile', 'look-platform']) await kube.delete(namespace(name));
  await kube.close();
});

const remains = async () => (await lookInKubernetes(kube.cluster.client, gone)).remains;

test('a label that another tenant writes in its own namespace keeps nobody from a receipt, and is not shown', async () => {
  await kube.apply(namespace('look-hostile', 'hostile1'));
  await kube.apply(configMap('look-hostile', 'bait', {}, gone.id));
  expect(await remains()).toEqual([]);
});

test('what is left where no tenant writes is found', async () => {
  await kube.apply(namespace('look-platform'));
  const left = configMap('look-platform', 'left', {}, gone.id);
  await kube.apply(left);
  expect(await remains()).toEqual(['v1/configmaps/look-platform/left']);
  await kube.delete(left);
});

test('a namespace of its name that was never ours is not looked for', async () => {
  const squatted = { id: gone.id, namespace: 'look-platform' };
  expect((await lookInKubernetes(kube.cluster.client, squatted)).remains).toEqual([]);
});

test('its namespace is found, and is not its own any more once it is the next tenant’s', async () => {
  await kube.apply(namespace(gone.namespace, gone.id));
  expect(await remains()).toContain('v1/namespaces/look-gone');
  await kube.apply(namespace(gone.namespace, 'later001'));
  await kube.apply(configMap(gone.namespace, 'theirs', {}, 'later001'));
  expect(await remains()).toEqual([]);
});
