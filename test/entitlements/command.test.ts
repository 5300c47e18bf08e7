/** `tenantry entitlements` against the service. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, homeOf } from '../cli/command.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let home: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
  await addTenant(service.database, { id: 'adainbo1', product: 'inbox', plan: 'starter' });
  const body = { key: 'a', meter: 'inbox_emails', amount: 120, costMicros: 2_500_000 };
  await service.request('POST', '/v1/tenants/adainbo1/check', { body });
});
afterAll(() => service?.stop());

test('what a tenant may do is shown with what is left of it', async () => {
  const { exitCode, stdout } = await command(home, ['entitlements', 'adainbo1']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/plan +inbox\/starter\n *state +active\n/);
  expect(stdout).toMatch(/API budget +\$0\.00 of \$20\.00, \$2\.50 held/);
  expect(stdout).toMatch(/emailsPerMonth +500 +0 +120 +380 +\d{4}-\d\d-01 00:00:00 UTC/);
  expect(stdout).toMatch(/projects +2 +- +- +- +-/);
});

test('as JSON it is the answer of the service', async () => {
  const shown = await command(home, ['entitlements', 'adainbo1', '--json']);
  const { body } = await service.request('GET', '/v1/tenants/adainbo1/entitlements');
  expect(shown.json()).toEqual(body);
});

test('of no tenant there is nothing to show', async () => {
  expect((await command(home, ['entitlements', 'zzzzzzz1'])).exitCode).toBe(5);
});
