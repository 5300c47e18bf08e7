import { describe, expect, test } from 'vitest';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { creatableKinds } from '../../tenants/isolation.ts';
import type { Manifest, ResourceQuota, Role } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { everyPlan, manifestsOf, specOf, tenantOf } from './specs.ts';

/** Figures of `requirements.md`, as the cluster gets them. */

function find(manifests: readonly Manifest[], kind: string, name?: string): Manifest | undefined {
  return manifests.find(
    ({ kind: k, metadata }) => k === kind && (name === undefined || metadata.name === name),
  );
}

const objectsOf = (product: ProductId, plan: string, changes = {}) =>
  manifestsOf(tenantOf(product, plan, changes));

/** Plans whose workload runs: all but the one that sells no sessions. */
const running = everyPlan.filter(([product, plan]) => !(product === 'browsers' && plan === 'starter'));

describe('every tenant', () => {
  test.each(everyPlan)('%s %s: the same spec gives the same manifests, byte for byte', (product, plan) => {
    const spec = specOf(product, plan);
    const reordered = Object.fromEntries(Object.entries(spec).reverse());
    expect(JSON.stringify(objectsOf(product, plan, reordered))).toBe(
      JSON.stringify(objectsOf(product, plan)),
    );
  });

  test.each(everyPlan)('%s %s: every object says whose it is and where it stands', (product, plan) => {
    const [namespace, ...others] = objectsOf(product, plan);
    for (const { metadata } of [namespace, ...others].filter((manifest) => manifest !== undefined)) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/managed-by': 'tenantry',
        'tenantry.dev/tenant': 'a1b2c3d4',
        'tenantry.dev/product': product,
        'tenantry.dev/plan': plan,
      });
    }
    expect(namespace).toMatchObject({ kind: 'Namespace', apiVersion: 'v1' });
    for (const { metadata } of others) expect(metadata.namespace).toBe(namespace?.metadata.name);
    const names = others.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(everyPlan)(
    '%s %s: its namespace is held to the restricted Pod Security level',
    (product, plan) => {
      expect(objectsOf(product, plan)[0]?.metadata.labels).toMatchObject({
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      });
    },
  );

  test.each(everyPlan)('%s %s: its pods have an account without a token', (product, plan) => {
    expect(find(objectsOf(product, plan), 'ServiceAccount')).toMatchObject({
      automountServiceAccountToken: false,
    });
  });

  test.each(everyPlan)(
    '%s %s: its role is namespaced, reads no Secret and cannot widen itself',
    (product, plan) => {
      const manifests = objectsOf(product, plan);
      const role = find(manifests, 'Role') as Manifest & {
        rules: { resources: string[]; verbs: string[] }[];
      };
      const changing = role.rules.filter(({ verbs }) =>
        verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)),
      );
      const reach = role.rules.flatMap(({ resources, verbs }) => [...resources, ...verbs]);
      expect(reach).not.toContain('*');
      expect(reach).not.toContain('secrets');
      for (const forbidden of [
        'resourcequotas',
        'limitranges',
        'networkpolicies',
        'roles',
        'rolebindings',
        'pods/exec',
      ]) {
        expect(changing.flatMap(({ resources }) => resources)).not.toContain(forbidden);
      }
      expect(changing.length > 0).toBe(product === 'stream');
      expect(role.metadata.name).toBe(product === 'stream' ? 'tenant-admin' : 'tenant-viewer');
      expect(find(manifests, 'RoleBinding')).toMatchObject({
        roleRef: { kind: 'Role', name: role.metadata.name },
        subjects: [{ kind: 'Group', name: 'tenantry:tenant:a1b2c3d4' }],
      });
    },
  );

  test.each(running)('%s %s: its pods satisfy the isolation checklist', (product, plan) => {
    const pod = podOf(product, plan);
    expect(pod).toMatchObject({
      serviceAccountName: 'workload',
      automountServiceAccountToken: false,
      priorityClassName: 'tenantry-tenant',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod).not.toHaveProperty(field);
    expect(pod.volumes?.filter((volume) => 'hostPath' in volume)).toEqual([]);
    for (const container of pod.containers) {
      expect(container).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
        readinessProbe: expect.anything(),
        livenessProbe: expect.anything(),
      });
      expect(container.resources?.requests).toEqual(container.resources?.limits);
      expect(Object.keys(container.resources?.limits ?? {})).toEqual(['cpu', 'memory', 'ephemeral-storage']);
      expect(container.image).toMatch(/:v?\d[\w.-]*$/);
    }
    expect(pod.volumes).toContainEqual({
      name: 'tmp',
      emptyDir: { sizeLimit: expect.stringMatching(/^\d+[MG]i$/) },
    });
  });

  test.each(everyPlan)(
    '%s %s: a budget lets one of many pods go at a time, and is none where there is one',
    (product, plan) => {
      const many = product === 'stream' || (product === 'browsers' && plan !== 'starter');
      const budget = find(objectsOf(product, plan), 'PodDisruptionBudget') as unknown as
        | { spec: unknown }
        | undefined;
      expect(budget?.spec).toEqual(
        many
          ? {
              maxUnavailable: 1,
              selector: {
                matchLabels: { 'app.kubernetes.io/name': product, 'tenantry.dev/tenant': 'a1b2c3d4' },
              },
              unhealthyPodEvictionPolicy: 'AlwaysAllow',
            }
          : undefined,
      );
    },
  );

  test.each(running)('%s %s: suspended it keeps its data and runs nothing', (product, plan) => {
    const active = objectsOf(product, plan);
    const suspended = objectsOf(product, plan, { state: 'suspended' });
    expect(find(suspended, 'Deployment')).toMatchObject({ spec: { replicas: 0 } });
    expect(find(suspended, 'HorizontalPodAutoscaler')).toBeUndefined();
    const changing = ['Deployment', 'HorizontalPodAutoscaler', 'ResourceQuota', 'Role'];
    const kept = active.filter(({ kind }) => !changing.includes(kind));
    expect(suspended).toEqual(expect.arrayContaining(kept));
    expect(tenantObjects(tenantOf(product, plan, { state: 'suspended' })).workload?.spec?.template).toEqual(
      tenantObjects(tenantOf(product, plan)).workload?.spec?.template,
    );
  });
});

