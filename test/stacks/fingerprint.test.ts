import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newSpec } from '../../automation/desired/desired-state.ts';
import { type Json, KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { createFingerprints, driftFrom, type Fingerprints } from '../../automation/stacks/fingerprint.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { until } from '../support/wait.ts';

const id = `f${randomBytes(4).toString('hex').slice(0, 7)}`;
const namespace = `beta-user-${id}`;
let fresh: FreshDatabase;
let database: Database;
let cluster: KubernetesClient;
let fingerprints: Fingerprints;

const object = (kind: string, name: string, inside: string | null) => ({
  apiVersion: 'v1',
  kind,
  name,
  namespace: inside,
});
const outputs = {
  namespace,
  serviceUrl: null,
  database: { name: null, schema: `tenant_${id}`, role: `tenant_${id}`, secretName: 'database' },
  objects: [
    object('Namespace', namespace, null),
    object('ConfigMap', 'settings', namespace),
    { apiVersion: 'example.com/v1', kind: 'Unknown', name: 'x', namespace },
  ],
};

/** Applies as the engine's provider does, under its name. */
async function apply(path: string, body: Json, fieldManager = 'pulumi-kubernetes-test') {
  const query = { fieldManager, force: 'true' };
  await cluster.send({ method: 'PATCH', path, query, body, contentType: 'application/apply-patch+yaml' });
}
const settings = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace },
  data,
});
const settingsPath = `/api/v1/namespaces/${namespace}/configmaps/settings`;

beforeAll(async () => {
  fresh = await freshDatabase();
  database = openDatabase(fresh.url, { maxConnections: 2 });
  cluster = new KubernetesClient(loadKubeconfig(inject('kubeconfig')), process.env, () => {});
  fingerprints = createFingerprints(cluster, database);
  await apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'tenantry.dev/tenant': id } },
  });
  await apply(settingsPath, settings({ a: '1' }));
  await database.query(`create role tenant_${id}; create schema tenant_${id}`);
});
afterAll(async () => {
  await database?.query(`drop schema if exists tenant_${id}; drop role if exists tenant_${id}`);
  await cluster?.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` }).catch(() => {});
  await cluster?.close();
  await database?.close();
  await fresh?.drop();
});

/** Without those that this cluster never had. */
const standing = { objects: outputs.objects.slice(0, 2) };

const read = () => fingerprints.read({ id, outputs });

test('a tenant that nobody touched reads the same each time', async () => {
  const first = await read();
  expect(Object.keys(first).sort()).toEqual(
    [
      'v1/ConfigMap/settings',
      `v1/Namespace/${namespace}`,
      `postgres/login/tenant_${id}`,
      `postgres/role/tenant_${id}`,
      `postgres/schema/tenant_${id}`,
    ].sort(),
  );
  expect(driftFrom(standing, first, await read())).toEqual([]);
});

test('a look at what is recent tells the same, and soon of a change', async () => {
  const before = await read();
  const recent = () => fingerprints.read({ id, outputs }, { recent: true });
  await until(async () => driftFrom(standing, before, await recent()).length === 0);
  await cluster.send({ method: 'DELETE', path: settingsPath });
  await until(async () => driftFrom(standing, before, await recent()).length === 1);
  await apply(settingsPath, settings({ a: '1' }));
  await until(async () => driftFrom(standing, await read(), await recent()).length === 0);
});

test('what others own in an object is no drift; what they take from us is', async () => {
  const before = await read();
  await apply(settingsPath, settings({ theirs: 'x' }), 'somebody');
  expect(driftFrom(standing, before, await read())).toEqual([]);
  await apply(settingsPath, settings({ a: '2' }), 'somebody');
  await cluster.send({
    method: 'PATCH',
    path: settingsPath,
    query: { fieldManager: 'kubectl-edit' },
    body: [{ op: 'replace', path: '/data/a', value: '3' }],
    contentType: 'application/json-patch+json',
  });
  expect(driftFrom(standing, before, await read())).toEqual(['v1/ConfigMap/settings']);
});

test('an object that is gone or made anew, and a changed role, are drift', async () => {
  const before = await read();
  await cluster.send({ method: 'DELETE', path: settingsPath });
  expect(driftFrom(standing, before, await read())).toEqual(['v1/ConfigMap/settings']);
  await apply(settingsPath, settings({ a: '3' }));
  await database.query(`alter role tenant_${id} createdb`);
  expect(driftFrom(standing, before, await read()).sort()).toEqual([
    `postgres/role/tenant_${id}`,
    'v1/ConfigMap/settings',
  ]);
});

test('a password and settings that the tenant changed itself are drift, and being throttled is none', async () => {
  const login = [`postgres/login/tenant_${id}`];
  for (const change of [
    "password 'another-password-now'",
    'set statement_timeout = 0',
    'in database postgres set idle_in_transaction_session_timeout = 0',
    `set application_name = '${'x'.repeat(500)}'`,
    `set application_name = '${'y'.repeat(500)}'`,
  ]) {
    const before = await read();
    await database.query(`alter role tenant_${id} ${change}`);
    const after = await read();
    expect(driftFrom(standing, before, after), change).toEqual(login);
    expect(JSON.stringify(after).length).toBeLessThan(1500);
  }
  await database.query(`alter role tenant_${id} connection limit 20`);
  const before = await read();
  await database.query(
    `alter role tenant_${id} connection limit 5; comment on role tenant_${id} is 'tenantry:${id} connections=20'`,
  );
  expect(driftFrom(standing, before, await read())).toEqual([]);
  await database.query(`alter role tenant_${id} connection limit 99; comment on role tenant_${id} is null`);
  expect(driftFrom(standing, before, await read())).toEqual([`postgres/role/tenant_${id}`]);
});

test('an object that was gone before anybody looked is drift too', async () => {
  await cluster.send({ method: 'DELETE', path: settingsPath });
  expect(driftFrom(standing, null, await read())).toEqual(['v1/ConfigMap/settings']);
  await apply(settingsPath, settings({ a: '3' }));
  expect(driftFrom(standing, null, await read())).toEqual([]);
});

test('what remains of a tenant is told by name until nothing does', async () => {
  const spec = newSpec({
    tenantId: id,
    product: 'workspace',
    plan: 'byoc',
    slug: id,
    cell: 'local',
    region: 'local',
    owner: null,
    billingAccount: null,
    seats: 1,
    createdAt: new Date(),
  });
  expect(await fingerprints.remains(spec)).toEqual([
    `namespace ${namespace}`,
    `postgres/role/tenant_${id}`,
    `postgres/schema/tenant_${id}`,
  ]);
  expect(
    await fingerprints.remains({ ...spec, tenantId: 'zzzzzzz9', namespace: 'beta-user-zzzzzzz9' }),
  ).toEqual([]);
});
