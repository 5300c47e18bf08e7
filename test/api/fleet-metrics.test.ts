import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { observeFleet } from '../../api/fleet-metrics.ts';
import type { Database } from '../../automation/store/database.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
const registry = new Registry();

beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 2 });
  database = control.database;
  observeFleet(registry, database);
});

afterAll(() => control?.drop());

interface Row {
  readonly id: string;
  readonly plan: string;
  readonly status?: string;
  readonly seats?: number;
  readonly attempts?: number;
  readonly endsInDays?: number;
}

async function addSubscription(row: Row): Promise<void> {
  const [product, plan] = row.plan.split(':');
  await database.query(
    `insert into tenantry.subscription (id, product, plan, status, seats, attempts, cancel_at_period_end, current_period_end)
     values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(days => $8))`,
    [
      row.id,
      product,
      plan,
      row.status ?? 'active',
      row.seats ?? 1,
      row.attempts ?? 0,
      row.endsInDays !== undefined,
      row.endsInDays ?? 20,
    ],
  );
}

test('tells subscriptions, seats, endings, and who does not get on', async () => {
  await addSubscription({ id: 'sub_1', plan: 'workspace:byoc' });
  await addSubscription({ id: 'sub_2', plan: 'workspace:byoc', endsInDays: 2, attempts: 3 });
  await addSubscription({ id: 'sub_3', plan: 'workspace:byoc', status: 'canceled' });
  await addSubscription({ id: 'sub_4', plan: 'stream:business', seats: 7, status: 'past_due' });
  await addSubscription({ id: 'sub_5', plan: 'workspace:we-manage', endsInDays: 12 });
  const ending = await addTenant(database, { subscriptionId: 'sub_2', plan: 'byoc' });
  const later = await addTenant(database, { subscriptionId: 'sub_5', plan: 'we-manage' });
  await database.query(`update tenantry.tenant set observed_generation = desired_generation where id = $1`, [
    later.id,
  ]);
  await database.query('update tenantry.tenant set attempts = 4 where id = $1', [ending.id]);

  const text = await registry.metrics();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples.map((line) => line.replace(/(end_timestamp_seconds\{.*\}) .*/, '$1 …')).sort()).toEqual(
    [
      'tenantry_subscriptions{product="workspace",plan="byoc",status="active"} 2',
      'tenantry_subscriptions{product="workspace",plan="byoc",status="canceled"} 1',
      'tenantry_subscriptions{product="workspace",plan="we-manage",status="active"} 1',
      'tenantry_subscriptions{product="stream",plan="business",status="past_due"} 1',
      'tenantry_subscription_seats{product="workspace",plan="byoc"} 2',
      'tenantry_subscription_seats{product="workspace",plan="we-manage"} 1',
      'tenantry_subscription_seats{product="stream",plan="business"} 7',
      `tenantry_subscription_end_timestamp_seconds{tenant="${ending.id}",product="workspace",plan="byoc"} …`,
      `tenantry_tenant_unconverged_attempts{tenant="${ending.id}",product="workspace"} 4`,
      'tenantry_subscription_syncs_failing 1',
    ].sort(),
  );
  const at = Number(/end_timestamp_seconds\{.*\} (.*)/.exec(text)?.[1]);
  expect(at - Date.now() / 1000).toBeGreaterThan(86_400);
  expect(at - Date.now() / 1000).toBeLessThanOrEqual(2 * 86_400);
});

test('forgets what is no longer so', async () => {
  await database.query('update tenantry.tenant set observed_generation = desired_generation');
  await database.query('update tenantry.subscription set attempts = 0, cancel_at_period_end = false');
  const text = await registry.metrics();
  expect(text).not.toMatch(/^tenantry_tenant_unconverged_attempts\{/m);
  expect(text).not.toMatch(/^tenantry_subscription_end_timestamp_seconds\{/m);
  expect(text).toContain('tenantry_subscription_syncs_failing 0');
});

test('tells what runs of the tenants that are provisioned, and how long one does not', async () => {
  const add = async (state: string | null, set: object = {}) => {
    const { id } = await addTenant(database, {
      product: 'stream',
      plan: 'business',
      set: { phase: 'active', observed_state: 'active', ...set },
    });
    if (state !== null)
      await database.query(
        `insert into tenantry.tenant_health (tenant_id, state, wanted, ready, sizes, not_running_since)
         values ($1, $2, 1, 0, '[]', case when $2 = 'image' then now() - interval '20 min' end)`,
        [id, state],
      );
  };
  await add('running');
  await add('running');
  await add('image');
  await add('image', { observed_state: null });
  const of = (state: string) => `product="stream",plan="business",cell="local",health="${state}"`;
  expect(await registry.metrics()).toContain(`tenantry_tenant_health{${of('unknown')}} 3`);
  expect(await registry.metrics()).not.toContain('tenantry_tenant_not_running_seconds{');
  await database.query(`insert into tenantry.cell_watch values ('local', now())`);
  const text = await registry.metrics();
  expect(text).toContain(`tenantry_tenant_health{${of('running')}} 2`);
  expect(text).toContain(`tenantry_tenant_health{${of('image')}} 1`);
  const [, seconds] = text.match(/tenantry_tenant_not_running_seconds\{[^}]*health="image"\} ([\d.]+)/) ?? [];
  expect(Number(seconds)).toBeGreaterThan(1199);
});