describe('a suspended tenant', () => {
  test.each(everyPlan)(
    '%s %s: its quota has room for no pod, and is otherwise as before',
    (product, plan) => {
      const hardOf = (changes = {}) =>
        (find(objectsOf(product, plan, changes), 'ResourceQuota') as unknown as { spec: { hard: object } })
          .spec.hard;
      expect(hardOf({ state: 'suspended' })).toEqual({ ...hardOf(), pods: '0' });
    },
  );

  test.each(everyPlan)('%s %s: its people only look, under the same role and binding', (product, plan) => {
    const of = (kind: string, changes = {}) => find(objectsOf(product, plan, changes), kind);
    const role = of('Role', { state: 'suspended' }) as Manifest & { rules: { verbs: string[] }[] };
    expect(role.metadata).toEqual(of('Role')?.metadata);
    expect(new Set(role.rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['get', 'list', 'watch']));
    expect(of('RoleBinding', { state: 'suspended' })).toEqual(of('RoleBinding'));
  });
});

test.each(everyPlan)('%s %s: whatever its people may create, so many and no more fit', (product, plan) => {
  const manifests = objectsOf(product, plan);
  const { rules } = find(manifests, 'Role') as Manifest & Pick<Role, 'rules'>;
  const { spec } = find(manifests, 'ResourceQuota') as Manifest & Pick<ResourceQuota, 'spec'>;
  const hard = spec?.hard as Record<string, string>;
  const counted = ['services', 'persistentvolumeclaims'];
  for (const kind of creatableKinds((rules ?? []) as never)) {
    const key = counted.includes(kind) ? kind : `count/${kind}`;
    expect(Number(hard[key]), key).toBeGreaterThan(0);
    expect(Number(hard[key]), key).toBeLessThan(2000);
  }
  // A node's disk is bounded like its processors.
  expect(hard).toMatchObject({
    'requests.ephemeral-storage': expect.any(String),
    'limits.ephemeral-storage': expect.any(String),
  });
  expect(find(manifests, 'LimitRange')).toMatchObject({
    spec: { limits: [{ max: { 'ephemeral-storage': expect.any(String) } }] },
  });
});

