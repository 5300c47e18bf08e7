import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobContext } from '../../automation/jobs/context.ts';
import { refillSlots } from '../../automation/jobs/refill-slots.ts';
import type { Policy } from '../../automation/policy.ts';
import { type Cell, ensureCell } from '../../automation/store/cells.ts';
import type { Database } from '../../automation/store/database.ts';
import { addReservedStacks } from '../../automation/store/stacks.ts';
import { lockReadySlot } from '../../automation/store/tenants.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';

/* Which slots are asked for and given up; nobody makes them. */

const local = { id: 'local', region: 'local' };
const eu = { id: 'eu', region: 'eu-west-1' };
const slotsPerProduct = 2;
const products = catalog.filter(({ slotPlan }) => slotPlan !== null).map(({ id }) => id);

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 8 });
  database = control.database;
  await ensureCell(database, eu);
});
afterAll(() => control?.drop());
beforeEach(() => database.query(`update tenantry.tenant set phase = 'deleted', desired_state = 'deleted'`));

const context = (cell: Cell, policy: Partial<Policy> = {}): JobContext => ({
  ...jobContext({ database, stripe: null as never, policy: { slotsPerProduct, ...policy } }),
  cell,
});

interface Slot {
  readonly id: string;
  readonly cell: string;
  readonly product: string;
  readonly desired: string;
  readonly generation: number;
}

async function slots(cell: Cell): Promise<Slot[]> {
  const { rows } = await database.query<Slot>(
    `select id, cell, product, desired_state as desired, desired_generation as generation from tenantry.tenant
     where slot and cell = $1 and phase <> 'deleted' order by product, id`,
    [cell.id],
  );
  return rows;
}

const full = products.flatMap((product) => Array<string>(slotsPerProduct).fill(product)).sort();
const productsOf = (pool: readonly Slot[]) => pool.map(({ product }) => product).sort();

test('a pool is as large as the policy says, however many replicas fill it at once', async () => {
  const replicas = Array.from({ length: 6 }, () => context(local));
  await Promise.all(replicas.map((replica) => refillSlots(replica)));
  expect(productsOf(await slots(local))).toEqual(full);
  await database.query(
    `update tenantry.tenant set slot = false where id = (select id from tenantry.tenant
       where slot and phase <> 'deleted' limit 1)`,
  );
  await Promise.all(replicas.map((replica) => refillSlots(replica)));
  expect(productsOf(await slots(local))).toEqual(full);
});

test('each cell has a pool of its own, of stacks of its own, and hands out no other’s', async () => {
  await addReservedStacks(database, local.id, { localres: {} });
  await refillSlots(context(eu));
  expect(await slots(local)).toEqual([]);
  expect(productsOf(await slots(eu))).toEqual(full);
  expect((await slots(eu)).map(({ id }) => id)).not.toContain('localres');
  await refillSlots(context(local));
  expect((await slots(local)).map(({ id }) => id)).toContain('localres');
  expect(productsOf(await slots(eu))).toEqual(full);
  await database.query(
    `update tenantry.tenant set phase = 'active', observed_generation = desired_generation
     where slot and cell = 'eu' and phase <> 'deleted'`,
  );
  for (const product of products) {
    expect(await lockReadySlot(database, { product, cell: local.id })).toBeNull();
    expect(await lockReadySlot(database, { product, cell: eu.id })).not.toBeNull();
  }
});

test('slots that failed for good are deleted and replaced in time, and never more of them than the pool holds', async () => {
  const fail = () =>
    database.query(
      `update tenantry.tenant set phase = 'failed', permanent = true where slot and phase <> 'deleted'`,
    );
  await refillSlots(context(local));
  const made = await slots(local);
  await fail();
  for (let times = 0; times < 3; times += 1) await refillSlots(context(local));
  expect(await slots(local)).toEqual(made);

  const later = context(local, { failedSlotMs: 0 });
  const wanted = (generation: number) => made.map((slot) => ({ ...slot, desired: 'deleted', generation }));
  await refillSlots(later);
  expect(await slots(local)).toEqual(wanted(2));
  const { rows } = await database.query<{ key: string }>('select key from graphile_worker.jobs');
  expect(rows.map(({ key }) => key)).toEqual(
    expect.arrayContaining(made.map(({ id }) => `converge-tenant:${id}`)),
  );
  // Nor are those forgotten whose deletion fails.
  await fail();
  await refillSlots(context(local));
  expect(await slots(local)).toEqual(wanted(2));
  await refillSlots(later);
  expect(await slots(local)).toEqual(wanted(3));
  const { rowCount } = await database.query('select from tenantry.tenant where permanent and slot');
  expect(rowCount).toBe(0);

  await database.query(`update tenantry.tenant set phase = 'deleted' where slot`);
  await refillSlots(later);
  const replaced = await slots(local);
  expect(productsOf(replaced)).toEqual(full);
  expect(replaced.filter(({ id }) => made.some((slot) => slot.id === id))).toEqual([]);
});
