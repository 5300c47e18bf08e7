import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { observeBudgets } from '../../api/budget-metrics.ts';
import type { Database } from '../../automation/store/database.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
const registry = new Registry();

beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 2 });
  database = control.database;
  observeBudgets(registry, database);
});
afterAll(() => control?.drop());

const tell = (tenant: string, kind: string, from: string, percent: number) =>
  database.query(
    `insert into tenantry.budget_month (tenant_id, kind, month, alerted_percent)
     values ($1, $2, (date_trunc('month', now() at time zone 'utc') + $3::interval)::date, $4)`,
    [tenant, kind, from, percent],
  );
const reached = async () => (await registry.metrics()).match(/^tenantry_budget_reached\{.*$/gm);

test('tells each share of this month’s budget that a tenant has reached, and of no other month', async () => {
  const { id } = await addTenant(database, { product: 'inbox', plan: 'starter' });
  const quiet = await addTenant(database, { product: 'inbox', plan: 'starter' });
  await tell(id, 'api', '0', 80);
  await tell(id, 'spend', '-1 month', 100);
  await tell(quiet.id, 'api', '0', 0);
  const labels = `tenant="${id}",product="inbox",kind="api"`;
  expect(await reached()).toEqual(
    ['50', '80'].map((percent) => `tenantry_budget_reached{${labels},percent="${percent}"} 1`),
  );
  await database.query(`update tenantry.tenant set phase = 'deleted' where id = $1`, [id]);
  expect(await reached()).toBeNull();
});
