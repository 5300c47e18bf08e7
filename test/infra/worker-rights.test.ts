import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { workerRules } from '../../infra/control-plane/cluster-rights.ts';
import { workerFence } from '../../infra/control-plane/fence.ts';
import { mostRights } from '../../tenants/catalog/roles.ts';
import { platformManifests } from '../../tenants/platform.ts';
import { apply, kubectl, removeNamespaces } from '../tenants/cluster.ts';
import { type everyPlan, freshTenantId, manifestsOf, tenantOf } from '../tenants/specs.ts';

/** The workers' rights, as a real API server judges them. */

const own = `worker-rights-${randomUUID().slice(0, 8)}`;
const asWorker = `--as=system:serviceaccount:${own}:worker`;
const namespaces = [own];
const waiting = { timeout: 120_000, interval: 250 };

const fence = workerFence({ namespace: own, serviceAccount: 'worker' }).flatMap(({ policy, binding }) => [
  policy,
  binding,
]);

const apiVersion = 'rbac.authorization.k8s.io/v1';

beforeAll(async () => {
  const applied = await apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'worker', namespace: own } },
    { apiVersion, kind: 'ClusterRole', metadata: { name: own }, rules: workerRules },
    ...fence,
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: own },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: own },
      subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: own }],
    },
  ]);
  expect(applied).toMatchObject({ ok: true, stderr: '' });
});

afterAll(async () => {
  await removeNamespaces(namespaces);
  await kubectl(['delete', 'clusterrole,clusterrolebinding', own]);
  await kubectl(['delete', '-f', '-'], fence);
});

describe('a worker', () => {
  test('applies what stands once in its cluster', async () => {
    expect(await apply(platformManifests(), asWorker)).toMatchObject({ ok: true, stderr: '' });
  });

  test.each([
    ['stream', 'enterprise'],
    ['agents', 'enterprise'],
    ['workspace', 'we-manage'],
    ['browsers', 'professional'],
  ] as const satisfies (typeof everyPlan)[number][])(
    'makes and unmakes a tenant of %s %s',
    async (product, plan) => {
      const tenantId = freshTenantId();
      const tenant = tenantOf(product, plan, { tenantId, slug: `${plan}-${tenantId}` });
      namespaces.push(tenant.spec.namespace);
      expect(await apply(manifestsOf(tenant), asWorker)).toMatchObject({ ok: true, stderr: '' });
      const removed = await kubectl(['delete', 'namespace', '--wait=false', tenant.spec.namespace, asWorker]);
      expect(removed).toMatchObject({ ok: true });
    },
  );

  test('makes a tenant whose people have the most that a role can give', async () => {
    const tenantId = freshTenantId();
    const tenant = tenantOf('agents', 'free', { tenantId });
    namespaces.push(tenant.spec.namespace);
    const { product } = tenant;
    const people = { name: 'most', rules: mostRights };
    const most = { ...tenant, product: { ...product, namespace: { ...product.namespace, people } } };
    expect(await apply(manifestsOf(most), asWorker)).toMatchObject({ ok: true, stderr: '' });
  });

  const role = (rules: object[]) => ({
    apiVersion,
    kind: 'Role',
    metadata: { name: 'more', namespace: own },
    rules,
  });

  test.each([
    [
      'a right that it has not itself',
      role([{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['create'] }]),
    ],
    ['every right', role([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])],
    [
      'the administrator’s rights',
      {
        apiVersion,
        kind: 'RoleBinding',
        metadata: { name: 'more', namespace: own },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: own }],
      },
    ],
    [
      'rights in the whole cluster',
      {
        apiVersion,
        kind: 'ClusterRoleBinding',
        metadata: { name: `${own}-more` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: own },
        subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: own }],
      },
    ],
  ])('cannot give away %s', async (_what, manifest) => {
    const { ok, stderr } = await apply([manifest], asWorker);
    expect(ok).toBe(false);
    expect(stderr).toMatch(/forbidden/i);
  });

  const secret = (namespace: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'planted', namespace },
    stringData: { key: 'value' },
  });
  const namespace = (name: string, labels: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  });

  const beyond: [string, object][] = [
    ['an object of the platform', secret('kube-system')],
    ['an object of its own namespace', secret(own)],
    ['a namespace that is no tenant’s', namespace(`${own}-stray`)],
    [
      'the label of a namespace, to call it a tenant’s',
      namespace('default', { 'app.kubernetes.io/managed-by': 'tenantry' }),
    ],
    ...fence.map((manifest) => [`the ${manifest.kind} that keeps it in`, manifest] as [string, object]),
  ];

  test.each(beyond)('cannot change %s', async (_what, manifest) => {
    // A new policy is in force a moment after it is made.
    await vi.waitFor(async () => {
      const { ok, stderr } = await apply([manifest], asWorker, '--dry-run=server');
      expect({ ok, stderr }).toMatchObject({
        ok: false,
        stderr: expect.stringMatching(/forbidden|a worker/),
      });
    }, waiting);
  });

  test('cannot remove what is no tenant’s', async () => {
    await vi.waitFor(async () => {
      expect(await kubectl(['delete', 'namespace', own, '--dry-run=server', asWorker])).toMatchObject({
        ok: false,
      });
    }, waiting);
  });

  test('sees no nodes and no other cluster-wide rights', async () => {
    for (const resource of ['nodes', 'clusterroles', 'storageclasses']) {
      expect(await kubectl(['get', resource, asWorker])).toMatchObject({ ok: false });
    }
  });

  test('reads persistent volumes, to see that none of a tenant remains, and changes none', async () => {
    expect(await kubectl(['get', 'persistentvolumes', asWorker])).toMatchObject({ ok: true });
    for (const verb of ['create', 'patch', 'delete'])
      expect(await kubectl(['auth', 'can-i', verb, 'persistentvolumes', asWorker])).toMatchObject({
        ok: false,
      });
  });
});
