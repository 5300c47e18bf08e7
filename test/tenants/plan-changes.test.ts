import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../tenants/catalog/index.ts';
import type { Plan, Product } from '../../tenants/catalog/types.ts';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { platformManifests } from '../../tenants/platform.ts';
import type { Tenant } from '../../tenants/tenant.ts';
import { until } from '../support/wait.ts';
import { apply, kubectl, removeNamespaces } from './cluster.ts';
import { freshTenantId, manifestsOf, tenantOf } from './specs.ts';

/**
 * Every change from a plan of a product to another, on the real controllers, until the pods run as the new plan says. The
 * quota applies before the pods are replaced, as when a tenant converges.
 */

const namespaces: string[] = [];
beforeAll(async () => {
  expect(await apply(platformManifests())).toMatchObject({ ok: true });
});
afterAll(() => removeNamespaces(namespaces));

/** A walk over the plans that takes every ordered pair of them once, from the first plan back to it. */
function everyChange(plans: readonly Plan[]): Plan[] {
  const left = plans.map((from) => plans.filter((to) => to !== from));
  const walk: Plan[] = [];
  const visit = (plan: Plan): void => {
    const next = left[plans.indexOf(plan)];
    for (let to = next?.shift(); to; to = next?.shift()) visit(to);
    walk.unshift(plan);
  };
  if (plans[0]) visit(plans[0]);
  return walk;
}

interface Pod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly resources: { readonly limits?: object } }[] };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { type: string; status: string }[];
  };
}

async function podsOf(namespace: string): Promise<Pod[]> {
  const { stdout } = await kubectl(['get', 'pods', '-n', namespace, '-o', 'json']);
  return (JSON.parse(stdout) as { items: Pod[] }).items;
}

function runs({ status, metadata }: Pod): boolean {
  const ready = status.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True');
  return status.phase === 'Running' && ready === true && metadata.deletionTimestamp === undefined;
}

/** Waits until the tenant runs at least so many pods, each of its plan's size, and none beside them. */
async function untilRuns(tenant: Tenant, atLeast: number): Promise<void> {
  const { workload } = tenantObjects(tenant);
  const size = workload?.spec?.template.spec?.containers[0]?.resources?.limits;
  await until(
    async () => {
      const pods = await podsOf(tenant.spec.namespace);
      if (!workload) return pods.length === 0;
      return (
        pods.length >= atLeast &&
        pods.every((pod) => runs(pod) && isDeepStrictEqual(pod.spec.containers[0]?.resources.limits, size))
      );
    },
    { what: `${tenant.product.id} on ${tenant.plan.id}`, timeoutMs: 60_000, intervalMs: 200 },
  );
}

/** What the engine does: applies what the plan has, and removes what only the earlier one had. */
async function change(from: readonly Manifest[], tenant: Tenant): Promise<Manifest[]> {
  const wanted = manifestsOf(tenant);
  const quota = wanted.filter(({ kind }) => kind === 'ResourceQuota');
  const rest = wanted.filter(({ kind }) => kind !== 'ResourceQuota');
  expect(await apply([...rest.filter(({ kind }) => kind !== 'Deployment'), ...quota])).toMatchObject({
    ok: true,
  });
  const workloads = rest.filter(({ kind }) => kind === 'Deployment');
  if (workloads.length > 0) expect(await apply(workloads)).toMatchObject({ ok: true });
  const names = new Set(wanted.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const gone = from.filter(({ kind, metadata }) => !names.has(`${kind}/${metadata.name}`));
  if (gone.length > 0) await kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], gone);
  return wanted;
}

const fewest = ({ compute, autoscaling }: Plan) => (compute === null ? 0 : autoscaling ? 3 : 1);

describe.concurrent('every change of plan reaches the pods', () => {
  test.for(catalog.map((product): [string, Product] => [product.id, product]))(
    '%s',
    { timeout: 600_000 },
    async ([, product]) => {
      const tenantId = freshTenantId();
      let standing: Manifest[] = [];
      const walk = everyChange(product.plans);
      expect(walk).toHaveLength(product.plans.length * (product.plans.length - 1) + 1);
      for (const plan of walk) {
        const tenant = tenantOf(product.id, plan.id, { tenantId, slug: `plans-${tenantId}` });
        if (standing.length === 0) namespaces.push(tenant.spec.namespace);
        // A volume never shrinks, whatever the plan.
        const volumeBytes = Math.max(...product.plans.map((each) => each.volumeBytes ?? 0)) || null;
        standing = await change(standing, { ...tenant, spec: { ...tenant.spec, volumeBytes } });
        // As many as an autoscaler under load would run.
        if (plan.autoscaling)
          await kubectl([
            'scale',
            `deployment/${product.id}`,
            '-n',
            tenant.spec.namespace,
            `--replicas=${plan.autoscaling.maxReplicas}`,
          ]);
        await untilRuns(tenant, fewest(plan));
      }
    },
  );
});

test('a plan that a warm slot is sold on reaches the pod that runs already', async () => {
  const tenantId = freshTenantId();
  const slot = tenantOf('agents', 'pro', {
    tenantId,
    owner: null,
    billingAccount: null,
    slug: `slot-${tenantId}`,
  });
  namespaces.push(slot.spec.namespace);
  const standing = await change([], slot);
  await untilRuns(slot, 1);
  const sold = tenantOf('agents', 'free', { tenantId, slug: `slot-${tenantId}` });
  await change(standing, sold);
  await untilRuns(sold, 1);
});

test('a suspended tenant runs nothing, whoever scales it, and all comes back when it is resumed', async () => {
  const tenant = tenantOf('agents', 'pro', { tenantId: freshTenantId() });
  const { namespace } = tenant.spec;
  namespaces.push(namespace);
  const standing = await change([], tenant);
  await untilRuns(tenant, 1);
  await change(standing, { ...tenant, spec: { ...tenant.spec, state: 'suspended' } });
  await until(async () => (await podsOf(namespace)).length === 0, { what: 'no pod' });
  await kubectl(['scale', 'deployment/agents', '-n', namespace, '--replicas=2']);
  await until(
    async () => {
      const events = await kubectl(['get', 'events', '-n', namespace, '-o', 'json']);
      return /exceeded quota: plan, requested: [^,]*pods=1, used: pods=0, limited: pods=0/.test(
        events.stdout,
      );
    },
    { what: 'the refusal of a pod' },
  );
  expect(await podsOf(namespace)).toEqual([]);
  await change([], tenant);
  await untilRuns(tenant, 1);
});
