/** A stack goes from the official provider to the stand-in and back: no change is planned either way. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { withData } from '../../automation/providers/kubernetes/diff.ts';
import { isStatus } from '../../automation/providers/kubernetes/errors.ts';
import {
  isList,
  isObject,
  kindOfToken,
  nameOf,
  namespaceOf,
  objectId,
} from '../../automation/providers/kubernetes/objects.ts';
import { managedFields } from '../../automation/providers/kubernetes/ownership.ts';
import { type PropertyMap, revealMap } from '../../automation/providers/properties.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { everyPlan, tenantOf } from '../tenants/specs.ts';
import { connectKube, context, type Kube, namespace, signal, write } from './kube.ts';

const tenant = 'swi00001';
const ns = 'switchover';
let kube: Kube;

beforeAll(async () => {
  kube = connectKube();
  await kube.apply(namespace(ns, tenant));
});
afterAll(() => kube.close());

const metadata = (name: string) => ({
  name,
  namespace: ns,
  labels: { 'tenantry.dev/tenant': tenant },
  annotations: { 'pulumi.com/skipAwait': 'true' },
});

/** What a program says, and where the official provider keeps it in another spelling, that spelling. */
const objects: readonly [type: string, program: JsonObject, official?: JsonObject][] = [
  [
    'kubernetes:apps/v1:Deployment',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('app'),
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'app' } },
        template: {
          metadata: { labels: { app: 'app' } },
          spec: {
            containers: [
              {
                name: 'app',
                image: 'registry.example/app:1',
                resources: { limits: { cpu: '1000m', memory: '1024Mi' } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('app'),
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'app' } },
        template: {
          metadata: { labels: { app: 'app' } },
          spec: {
            containers: [
              {
                name: 'app',
                image: 'registry.example/app:1',
                resources: { limits: { cpu: '1', memory: '1Gi' } },
              },
            ],
          },
        },
      },
    },
  ],
  [
    'kubernetes:core/v1:ResourceQuota',
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: metadata('quota'),
      spec: { hard: { 'limits.memory': '6400M', 'requests.cpu': '2000m', pods: '50' } },
    },
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: metadata('quota'),
      spec: { hard: { 'limits.memory': '6400M', 'requests.cpu': '2', pods: '50' } },
    },
  ],
  [
    'kubernetes:core/v1:Secret',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('secret'),
      stringData: { user: 'me', password: 'hush' },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('secret'),
      data: { user: 'bWU=', password: 'aHVzaA==' },
    },
  ],
  [
    'kubernetes:networking.k8s.io/v1:NetworkPolicy',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata('deny'),
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }],
      },
    },
  ],
  [
    'kubernetes:autoscaling/v2:HorizontalPodAutoscaler',
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: metadata('scale'),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
        ],
      },
    },
  ],
  [
    'kubernetes:core/v1:Service',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('web'),
      spec: { selector: { app: 'app' }, ports: [{ name: 'http', port: 80 }] },
    },
  ],
];

