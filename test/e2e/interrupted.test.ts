import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import { isSettled, pay, untilTenant, untilTenantIs } from '../support/customer.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

let tenantry: Tenantry;
beforeAll(async () => {
  // So long that nobody takes over by the lease's end before the test has looked.
  tenantry = await startTenantry({ variables: { TENANTRY_LEASE_TTL_MS: '20000' } });
});
afterAll(() => tenantry?.stop());

test('a worker that dies in mid-operation is told at once, long before another takes over', async () => {
  const { checkoutId } = await pay(tenantry, 'cut@example.com', {
    product: 'stream',
    plan: 'business',
    slug: 'cut-short',
  });
  const { id } = await untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
  const begun = async () =>
    (
      await tenantry.database.query('select from tenantry.tenant where id = $1 and begun_spec is not null', [
        id,
      ])
    ).rowCount === 1;
  await until(begun, { intervalMs: 2, what: 'an operation' });
  const show = async (token?: string) =>
    (await tenantry.request('GET', `/v1/tenants/${id}`, token ? { token } : {})).body as TenantView;
  expect((await show()).reason).toBeNull();
  await tenantry.programs.workers[0]?.kill();

  const told = await until(async () => {
    const seen = await show();
    return seen.reason?.code === 'interrupted' && seen;
  });
  const { rowCount: held } = await tenantry.database.query(
    'select from tenantry.lease where tenant_id = $1 and expires_at > clock_timestamp()',
    [id],
  );
  expect(held).toBe(1);
  expect(told).toMatchObject({ phase: 'provisioning', cause: expect.stringMatching(/^Worker .* is gone/) });
  const own = await show(await tenantry.token('cut@example.com'));
  expect(own.reason?.message).toMatch(/cut short/);
  expect(own).not.toHaveProperty('cause');

  await tenantry.startWorker();
  const active = await untilTenantIs(tenantry, id, isSettled('active'));
  expect(active.reason).toBeNull();
  // What runs of it is told by the worker that took over.
  await untilTenantIs(tenantry, id, ({ health }) => health?.state === 'running');
});
