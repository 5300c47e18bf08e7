/** The commands of billing against the service. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InvoiceView, SubscriptionView } from '../../../api/contract/billing.ts';
import { command, homeOf, type Outcome } from '../../cli/command.ts';
import { type Service, startService } from '../../support/service.ts';
import { buy, synchronize } from './support.ts';

let service: Service;
let home: string;
let token: string;
let tenant: string;
let subscription: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
  token = await service.identity.token('ada', 'tenant', { email: 'ada@example.com', email_verified: true });
  const purchase = { product: 'stream', plan: 'professional', slug: 'ada-inc', seats: 2 };
  subscription = await buy(service, token, purchase);
  const { tenants } = (await service.request('GET', '/v1/tenants')).body as { tenants: { id: string }[] };
  tenant = tenants[0]?.id ?? '';
});
afterAll(() => service?.stop());

const ada = (...args: string[]): Promise<Outcome> => command(home, args, { token });
async function answer<T>(...args: string[]): Promise<T> {
  const outcome = await ada(...args, '--json');
  expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
  return outcome.json();
}

test('plan and seats say what a change costs, and make it', async () => {
  expect((await ada('plan', tenant)).stdout).toContain('stream professional');
  const preview = await ada('plan', tenant, 'business', '--preview');
  expect(preview.stdout).toMatch(/due now\s+\$140\.\d\d/);
  expect(preview.stdout).toMatch(/every period\s+\$198\.00/);
  expect(await answer<SubscriptionView>('plan', tenant)).toMatchObject({ plan: 'professional', seats: 2 });

  expect(await answer<SubscriptionView>('plan', tenant, 'business', '--seats', '3')).toMatchObject({
    plan: 'business',
    seats: 3,
    cost: { periodCents: 3 * 9900 },
  });
  const fewer = await ada('seats', tenant, '1');
  expect(fewer.stderr).toMatch(/credit on the next invoice\s+\$19[78]\.\d\d/);
  expect(await answer<SubscriptionView>('plan', tenant, '--seats', '1')).toMatchObject({ seats: 1 });
});

test('bad input is answered with the field', async () => {
  for (const [args, said] of [
    [['plan', tenant, 'gold'], 'plan: must be one of free, professional, business, enterprise'],
    [['plan', tenant, 'enterprise'], 'agreed by hand'],
    [['seats', tenant, '10001'], 'seats: must be at most 10000'],
    [['plan', tenant, 'free', '--seats', '3'], 'seats: must be 1 or left out'],
  ] as const) {
    const outcome = await ada(...args);
    expect([outcome.exitCode, outcome.stderr]).toEqual([2, expect.stringContaining(said)]);
  }
  for (const seats of ['0', '-1', '1.5', 'many'])
    expect((await ada('seats', tenant, '--', seats)).stderr).toContain(
      'It must be a whole number from 1 on.',
    );
  const eve = await service.identity.token('eve');
  for (const args of [
    ['plan', tenant],
    ['seats', tenant, '2'],
    ['reactivate', tenant],
    ['portal', tenant],
  ])
    expect((await command(home, args, { token: eve })).exitCode).toBe(5);
});

test('a cancellation at the end of the period is taken back', async () => {
  await answer('cancel', tenant);
  await synchronize(service, subscription);
  expect((await ada('plan', tenant)).stdout).toMatch(/^\s+ends /m);
  expect(await answer<SubscriptionView>('reactivate', tenant)).toMatchObject({ cancelAtPeriodEnd: false });
});

test('invoices are listed with where to read them, and paid', async () => {
  const { customer } = await service.stripe.subscriptions.retrieve(subscription);
  service.simulator.setCard(String(customer), { works: false });
  // The credit for the removed seats pays two renewals.
  await service.simulator.advanceClock({ seconds: 95 * 86_400 });
  const { invoices } = await answer<{ invoices: InvoiceView[] }>('invoices', tenant, '--status', 'open');
  expect(invoices).toHaveLength(1);
  const id = invoices[0]?.id ?? '';
  expect(await ada('invoices', '--pay', id)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('declined'),
  });
  service.simulator.setCard(String(customer), { works: true });
  const paid = await ada('invoices', '--pay', id);
  expect(paid.stdout).toMatch(new RegExp(`${id}\\s+\\S+\\s+paid .*/i/${id}`));
});

test('portal prints an address, organization who may do what', async () => {
  const { url } = await answer<{ url: string }>('portal', '--payment-method');
  expect((await fetch(url)).status).toBe(200);
  expect((await ada('portal', tenant)).stdout).toMatch(/^http:\S+\n$/);
  expect((await ada('organization')).stdout).toMatch(/ada@example\.com\s+admin\s+you alone/);
});
