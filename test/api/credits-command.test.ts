/** `tenantry credits` against the service. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantCredits } from '../../automation/ledger/book.ts';
import { command, homeOf } from '../cli/command.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let home: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
  await addTenant(service.database, {
    id: 'adabrow1',
    owner: 'ada',
    product: 'browsers',
    plan: 'professional',
  });
  await addTenant(service.database, { id: 'adainbo1', owner: 'ada', product: 'inbox', plan: 'starter' });
  const spendBy = new Date('2026-12-01T00:00:00Z');
  await grantCredits(service.database, 'adabrow1', {
    cause: 'invoice:in_1',
    amount: 5000,
    adds: false,
    spendBy,
  });
});
afterAll(() => service?.stop());

test('credits are shown with what gave them and what moved them', async () => {
  const { exitCode, stdout } = await command(home, ['credits', 'adabrow1']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/available +5,000\n +held +0\n +brake +none/);
  expect(stdout).toMatch(/plan +5,000 +renewal, 2026-12-01 00:00:00 UTC +invoice:in_1/);
  expect(stdout).toMatch(/grant +5,000 +issued -> plan +grant:invoice:in_1/);
});

test('a top-up is added once by its cause', async () => {
  const topUp = ['credits', 'adabrow1', '--top-up', '250', '--cause', 'ticket-7', '--json'];
  for (let n = 0; n < 2; n += 1) {
    const outcome = await command(home, topUp);
    expect([outcome.exitCode, outcome.json()]).toMatchObject([0, { balance: { available: 5250 } }]);
  }
});

test('budgets are shown in dollars', async () => {
  const body = { callId: 'c', provider: 'p', costMicros: 16_500_000 };
  await service.request('POST', '/v1/tenants/adainbo1/api-costs', { body });
  const { stdout } = await command(home, ['credits', 'adainbo1']);
  expect(stdout).toMatch(/API budget, this month +\$16\.50 of \$20\.00/);
});

test.each([
  [['credits', 'zzzzzzz1'], 5],
  [['credits', 'no-tenant'], 5],
  [['credits', 'adabrow1', '--top-up', '-5'], 2],
  [['credits', 'adabrow1', '--top-up', '1.5'], 2],
  [['credits', 'adabrow1', '--top-up', '2000000000'], 2],
  [['credits', 'adainbo1', '--top-up', '5'], 1],
])('%o ends with %i', async (args, exitCode) => {
  expect((await command(home, args)).exitCode).toBe(exitCode);
});
