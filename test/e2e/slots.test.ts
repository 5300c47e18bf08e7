import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryView } from '../../api/contract/tenant.ts';
import { isSettled, subscribe, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({ variables: { TENANTRY_SLOTS_PER_PRODUCT: '1' } });
});
afterAll(() => tenantry?.stop());

async function readySlots(product: string): Promise<number> {
  const { rows } = await tenantry.database.query<{ count: number }>(
    `select count(*) from tenantry.tenant where slot and product = $1 and phase = 'active'`,
    [product],
  );
  return rows[0]?.count ?? 0;
}

async function timelineOf(id: string): Promise<EntryView[]> {
  return ((await tenantry.request('GET', `/v1/tenants/${id}/timeline`)).body as { entries: EntryView[] })
    .entries;
}

test('a payment takes over a slot, which is active from then on, and the pool is filled again', async () => {
  await until(async () => (await readySlots('browsers')) === 1, { what: 'a slot' });
  const { tenant, token } = await subscribe(tenantry, 'slot@example.com', {
    product: 'browsers',
    plan: 'professional',
  });
  const kinds = (await timelineOf(tenant.id)).map(({ kind }) => kind);
  expect(kinds).toContain('tenant.claimed');
  expect(tenant.owner).not.toBeNull();
  // Sold on the plan it was prepared with, it differs in nothing that the cluster knows: no engine ran again.
  expect(kinds.filter((kind) => kind === 'operation.started')).toHaveLength(1);
  const granted = async () =>
    (await tenantry.request('GET', `/v1/tenants/${tenant.id}/access`, { token })).status === 200;
  await until(granted, { what: 'access' });
  await until(async () => (await readySlots('browsers')) === 1, { what: 'another slot' });
});

test('a slot sold on another plan is brought to it: limits, and a database of its own', async () => {
  await until(async () => (await readySlots('agents')) === 1, { what: 'a slot' });
  const { tenant } = await subscribe(tenantry, 'big@example.com', { product: 'agents', plan: 'enterprise' });
  expect((await timelineOf(tenant.id)).map(({ kind }) => kind)).toContain('tenant.claimed');
  expect(tenant.observed.plan).toBe('enterprise');
  expect(tenant.outputs?.database?.name).toBe(`tenant_${tenant.id}`);
  await tenantry.stripeClient.subscriptions.cancel(tenant.subscription?.id ?? '');
  await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
  expect(await remainsOf(tenantry, tenant)).toEqual([]);
});
