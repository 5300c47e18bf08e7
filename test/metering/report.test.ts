import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { monthTakes, prices } from '../../automation/metering/dimensions.ts';
import { type Reporting, type ReportResult, reportUsage } from '../../automation/metering/report.ts';
import { rollUpHours, rollUpUrgent } from '../../automation/metering/roll-up.ts';
import { makeStatement } from '../../automation/metering/statement.ts';
import { dayMs, dayOf, hourMs, hourOf, monthNamed, slotMs, slotOf } from '../../automation/metering/time.ts';
import { listUnreportedUsage, writeSamples, writeTold } from '../../automation/metering/usage.ts';
import { listOverreported } from '../../automation/metering/usage-reports.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { listDays, readUsed } from '../../automation/metering/usage-statement.ts';
import type { Database } from '../../automation/store/database.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { unrepeated } from '../local/stripe/call-sites.ts';
import {
  type ClientTee,
  type StripeMock,
  startStripeMock,
  teeToStripeMock,
} from '../local/stripe/conformance.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { addTenant } from '../support/tenant-rows.ts';

/** Reporting to the simulated Stripe, whose every request Stripe's own description must accept too. */

let account: Account;
let mock: StripeMock;
let tee: ClientTee;
let stripe: Stripe;
beforeAll(async () => {
  account = await startAccount();
  mock = await startStripeMock(inject('tools')['stripe-mock']);
  tee = teeToStripeMock(mock);
  stripe = tee.clientOf(account.simulator);
});
afterAll(async () => {
  await mock?.stop();
  await account?.stop();
});

beforeEach(async () => {
  const { database } = account;
  for (const table of ['sample', 'told', 'hour', 'day', 'report', 'stale_hour'])
    await database.query(`truncate tenantry.usage_${table}`);
  // Each test begins with a day of its own, so that Stripe has nothing of it yet.
  const today = dayOf(account.now());
  await account.simulator.advanceClock({ to: new Date(`${today}T00:00:00Z`).getTime() / 1000 + 86_400 });
  await ensureUsagePartitions(database, new Date(account.now().getTime() - 2 * dayMs), later(40 * dayMs));
});

const later = (ms: number) => new Date(account.now().getTime() + ms);
const advance = (ms: number) => account.simulator.advanceClock({ seconds: ms / 1000 });

let customers = 0;
/** A customer who pays for a team with metered use, and its tenant. */
async function paying(): Promise<{ tenant: Tenant; customer: string; subscription: Stripe.Subscription }> {
  const { database } = account;
  const customer = await stripe.customers.create({ email: `${++customers}@example.com` });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const [plan] = (await stripe.prices.list({ lookup_keys: ['tenantry:stream:professional'] })).data;
  const metered = await stripe.prices.list({
    lookup_keys: ['stream_vcpu_hours', 'stream_memory_gb_hours', 'stream_storage_gb_months'].map(
      (id) => `tenantry-meter:stream:${id}`,
    ),
  });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    default_payment_method: method.id,
    items: [{ price: plan?.id ?? '', quantity: 3 }, ...metered.data.map(({ id }) => ({ price: id }))],
  });
  const tenant = await addTenant(database, {
    product: 'stream',
    plan: 'professional',
    slug: `team-${customers}`,
    subscriptionId: subscription.id,
    set: { phase: 'active' },
  });
  await database.query(
    `update tenantry.subscription set status = 'active', customer_id = $2, product = 'stream', plan = 'professional',
       seats = 3, current_period_end = to_timestamp($3) where id = $1`,
    [subscription.id, customer.id, subscription.items.data[0]?.current_period_end],
  );
  return { tenant, customer: customer.id, subscription };
}

/** Samples a tenant for an hour from now, and lets that hour go by. */
async function use({ id }: Tenant, cpuMillis: number, memoryKb = 0, storageMb = 0): Promise<void> {
  const { database, now } = account;
  const begin = hourOf(now()).getTime();
  for (let slot = begin; slot < begin + hourMs; slot += slotMs)
    await writeSamples(database, new Date(slot), [{ tenantId: id, cpuMillis, memoryKb, storageMb }]);
  await advance(hourMs);
  await rollUpHours(database, now());
}

function reporting(change: Partial<Reporting> = {}): Reporting {
  const { database, now } = account;
  return { database, stripe, now, onError: () => {}, ...change };
}
const report = (change: Partial<Reporting> = {}): Promise<ReportResult> => reportUsage(reporting(change));