describe('workspace', () => {
  test.each([
    ['byoc', '2', '4Gi', '50Gi'],
    ['we-manage', '4', '8Gi', '100Gi'],
  ])('%s: %s CPU, %s memory, %s on one ReadWriteOnce volume', (plan, cpu, memory, storage) => {
    const manifests = objectsOf('workspace', plan);
    expect(podOf('workspace', plan).containers[0]?.resources?.limits).toMatchObject({ cpu, memory });
    expect(find(manifests, 'PersistentVolumeClaim')).toMatchObject({
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
    expect(find(manifests, 'Deployment')).toMatchObject({
      spec: { replicas: 1, strategy: { type: 'Recreate' } },
    });
  });

  test('the namespace is beta-user-{id} with labels user, plan and created', () => {
    expect(objectsOf('workspace', 'byoc', { owner: 'jane' })[0]).toMatchObject({
      metadata: { name: 'beta-user-a1b2c3d4', labels: { user: 'jane', plan: 'byoc', created: '2026-11-21' } },
    });
  });

  test('a slot has no user yet, and claiming it changes nothing but labels and annotations', () => {
    const slot = objectsOf('workspace', 'byoc', { owner: null, billingAccount: null, slug: 'slot-a1b2c3d4' });
    const claimed = objectsOf('workspace', 'byoc');
    expect(slot[0]?.metadata.labels).not.toHaveProperty('user');
    expect(slot.slice(1)).toEqual(claimed.slice(1));
  });

  test('a volume never shrinks with the plan, and the quota leaves room for it and a restored copy', () => {
    const manifests = objectsOf('workspace', 'byoc', { volumeBytes: 100 * 1024 ** 3 });
    expect(find(manifests, 'PersistentVolumeClaim')).toMatchObject({
      spec: { resources: { requests: { storage: '100Gi' } } },
    });
    expect(find(manifests, 'ResourceQuota')).toMatchObject({
      spec: { hard: { 'requests.storage': '200Gi' } },
    });
  });
});

describe('browsers', () => {
  test.each(['professional', 'enterprise'])('%s: 50 pods, 6.4 GB, an autoscaler from 5 to 50', (plan) => {
    const manifests = objectsOf('browsers', plan);
    expect(manifests[0]?.metadata.name).toBe('customer-a1b2c3d4');
    expect(find(manifests, 'ResourceQuota')).toMatchObject({
      spec: { hard: { pods: '50', 'requests.memory': '6400M', 'limits.memory': '6400M' } },
    });
    expect(find(manifests, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: { minReplicas: 5, maxReplicas: 50 },
    });
    expect(find(manifests, 'Deployment')).not.toHaveProperty('spec.replicas');
  });

  test('starter sells no sessions, so nothing runs and nothing can', () => {
    const manifests = objectsOf('browsers', 'starter');
    expect(manifests.map(({ kind }) => kind)).not.toContain('Deployment');
    expect(find(manifests, 'ResourceQuota')).toMatchObject({ spec: { hard: { pods: '0' } } });
  });

  test('another plan with the same pods restarts none of them', () => {
    const templateOf = (plan: string) => tenantObjects(tenantOf('browsers', plan)).workload?.spec?.template;
    expect(templateOf('enterprise')).toEqual(templateOf('professional'));
  });
});

describe('stream', () => {
  test('business: 100 CPU, 200Gi, 1Ti storage, 500 pods, 100 services, 100 volume claims', () => {
    expect(find(objectsOf('stream', 'business'), 'ResourceQuota')).toMatchObject({
      spec: {
        hard: {
          'requests.cpu': '100',
          'limits.cpu': '100',
          'requests.memory': '200Gi',
          'limits.memory': '200Gi',
          'requests.storage': '1Ti',
          pods: '500',
          services: '100',
          persistentvolumeclaims: '100',
        },
      },
    });
  });

  test('the namespace is tenant-{slug} with labels tenant-id, tier, region and annotation billing-account', () => {
    expect(objectsOf('stream', 'business')[0]).toMatchObject({
      metadata: {
        name: 'tenant-acme',
        labels: { 'tenant-id': 'a1b2c3d4', tier: 'business', region: 'us-east-1' },
        annotations: { 'billing-account': 'cus_Q1w2E3r4T5y6U7' },
      },
    });
  });

  test.each(['free', 'professional', 'business', 'enterprise'])('%s: the autoscaler and its pace', (plan) => {
    const manifests = objectsOf('stream', plan);
    expect(find(manifests, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: {
        // Zero replicas are set on the Deployment: see `autoscaler`.
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
          {
            type: 'Resource',
            resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 300,
            policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
          },
          scaleUp: {
            stabilizationWindowSeconds: 0,
            policies: [{ type: 'Pods', value: 2, periodSeconds: 30 }],
          },
        },
      },
    });
    expect(find(manifests, 'Deployment')).not.toHaveProperty('spec.replicas');
  });
});

test.each(everyPlan)(
  '%s %s: requests are recommended, and never set, for stream alone and where the cell can',
  (product, plan) => {
    const tenant = tenantOf(product, plan);
    const able = { ...tenant, cell: { ...tenant.cell, verticalPodAutoscaler: true } };
    expect(find(manifestsOf(tenant), 'VerticalPodAutoscaler')).toBeUndefined();
    const made = manifestsOf(able).filter(({ kind }) => kind === 'VerticalPodAutoscaler');
    const spec = {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'stream' },
      updatePolicy: { updateMode: 'Off' },
    };
    expect(made).toMatchObject(product === 'stream' ? [{ metadata: { name: 'stream' }, spec }] : []);
  },
);

describe('data', () => {
  test.each([
    ['inbox', 'starter'],
    ['agents', 'free'],
    ['stream', 'business'],
  ] as const)('%s %s: the workload reads its database from the Secret', (product, plan) => {
    const pod = podOf(product, plan);
    expect(pod.volumes).toContainEqual({
      name: 'database',
      secret: { secretName: 'database', defaultMode: 0o440 },
    });
    expect(pod.containers[0]?.env).toContainEqual({
      name: 'DATABASE_URL_FILE',
      value: '/run/secrets/database/url',
    });
  });
});

function podOf(product: ProductId, plan: string) {
  const pod = tenantObjects(tenantOf(product, plan)).workload?.spec?.template.spec;
  if (!pod) throw new Error(`${product} ${plan} runs nothing`);
  return pod;
}