describe.each(objects)('%s', (type, program, official = program) => {
  test('written by the stand-in: the official provider finds no difference', async () => {
    const { id, properties } = await kube.provider.create(context(type), program, write);
    expect(id).toBe(`${ns}/${(program.metadata as JsonObject).name}`);
    expect(properties.__initialApiVersion).toBe(kindOfToken(type)?.apiVersion);
    expect(properties.__fieldManager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(officialDifference(properties, official)).toEqual([]);
    const read = await kube.provider.read(context(type), { id, properties, inputs: program });
    expect(officialDifference(read?.properties ?? {}, official)).toEqual([]);
    await kube.provider.delete(context(type), { id, properties }, write);
  });

  test('written by the official provider: the stand-in finds no difference, and takes over its fields', async () => {
    const state = await officialState(type, official);
    const plan = await kube.provider.diff(context(type), { old: state.properties, inputs: program });
    expect(plan.changes).toEqual([]);
    const read = await kube.provider.read(context(type), { ...state, inputs: official as PropertyMap });
    const afterRefresh = await kube.provider.diff(context(type), {
      old: read?.properties ?? {},
      inputs: program,
    });
    expect(afterRefresh.changes).toEqual([]);

    const { annotations: _, ...bare } = program.metadata as JsonObject;
    const fewer = { ...program, metadata: bare };
    await kube.provider.update(context(type), { old: state.properties, inputs: fewer }, write);
    const live = await kube.get(program);
    expect(live?.metadata).not.toHaveProperty('annotations.pulumi\\.com/skipAwait');
    const ours = managedFields(live ?? {}).filter((entry) => String(entry.manager).startsWith('pulumi'));
    expect(ours.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual([
      'pulumi-kubernetes-0badcafe Apply',
    ]);
    await kube.provider.delete(context(type), state, write);
  });
});

describe.each(catalog.map((product) => product.id))('all objects of a tenant of %s', (product) => {
  test('written by the stand-in: the official provider finds no difference', async () => {
    for (const [type, program] of objectsOf(product, 's')) {
      const { id, properties } = await kube.provider.create(context(type), program, write);
      expect(officialDifference(properties, program)).toEqual([]);
      const read = await kube.provider.read(context(type), { id, properties, inputs: program });
      expect(read?.inputs).toEqual(program);
      expect(officialDifference(read?.properties ?? {}, program)).toEqual([]);
    }
  });

  test('written by the official provider: the stand-in finds no difference', async () => {
    for (const [type, program] of objectsOf(product, 'o')) {
      const state = await officialState(type, program);
      const plan = await kube.provider.diff(context(type), { old: state.properties, inputs: program });
      expect(plan.changes).toEqual([]);
      const read = await kube.provider.read(context(type), { ...state, inputs: program });
      const old = read?.properties ?? {};
      expect((await kube.provider.diff(context(type), { old, inputs: program })).changes).toEqual([]);
    }
  });
});

/** The objects of the plan that has most of them, in an order in which they can be created. */
function objectsOf(product: ProductId, side: string): readonly [type: string, program: JsonObject][] {
  const plans = everyPlan.filter(([of]) => of === product).map(([, plan]) => plan);
  const listed = plans.map((plan) => {
    const tenantId = `swi${side}${product.slice(0, 4)}`;
    const tenant = tenantOf(product, plan, { tenantId, slug: `switchover-${side}` });
    const { namespace: first, foundation, quota, workload } = tenantObjects(tenant);
    return [first, ...foundation, quota, ...(workload ? [workload] : [])];
  });
  const most = listed.reduce((left, right) => (right.length > left.length ? right : left));
  return most.map((manifest) => [
    `kubernetes:${manifest.apiVersion}:${manifest.kind}`,
    JSON.parse(JSON.stringify(manifest)) as JsonObject,
  ]);
}

/** State as the official provider leaves it: created with manager `pulumi-kubernetes`, operation Update. */
async function officialState(
  type: string,
  inputs: JsonObject,
): Promise<{ id: string; properties: PropertyMap }> {
  const kind = kindOfToken(type) ?? { apiVersion: '', kind: '' };
  let live: JsonObject = await kube.apply(withData(inputs), 'pulumi-kubernetes');
  const ref = await kube.cluster.ref(kind, namespaceOf(inputs), nameOf(inputs));
  // Controllers write the status meanwhile.
  for (let changed = false; !changed; ) {
    const entries = managedFields(live).map((entry) =>
      entry.manager === 'pulumi-kubernetes' ? { ...entry, operation: 'Update' } : entry,
    );
    const version = String((live.metadata as JsonObject).resourceVersion);
    try {
      live = await kube.cluster.setManagedFields(ref, entries, version, signal);
      changed = true;
    } catch (error) {
      if (!isStatus(error, 409, 422)) throw error;
      live = (await kube.cluster.get(ref, signal)) ?? live;
    }
  }
  return {
    id: objectId(ref.namespace, ref.name),
    properties: {
      ...(live as PropertyMap),
      __inputs: inputs as PropertyMap,
      __initialApiVersion: kind.apiVersion,
      __fieldManager: 'pulumi-kubernetes-0badcafe',
    },
  };
}

/** The official provider's plan: the live object of the state, cut to the shape of the old inputs, against the new. */
function officialDifference(state: PropertyMap, inputs: JsonObject): string[] {
  const { __inputs, ...live } = revealMap(state) as JsonObject;
  const pruned = prune(live, withData(__inputs as JsonObject));
  return isDeepStrictEqual(pruned, inputs) ? [] : [JSON.stringify({ pruned, inputs })];
}

function prune(live: Json | undefined, shape: Json): Json {
  if (isObject(live) && isObject(shape)) {
    return Object.fromEntries(
      Object.entries(shape)
        .filter(([key]) => key in live)
        .map(([key, value]) => [key, prune(live[key], value)]),
    );
  }
  if (isList(live) && isList(shape)) return live.map((item, index) => prune(item, shape[index] ?? null));
  return live ?? null;
}