/** What a meter has counted of a customer since the account began. */
async function counted(customer: string, dimension: string): Promise<number> {
  const meters = await stripe.billing.meters.list({ status: 'active', limit: 100 });
  const meter = meters.data.find(({ event_name }) => event_name === dimension);
  const { data } = await stripe.billing.meters.listEventSummaries(meter?.id ?? '', {
    customer,
    start_time: 0,
    end_time: Math.floor(later(dayMs).getTime() / 60_000) * 60,
  });
  return data[0]?.aggregated_value ?? 0;
}

/** A database that loses one transaction, as when the process is killed before its commit. */
function losing(nth: number): Database {
  let left = nth;
  const { database } = account;
  return {
    ...database,
    transaction: (work) => {
      left -= 1;
      if (left === 0) return Promise.reject(new Error('killed'));
      return database.transaction(work);
    },
  };
}

test('a day is told once, an hour after its end, and the invoice charges what the statement says', async () => {
  const { tenant, customer, subscription } = await paying();
  await use(tenant, 1_234, 7_654_321, 123_456);
  await advance(20 * hourMs);
  expect(await report()).toEqual({ sent: 0, cancelled: 0, failed: 0 });
  await advance(3.5 * hourMs);
  expect(await report()).toEqual({ sent: 0, cancelled: 0, failed: 0 });
  await advance(hourMs);
  const together = await Promise.all([report(), report(), report()]);
  expect(together.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
  expect(await report()).toEqual({ sent: 0, cancelled: 0, failed: 0 });
  expect(await listUnreportedUsage(account.database, { olderThan: account.now(), limit: 5 })).toEqual([]);
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(1.234);

  for (let day = 0; day < 3; day += 1) {
    await use(tenant, 999, 1_111_111, 777_777);
    await advance(23 * hourMs);
  }
  await advance(2 * hourMs);
  await report();
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  const before = account.now();
  await account.simulator.advanceClock({ to: end + 7200 });
  const [renewal] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
  const days = await listDays(account.database, tenant.id, {
    firstDay: dayOf(new Date(before.getTime() - 40 * dayMs)),
    nextFirstDay: dayOf(later(dayMs)),
  });
  const used = [...Map.groupBy(days, ({ dimension }) => dimension)].map(([dimension, rows]) => ({
    dimension,
    microUnits: rows.reduce((sum, { microUnits }) => sum + microUnits, 0),
  }));
  const statement = makeStatement(monthNamed(dayOf(before)), [], used);
  const charged = statement.lines.filter(({ unitPriceMicros }) => unitPriceMicros !== null);
  expect(charged.map(({ amountCents }) => amountCents)).toHaveLength(3);
  expect(
    renewal?.lines.data
      .filter(({ description }) => description?.includes('cents each'))
      .map(({ amount }) => amount)
      .sort(),
  ).toEqual(charged.map(({ amountCents }) => amountCents).sort());
});

test('a crash at any point loses nothing and doubles nothing', async () => {
  const { tenant, customer } = await paying();
  await use(tenant, 2_000);
  await advance(24.5 * hourMs);
  // Killed after the event was sent, before that was recorded.
  const { failed } = await report({ database: losing(1) });
  expect(failed).toBe(1);
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(2);
  expect(await listUnreportedUsage(account.database, { olderThan: account.now(), limit: 5 })).toHaveLength(1);
  expect(await report()).toEqual({ sent: 1, cancelled: 0, failed: 0 });
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(2);
  expect(await listUnreportedUsage(account.database, { olderThan: account.now(), limit: 5 })).toEqual([]);
});

test('an event of unknown fate is looked up once Stripe knows its identifier no more', async () => {
  const arrived = await paying();
  const lost = await paying();
  await use(arrived.tenant, 1_000);
  await use(lost.tenant, 3_000);
  await advance(23.5 * hourMs);
  const sendingTo = (customers: readonly string[], sends: string[]) =>
    new Proxy(stripe, {
      get: (target, key) =>
        key !== 'billing'
          ? Reflect.get(target, key)
          : {
              meters: stripe.billing.meters,
              meterEvents: {
                create: (params: Stripe.Billing.MeterEventCreateParams) => {
                  const to = params.payload.stripe_customer_id ?? '';
                  sends.push(to);
                  if (!customers.includes(to)) return Promise.reject(new Error('the network is down'));
                  return stripe.billing.meterEvents.create(params);
                },
              },
            },
    });
  await report({ database: losing(1), stripe: sendingTo([arrived.customer], []) });
  await advance(25 * hourMs);
  const sends: string[] = [];
  await report({ stripe: sendingTo([arrived.customer, lost.customer], sends) });
  expect(sends).toEqual([lost.customer]);
  expect(await counted(arrived.customer, 'stream_vcpu_hours')).toBe(1);
  expect(await counted(lost.customer, 'stream_vcpu_hours')).toBe(3);
});

test('what comes late is told as another event', async () => {
  const { tenant, customer } = await paying();
  const slot = slotOf(account.now());
  await use(tenant, 1_000);
  await advance(24.5 * hourMs);
  await report();
  await writeSamples(account.database, slot, [
    { tenantId: tenant.id, cpuMillis: 13_000, memoryKb: 0, storageMb: 0 },
  ]);
  await rollUpHours(account.database, account.now());
  expect(await report()).toEqual({ sent: 1, cancelled: 0, failed: 0 });
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(2);
});

test('what was told too much is cancelled within a day, and for a person to see to after it', async () => {
  const { tenant, customer } = await paying();
  const { database } = account;
  const slot = slotOf(account.now());
  const recordings = async (gigabytes: number) => {
    const told = { dimension: 'stream_recording_gb', slot, microUnits: gigabytes * 1e6 };
    await writeTold(database, tenant.id, [told], { replace: true });
    await rollUpHours(database, account.now());
    const month = monthNamed(dayOf(slot));
    const used = await readUsed(database, tenant.id, month, monthTakes());
    return (used.find(({ dimension }) => dimension === 'stream_storage_gb_months')?.microUnits ?? 0) / 1e6;
  };
  await advance(hourMs);
  const first = await recordings(900);
  await advance(24.5 * hourMs);
  await report();
  expect(await counted(customer, 'stream_storage_gb_months')).toBe(first);
  await advance(10 * hourMs);
  const corrected = await recordings(500);
  expect(corrected).toBeLessThan(first);
  expect(await report()).toEqual({ sent: 1, cancelled: 1, failed: 0 });
  expect(await counted(customer, 'stream_storage_gb_months')).toBe(corrected);
  expect(await listOverreported(database, 5)).toEqual([]);
  await advance(25 * hourMs);
  const tooLate = await recordings(100);
  expect(await report()).toEqual({ sent: 0, cancelled: 0, failed: 0 });
  expect(await counted(customer, 'stream_storage_gb_months')).toBe(corrected);
  expect(await listOverreported(database, 5)).toMatchObject([
    { tenantId: tenant.id, microUnits: Math.round(tooLate * 1e6), reported: Math.round(corrected * 1e6) },
  ]);
});

test('the last use of a paid period is told before it ends, and is on its invoice', async () => {
  const { tenant, customer, subscription } = await paying();
  const { database, now } = account;
  const periodEnd = subscription.items.data[0]?.current_period_end ?? 0;
  await account.simulator.advanceClock({ to: periodEnd - 600 });
  await ensureUsagePartitions(database, now(), later(dayMs));
  await writeSamples(database, slotOf(now()), [
    { tenantId: tenant.id, cpuMillis: 24_000, memoryKb: 0, storageMb: 0 },
  ]);
  await rollUpUrgent(database, now());
  expect(await report()).toEqual({ sent: 1, cancelled: 0, failed: 0 });
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(2);
  await account.simulator.advanceClock({ to: periodEnd + 7200 });
  const [renewal] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
  expect(renewal?.lines.data.map(({ amount }) => amount)).toContain(10);
});

test('Stripe away, a customer that is none, and nobody who pays: the rest is told, and these wait', async () => {
  const { tenant, customer } = await paying();
  const other = await paying();
  const { database } = account;
  await use(tenant, 1_000);
  await use(other.tenant, 1_000);
  await database.query('update tenantry.subscription set customer_id = null where id = $1', [
    other.subscription.id,
  ]);
  await database.query(
    `update tenantry.tenant set desired_spec = jsonb_set(desired_spec, '{billingAccount}', 'null') where id = $1`,
    [other.tenant.id],
  );
  await advance(24.5 * hourMs);
  const away = new Stripe('sk_test_away', {
    host: '127.0.0.1',
    port: 9,
    protocol: 'http',
    maxNetworkRetries: 0,
  });
  const errors: unknown[] = [];
  expect(await report({ stripe: away, onError: (error) => errors.push(error) })).toMatchObject({
    sent: 0,
    failed: 1,
  });
  expect(errors).toHaveLength(1);
  expect(await report()).toEqual({ sent: 1, cancelled: 0, failed: 0 });
  expect(await counted(customer, 'stream_vcpu_hours')).toBe(1);
  expect(await listUnreportedUsage(database, { olderThan: account.now(), limit: 5 })).toMatchObject([
    { tenantId: other.tenant.id, quantity: 1_000_000 },
  ]);
});

test("everything that was sent is what Stripe's own description takes", async () => {
  expect(prices().size).toBe(3);
  expect(await unrepeated('test/metering/report.test.ts', tee)).toEqual([]);
  expect(await tee.problems()).toEqual([]);
});
