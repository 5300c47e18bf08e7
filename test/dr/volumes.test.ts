/** Velero's objects on the real API server with the real definitions; what Velero answers is written by the test. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runSteps } from '../../automation/dr/steps.ts';
import { newestBackup, volumeSteps } from '../../automation/dr/volumes.ts';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { crdModules, ensureCrds } from '../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { connectKube, type Kube } from '../providers/kube.ts';
import { until } from '../support/wait.ts';

let kube: Kube;
beforeAll(async () => {
  kube = connectKube();
  const files = await ensureCrds({
    env: readToolchainEnv(),
    modules: crdModules.filter(({ name }) => name === 'velero'),
  });
  for (const file of files) {
    const definition = parse(await readFile(file, 'utf8')) as JsonObject & { metadata: { name: string } };
    if (/^(backups|restores|backupstoragelocations)\./.test(definition.metadata.name))
      await kube.apply(definition);
  }
  await until(() => kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } }));
  await until(() => backup('old', 'default', 'Completed', '2026-11-20T00:00:00Z'));
  await backup('newest', 'default', 'Completed', '2026-11-21T06:00:00Z');
  await backup('broken', 'default', 'PartiallyFailed', '2026-11-21T12:00:00Z');
}, 300_000);
afterAll(async () => {
  await kube?.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } });
  await kube?.close();
});

const object = (kind: string, name: string, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'velero.io/v1',
  kind,
  metadata: { name, namespace: 'velero' },
  ...more,
});
const backup = (name: string, storageLocation: string, phase: string, completionTimestamp: string) =>
  kube.apply(object('Backup', name, { spec: { storageLocation }, status: { phase, completionTimestamp } }));
const restoreStatus = (name: string, status: JsonObject) =>
  kube.apply(object('Restore', name, { status }), 'velero');
const steps = (recovery: string, more: Partial<Parameters<typeof volumeSteps>[0]> = {}) =>
  volumeSteps({ cluster: kube.cluster.client, recovery, before: null, copies: null, ...more });
const run = { dryRun: false, say: () => {}, pollMs: 10 };

test('the newest complete backup counts, not newer than the database', async () => {
  expect((await newestBackup(kube.cluster.client))?.name).toBe('newest');
  expect((await newestBackup(kube.cluster.client, { before: new Date('2026-11-21T00:00:00Z') }))?.name).toBe(
    'old',
  );
  expect(await newestBackup(kube.cluster.client, { location: 'elsewhere' })).toBeNull();
});

test('a restore brings the tenants’ namespaces back and not the control plane’s, and is waited for', async () => {
  const running = runSteps(steps('r1'), run);
  const made = await until(() => kube.get(object('Restore', 'recovery-r1')));
  expect(made.spec).toMatchObject({
    backupName: 'newest',
    includedNamespaces: ['*'],
    excludedNamespaces: ['tenantry-system'],
    existingResourcePolicy: 'none',
  });
  await restoreStatus('recovery-r1', { phase: 'InProgress', progress: { itemsRestored: 3, totalItems: 9 } });
  await restoreStatus('recovery-r1', { phase: 'Completed', progress: { itemsRestored: 9, totalItems: 9 } });
  expect(await running).toMatchObject([
    { id: 'volumes', state: 'done', detail: 'Completed, 9 of 9 objects' },
  ]);
  expect(await runSteps(steps('r1'), run)).toMatchObject([{ state: 'done' }]);
});

test('a restore that failed stops the recovery and says where to look', async () => {
  const stopped = expect(runSteps(steps('r2'), run)).rejects.toThrow(
    /PartiallyFailed.*2 errors: velero restore describe/,
  );
  await until(() => kube.get(object('Restore', 'recovery-r2')));
  await restoreStatus('recovery-r2', { phase: 'PartiallyFailed', errors: 2 });
  await stopped;
});

test('of a lost cell Velero is told of the copies, read-only, and the restore waits until it has read them', async () => {
  const copies = { cellId: 'prod-us-east-1', bucket: 'copies', region: 'us-west-2' };
  const said: string[] = [];
  const running = runSteps(steps('r3', { copies }), { ...run, say: (line) => said.push(line) });
  const location = await until(() => kube.get(object('BackupStorageLocation', 'prod-us-east-1')));
  expect(location.spec).toMatchObject({
    accessMode: 'ReadOnly',
    objectStorage: { bucket: 'copies', prefix: 'velero' },
  });
  await until(() => said.some((line) => /has not read the backups in copies yet/.test(line)));
  await backup('theirs', 'prod-us-east-1', 'Completed', '2026-11-21T05:00:00Z');
  const made = await until(() => kube.get(object('Restore', 'recovery-r3')));
  expect(made.spec).toMatchObject({ backupName: 'theirs' });
  await restoreStatus('recovery-r3', { phase: 'Completed' });
  expect((await running).map(({ state }) => state)).toEqual(['done', 'done']);
});
