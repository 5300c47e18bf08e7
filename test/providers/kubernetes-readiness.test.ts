import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { NotReadyError } from '../../automation/providers/provider.ts';
import { connectKube, context, type Kube, namespace, write } from './kube.ts';

const labels = { 'tenantry.dev/tenant': 'rdy00001' };
const claimType = 'kubernetes:core/v1:PersistentVolumeClaim';
let kube: Kube;
beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace('readiness', 'rdy00001'));
});
afterAll(() => kube.close());

function claim(name: string, annotations: JsonObject, storageClassName: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'readiness', labels, annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName },
  };
}

function storageClass(name: string, volumeBindingMode: string): JsonObject {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'test.dev/none',
    volumeBindingMode,
  };
}

test('an object that does not become ready in time is reported together with its state', async () => {
  await kube.apply(storageClass('readiness-never', 'Immediate'));
  const inputs = claim('never', { 'pulumi.com/timeoutSeconds': '1' }, 'readiness-never');
  const seen = context(claimType);
  const error = await kube.provider.create(seen, inputs, write).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NotReadyError);
  expect(error).toMatchObject({
    message: expect.stringMatching(
      /readiness\/never: timed out after 1 s, waiting for the claim to be bound/,
    ),
    state: { id: 'readiness/never', properties: { status: { phase: 'Pending' }, __inputs: inputs } },
  });
  expect(seen.statuses).toContain('waiting for the claim to be bound to a volume');
});

test('an object whose wait is cancelled is still in the state', async () => {
  await kube.apply(storageClass('readiness-never', 'Immediate'));
  const abort = new AbortController();
  const inputs = claim('cancelled', {}, 'readiness-never');
  const create = kube.provider.create(context(claimType, 'object', abort.signal), inputs, write);
  const ended = create.catch((reason: unknown) => reason);
  const exists = async (): Promise<boolean> => (await kube.get(inputs)) !== null;
  while (!(await exists()));
  abort.abort(new Error('The engine cancelled the operation'));
  expect(await ended).toMatchObject({ state: { id: 'readiness/cancelled' } });
});

test('skipAwait, and a class that binds on first use, are not waited for', async () => {
  await kube.apply(storageClass('readiness-later', 'WaitForFirstConsumer'));
  const skipped = claim('skipped', { 'pulumi.com/skipAwait': 'true' }, 'readiness-never');
  const later = claim('later', {}, 'readiness-later');
  for (const inputs of [skipped, later]) {
    const { properties } = await kube.provider.create(context(claimType), inputs, {
      ...write,
      timeoutMs: 1000,
    });
    expect(properties.status).toMatchObject({ phase: 'Pending' });
  }
});

test('a job is waited for until it completes', async () => {
  const inputs: JsonObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace: 'readiness', labels },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } },
    },
  };
  const create = kube.provider.create(context('kubernetes:batch/v1:Job'), inputs, {
    ...write,
    timeoutMs: 1000,
  });
  await expect(create).rejects.toThrow('waiting for the job to complete');
});
