import { afterAll, beforeAll, expect, test } from 'vitest';
import { extendCatalog, findProduct, type Product } from '../../tenants/catalog/index.ts';
import { mostRights, reading, viewer } from '../../tenants/catalog/roles.ts';
import { creatableKinds, peopleGroup } from '../../tenants/isolation.ts';
import { platformManifests, priorityClassName } from '../../tenants/platform.ts';
import { apply, kubectl, removeNamespaces } from './cluster.ts';
import { freshTenantId, manifestsOf, tenantOf } from './specs.ts';

/** A product whose catalog file gives people a role that no other product has, on a real API server. */

const agents = findProduct('agents') as Product;
const reports: Product = {
  ...agents,
  id: 'reports',
  meters: [],
  limits: [],
  applies: Object.keys(agents.plans[0]?.entitlements ?? {}),
  namespace: {
    from: 'tenantId',
    prefix: 'reports-',
    people: {
      name: 'report-runner',
      rules: [
        ...viewer.rules,
        { apiGroups: ['batch'], resources: ['jobs'], verbs: [...reading, 'create', 'delete'] },
      ],
    },
  },
};
extendCatalog([reports]);

const tenantId = freshTenantId();
const tenant = tenantOf('reports', 'free', { tenantId });
const { namespace } = tenant.spec;
const asPerson = ['--as=ada', `--as-group=${peopleGroup(tenant)}`];

beforeAll(async () => {
  expect(await apply(platformManifests())).toMatchObject({ ok: true });
  expect(await apply(manifestsOf(tenant))).toMatchObject({ ok: true, stderr: '' });
});
afterAll(() => removeNamespaces([namespace]));

test.each([
  ['create', 'jobs.batch', true],
  ['delete', 'jobs.batch', true],
  ['list', 'pods', true],
  ['patch', 'jobs.batch', false],
  ['create', 'pods', false],
  ['create', 'configmaps', false],
  ['get', 'secrets', false],
])('its people may %s %s: %s', async (verb, resource, may) => {
  const { stdout } = await kubectl(['auth', 'can-i', verb, resource, '-n', namespace, ...asPerson]);
  expect(stdout.trim()).toBe(may ? 'yes' : 'no');
});

const job = (priority: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { generateName: 'report-', namespace },
  spec: {
    template: {
      spec: {
        restartPolicy: 'Never',
        priorityClassName: priority,
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'report',
            image: 'registry.example.com/report:1',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  },
});

test('the quota counts what its role can create, and the guard judges it', async () => {
  const { stdout } = await kubectl(['get', 'quota', 'plan', '-n', namespace, '-o', 'json']);
  const { hard } = (JSON.parse(stdout) as { spec: { hard: Record<string, string> } }).spec;
  expect(Object.keys(hard).filter((name) => name.startsWith('count/'))).toEqual(['count/jobs.batch']);

  const create = (manifest: object) => kubectl(['create', '-f', '-', ...asPerson], [manifest]);
  expect(await create(job(priorityClassName))).toMatchObject({ ok: true });
  expect(await create(job('system-node-critical'))).toMatchObject({
    ok: false,
    stderr: expect.stringContaining(`must have the priority ${priorityClassName}`),
  });
});

test('while it is suspended, its people have of the role what reads', async () => {
  const suspended = tenantOf('reports', 'free', { tenantId, state: 'suspended' });
  const role = manifestsOf(suspended).find(({ kind }) => kind === 'Role') as unknown as {
    metadata: { name: string };
    rules: { verbs: string[] }[];
  };
  expect(role.metadata.name).toBe('report-runner');
  expect(new Set(role.rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(reading));
});

test('with the most that a role can give, everything that people can create is counted', () => {
  const most = {
    ...tenant,
    product: { ...reports, namespace: { ...reports.namespace, people: { name: 'most', rules: mostRights } } },
  };
  const quota = manifestsOf(most).find(({ kind }) => kind === 'ResourceQuota') as unknown as {
    spec: { hard: Record<string, string> };
  };
  for (const kind of creatableKinds(mostRights))
    expect(quota.spec.hard).toHaveProperty([
      ['services', 'persistentvolumeclaims'].includes(kind) ? kind : `count/${kind}`,
    ]);
});
