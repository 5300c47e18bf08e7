import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { observeBudgets } from '../../api/budget-metrics.ts';
import { ensureCell } from '../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { migrate } from '../../automation/store/migrate.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let fresh: FreshDatabase;
let database: Database;
const registry = new Registry();

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url);
  database = openDatabase(fresh.url, { maxConnections: 2 });
  await ensureCell(database, { id: 'local', region: 'local' });
  observeBudgets(registry, database);
});
afterAll(async () => {
  await database?.close();
  await fresh?.drop();
});

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
