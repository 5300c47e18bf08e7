import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryView, TenantView } from '../../api/contract/tenant.ts';
import { priorityClassName } from '../../tenants/platform.ts';
import { isSettled, pay, subscribe, untilTenant, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

/** The end of tenants that hold it up, of those that wait for their name, and of what a suspended one runs. */

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({ variables: { TENANTRY_RETENTION_MS: '2000' } });
});
afterAll(() => tenantry?.stop());

async function timelineOf(id: string): Promise<EntryView[]> {
  return ((await tenantry.request('GET', `/v1/tenants/${id}/timeline`)).body as { entries: EntryView[] })
    .entries;
}

const stream = (slug: string) => ({ product: 'stream', plan: 'free', slug });
const finalizer = 'example.com/never';

/** Leaves in its namespace what a tenant's finalizer holds. */
async function hold({ namespace }: TenantView): Promise<void> {
  await tenantry.cluster.send({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/configmaps/held`,
    query: { fieldManager: 'kubectl' },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', finalizers: [finalizer] } },
  });
}

async function release({ namespace }: TenantView): Promise<void> {
  await tenantry.cluster.send({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/configmaps/held`,
    contentType: 'application/json-patch+json',
    body: [{ op: 'remove', path: '/metadata/finalizers' }],
  });
}

const cancel = ({ subscription }: TenantView) =>
  tenantry.stripeClient.subscriptions.cancel(subscription?.id ?? '');

const isLeftToTheCluster = ({ phase, reason }: TenantView) =>
  phase === 'deleting' && reason?.code === 'namespace_ending';

test('deletions that tenants hold up keep no runner from others, and end when the patience is over', async () => {
  // One more than there are runners.
  const held = await Promise.all(
    ['holds-a', 'holds-b', 'holds-c'].map((slug) => subscribe(tenantry, `${slug}@example.com`, stream(slug))),
  );
  for (const { tenant } of held) {
    await hold(tenant);
    await cancel(tenant);
  }
  for (const { tenant } of held) await untilTenantIs(tenantry, tenant.id, isLeftToTheCluster);
  await subscribe(tenantry, 'next@example.com', stream('next'));
  for (const { tenant } of held) expect(await phaseOf(tenant)).toBe('deleting');

  // As if they had held it up for long.
  await tenantry.database.query(
    `update tenantry.tenant set handed_over_at = handed_over_at - interval '1 day', next_try_at = now()
     where id = any($1)`,
    [held.map(({ tenant }) => tenant.id)],
  );
  for (const { tenant } of held) {
    await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
    expect(await remainsOf(tenantry, tenant)).toEqual([]);
    const entry = (await timelineOf(tenant.id)).find(({ kind }) => kind === 'tenant.finalizers-removed');
    expect(entry?.data).toEqual({ objects: [`configmaps/held: ${finalizer}`] });
  }
});

async function phaseOf({ id }: TenantView): Promise<TenantView['phase']> {
  return ((await tenantry.request('GET', `/v1/tenants/${id}`)).body as TenantView).phase;
}

test('whoever buys the name of a tenant that is being deleted, and cancels at once, leaves nothing', async () => {
  const { tenant: first } = await subscribe(tenantry, 'first@example.com', stream('wanted'));
  await hold(first);
  await cancel(first);
  await untilTenantIs(tenantry, first.id, isLeftToTheCluster);

  const { checkoutId } = await pay(tenantry, 'second@example.com', stream('wanted'));
  const second = await untilTenant(
    tenantry,
    `checkout=${checkoutId}`,
    ({ reason }) => reason?.code === 'name_being_freed',
  );
  expect(second.namespace).toBe(first.namespace);
  // Its data would be kept for a while, so it is to be suspended first: it waits for its turn in this, too.
  await cancel(second);
  await untilTenantIs(tenantry, second.id, isSettled('deleted'));
  expect(await phaseOf(first)).toBe('deleting');
  expect((await timelineOf(second.id)).map(({ kind }) => kind)).not.toContain('operation.failed');

  await release(first);
  await untilTenantIs(tenantry, first.id, isSettled('deleted'));
  for (const tenant of [first, second])
    await until(async () => (await remainsOf(tenantry, tenant)).length === 0, {
      what: `nothing of ${tenant.id}`,
    });
});

test('what the people of a tenant run themselves ends with its suspension, and the trail says so', async () => {
  const { tenant } = await subscribe(tenantry, 'runs-on@example.com', stream('runs-on'));
  const pods = `/api/v1/namespaces/${tenant.namespace}/pods`;
  await tenantry.cluster.send({
    method: 'PATCH',
    path: `${pods}/miner`,
    query: { fieldManager: 'kubectl' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'miner' },
      spec: {
        priorityClassName,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'miner',
            image: 'registry.example.com/miner:1',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  });
  await tenantry.stripeClient.subscriptions.pause(tenant.subscription?.id ?? '');
  await untilTenantIs(tenantry, tenant.id, isSettled('suspended'));
  await until(
    async () =>
      ((await tenantry.cluster.send({ method: 'GET', path: pods })).items as unknown[]).length === 0,
    { what: 'the end of all its pods' },
  );
  const entry = (await timelineOf(tenant.id)).find(({ kind }) => kind === 'tenant.pods-ended');
  expect(entry?.data).toEqual({ pods: ['miner'] });
});
