import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  beginRecovery,
  countTenantsIn,
  endRecovery,
  findRecovery,
  listOpenRecoveries,
  moveTenants,
  recoveryProgress,
} from '../../automation/dr/recoveries.ts';
import { recoveryStatus } from '../../automation/dr/status.ts';
import { nextStep } from '../../automation/jobs/next-step.ts';
import { ensureCell } from '../../automation/store/cells.ts';
import type { Database } from '../../automation/store/database.ts';
import { addReservedStacks, countReservedStacks } from '../../automation/store/stacks.ts';
import { listDirtySubscriptions } from '../../automation/store/subscriptions.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 4 });
  database = control.database;
  await ensureCell(database, { id: 'west', region: 'us-west-2' });
});
afterAll(() => control?.drop());
beforeEach(() =>
  database.query(`delete from tenantry.lease; delete from tenantry.tenant; delete from tenantry.subscription_mark;
    delete from tenantry.subscription; delete from tenantry.recovery; delete from tenantry.reserved_stack;
    delete from graphile_worker._private_jobs`),
);

const standing = { fingerprint: { x: '1' }, drift_checked_at: new Date() };
async function standingTenant(subscriptionId: string, set: Record<string, unknown> = {}): Promise<Tenant> {
  const { id } = await addTenant(database, { subscriptionId });
  return addSettled(id, { ...activeColumns(id), ...standing, ...set });
}
async function addSettled(id: string, columns: Record<string, unknown>): Promise<Tenant> {
  for (const [column, value] of Object.entries(columns)) {
    const sent =
      value !== null && typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : value;
    await database.query(`update tenantry.tenant set ${column} = $2 where id = $1`, [id, sent]);
  }
  const tenant = await findTenant(database, id);
  if (!tenant) throw new Error('the tenant is not there');
  return tenant;
}
const begin = async () => {
  await addReservedStacks(database, 'local', { taken001: {} });
  const count = await database.transaction((client) => beginRecovery(client, 'local', 'r1'));
  const recovery = await findRecovery(database, 'local', 'r1');
  if (!recovery) throw new Error('no recovery');
  // Who knows what its state has, and whose.
  expect(await countReservedStacks(database, 'local')).toBe(0);
  return { count, recovery };
};

test('a recovery asks Stripe about everything, rings every tenant that is not deleted, and frees leases of the dead', async () => {
  const tenant = await standingTenant('sub_1', { permanent: true });
  await standingTenant('sub_2', { phase: 'deleted', desired_state: 'deleted' });
  await database.query(
    `insert into tenantry.lease (tenant_id, holder, fence, expires_at, host) values ($1, 'gone', 1, now() + interval '1 hour', 'x')`,
    [tenant.id],
  );
  const { count } = await begin();
  expect(count).toBe(1);
  expect((await listDirtySubscriptions(database, 10)).sort()).toEqual(['sub_1', 'sub_2']);
  const { rows } = await database.query<{ key: string }>(
    `select key from graphile_worker.jobs where task_identifier = 'converge-tenant:local'`,
  );
  expect(rows).toEqual([{ key: `converge-tenant:${tenant.id}` }]);
  expect((await database.query('select 1 from tenantry.lease')).rowCount).toBe(0);
});

test('tenants come back in the order of what their plans promise, and the state says whose time is running out', async () => {
  const plans = ['free', 'business', 'enterprise'];
  const ids: string[] = [];
  for (const plan of plans) {
    const { id } = await addTenant(database, { product: 'stream', plan, slug: `desk-${plan}` });
    ids.push((await addSettled(id, { ...activeColumns(id), ...standing })).id);
  }
  const slot = await addTenant(database, { owner: null, slot: true });
  const { recovery } = await begin();
  const { rows } = await database.query<{ key: string }>(
    `select key from graphile_worker.jobs where task_identifier = 'converge-tenant:local' order by priority`,
  );
  const [free, business, enterprise] = ids;
  expect(rows.map(({ key }) => key)).toEqual(
    [enterprise, business, free, slot.id].map((id) => `converge-tenant:${id}`),
  );
  const said = async (minutes: number) => {
    const [line] = await recoveryStatus({
      target: null,
      servers: () => {
        throw new Error('nobody asks');
      },
      traffic: { find: async () => null, hold: async () => {} },
      cluster: null,
      database,
      now: () => new Date(recovery.startedAt.getTime() + minutes * 60_000),
    });
    return line?.detail;
  };
  expect(await said(20)).toBe(
    'local r1: 0 of 4 tenants, 1 of stream enterprise to be back within 15 min: late by 5 min, 1 of stream business to be back within 60 min: 40 min are left',
  );
  await addSettled(enterprise ?? '', {
    drift_checked_at: new Date(Date.now() + 60_000),
    fingerprint: { x: '1' },
  });
  expect(await said(20)).toBe(
    'local r1: 1 of 4 tenants, 1 of stream business to be back within 60 min: 40 min are left',
  );
});

test('a tenant counts as recovered once somebody looked after the start and wrote what there is', async () => {
  const tenant = await standingTenant('sub_1');
  const failed = await standingTenant('sub_2');
  const { recovery } = await begin();
  expect(await recoveryProgress(database, recovery)).toEqual({ tenants: 2, recovered: 0, failed: [] });
  // A worker writes this when it finds the tenant changed, before it acts.
  await addSettled(tenant.id, { fingerprint: {}, drift_checked_at: new Date(Date.now() + 60_000) });
  expect(await recoveryProgress(database, recovery)).toMatchObject({ recovered: 0 });
  await addSettled(tenant.id, { fingerprint: null, drift_checked_at: new Date(Date.now() + 60_000) });
  await addSettled(failed.id, { permanent: true });
  expect(await recoveryProgress(database, recovery)).toEqual({
    tenants: 2,
    recovered: 1,
    failed: [failed.id],
  });
});

test('only one recovery of a cell is open at a time, and one that has ended is remembered', async () => {
  const { recovery } = await begin();
  await expect(database.transaction((client) => beginRecovery(client, 'local', 'r2'))).rejects.toThrow(
    /recovery_open/,
  );
  expect(await listOpenRecoveries(database)).toHaveLength(1);
  await endRecovery(database, recovery.id);
  expect(await listOpenRecoveries(database)).toEqual([]);
  expect((await findRecovery(database, 'local', 'r1'))?.endedAt).toBeInstanceOf(Date);
});

test('tenants of a lost cell become another’s, begin a stack there, and want an engine; the deleted stay', async () => {
  const tenant = await standingTenant('sub_1', { stack_settings: { secretsprovider: 'x' } });
  const deleted = await standingTenant('sub_2', { phase: 'deleted', desired_state: 'deleted' });
  await addReservedStacks(database, 'local', { abcdefg1: {} });
  const moved = await database.transaction((client) =>
    moveTenants(client, 'local', { id: 'west', region: 'us-west-2' }),
  );
  expect(moved).toBe(1);
  const now = await findTenant(database, tenant.id);
  expect(now).toMatchObject({
    cell: 'west',
    desiredSpec: { ...tenant.desiredSpec, cell: 'west', region: 'us-west-2' },
    stackSettings: null,
    unsettled: true,
  });
  expect(now && nextStep(now, new Date())).toMatchObject({ kind: 'operate', operation: 'up' });
  expect((await findTenant(database, deleted.id))?.cell).toBe('local');
  expect(await countTenantsIn(database, 'local')).toBe(0);
  expect(await countReservedStacks(database, 'local')).toBe(0);
});
