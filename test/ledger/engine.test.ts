/** The brake on a whole Tenantry: real worker, engine, database and Kubernetes API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSettled, subscribe, untilTenantIs } from '../support/customer.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry();
});
afterAll(() => tenantry?.stop());

test('a tenant that has used its credits is paused by the engine, says why, and resumes with a top-up', async () => {
  const { tenant, token } = await subscribe(tenantry, 'ann@example.com', {
    product: 'browsers',
    plan: 'professional',
  });
  const credits = `/v1/tenants/${tenant.id}/credits`;
  expect((await tenantry.request('GET', credits, { token })).body).toMatchObject({
    balance: { available: 5000, held: 0 },
  });
  const spent = await tenantry.request('POST', `${credits}/captures`, {
    body: { cause: 'all', amount: 5000 },
  });
  expect(spent.status).toBe(201);
  const paused = await untilTenantIs(tenantry, tenant.id, isSettled('suspended'));
  expect(paused.reason?.code).toBe('credits_exhausted');
  const access = await tenantry.request('GET', `/v1/tenants/${tenant.id}/access`, { token });
  expect([access.status, access.body]).toMatchObject([402, { code: 'suspended' }]);

  await tenantry.request('POST', `${credits}/top-ups`, { body: { cause: 'more', amount: 1 } });
  await untilTenantIs(tenantry, tenant.id, isSettled('active'));
  const granted = async () =>
    (await tenantry.request('GET', `/v1/tenants/${tenant.id}/access`, { token })).status === 200;
  await until(granted, { what: 'access' });
});
