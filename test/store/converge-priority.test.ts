import { afterAll, beforeAll, expect, test } from 'vitest';
import { ringTenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { activeColumns, addTenant, type TenantRow } from '../support/tenant-rows.ts';

/** Whose doorbell is answered first. */

let control: ControlDatabase;
beforeAll(async () => {
  control = await controlDatabase();
});
afterAll(() => control?.drop());

const active = activeColumns('somewhere');
const owner = { desired_spec: { owner: 'ada' }, observed_spec: { owner: 'ada' } };
const longAgo = new Date(Date.now() - 15 * 60_000);

/** From first to last; those of one line wait for each other as they came. */
const order: readonly Readonly<Record<string, TenantRow['set']>>[] = [
  {
    'a new tenant': {},
    'a tenant that comes back': { ...active, ...owner, observed_state: 'suspended', desired_generation: 2 },
    'a slot that was bought': {
      ...active,
      desired_spec: { owner: 'ada' },
      observed_spec: { owner: null },
      desired_generation: 2,
    },
    'an end that has waited': {
      ...active,
      ...owner,
      desired_state: 'deleted',
      desired_generation: 2,
      updated_at: longAgo,
    },
  },
  {
    'a change of plan': { ...active, ...owner, desired_generation: 2 },
    'a suspension': { ...active, ...owner, desired_state: 'suspended', desired_generation: 2 },
  },
  { 'an end': { ...active, ...owner, desired_state: 'deleted', desired_generation: 2 } },
  { 'a slot': { slot: true } },
  { 'a look': { ...active, ...owner } },
];

test('customers who wait go before changes, these before ends, slots and looks', async () => {
  const { database } = control;
  const names = new Map<string, string>();
  // Rung in the reverse order, which alone would be the order of a queue.
  for (const line of order.toReversed())
    for (const [name, set] of Object.entries(line)) {
      const tenant = await addTenant(database, { set: set ?? {} });
      names.set(tenant.id, name);
      await ringTenant(database, tenant);
    }
  const { rows } = await database.query<{ key: string; priority: number }>(
    `select key, priority from graphile_worker.jobs where task_identifier = 'converge-tenant:local' order by priority, id`,
  );
  const lines: string[][] = [];
  let last: number | undefined;
  for (const { key, priority } of rows) {
    if (priority !== last) lines.push([]);
    last = priority;
    lines.at(-1)?.push(names.get(key.replace('converge-tenant:', '')) ?? key);
  }
  expect(lines).toEqual(order.map((line) => Object.keys(line)));
});
