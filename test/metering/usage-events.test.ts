import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { termsOf } from '../../automation/metering/dimensions.ts';
import { dayOf, hourMs, monthNamed, slotMs } from '../../automation/metering/time.ts';
import { writeTold } from '../../automation/metering/usage.ts';
import { readToldOfMonth, type UsageEvent, writeEvents } from '../../automation/metering/usage-events.ts';
import { ensureUsagePartitions, forgetUsage, rollUpDay } from '../../automation/metering/usage-roll-up.ts';
import type { Database } from '../../automation/store/database.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 12 });
  database = control.database;
});
afterAll(() => control?.drop());

const start = new Date('2026-11-10T10:00:00.000Z');
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const month = '2026-11-01';

const eventOf = (tenantId: string, id: string, given: Partial<UsageEvent> = {}): UsageEvent => ({
  tenantId,
  source: 'app',
  id,
  dimension: 'agents_tasks_claude',
  at: start,
  microUnits: 1_000_000,
  isLevel: false,
  ...given,
});
const write = (...events: UsageEvent[]) => database.transaction((client) => writeEvents(client, events));
const tenantOf = async (product = 'agents', plan = 'pro') =>
  (await addTenant(database, { product: product as never, plan })).id;
async function dayOfTenant(tenantId: string, dimension: string): Promise<number | undefined> {
  const day = dayOf(start);
  await rollUpDay(database, day, termsOf(monthNamed(day)), [tenantId]);
  const { rows } = await database.query<{ micro_units: number }>(
    'select micro_units from tenantry.usage_day where tenant_id = $1 and dimension = $2',
    [tenantId, dimension],
  );
  return rows[0]?.micro_units;
}

describe('events of use', () => {
  test('are added up, each once however often it is sent', async () => {
    const tenant = await tenantOf();
    const events = [eventOf(tenant, 'a'), eventOf(tenant, 'b', { at: at(7), microUnits: 2_500_000 })];
    expect(await write(...events)).toEqual(['accepted', 'accepted']);
    expect(await write(...events, eventOf(tenant, 'c'))).toEqual(['repeated', 'repeated', 'accepted']);
    expect(await readToldOfMonth(database, tenant, month)).toEqual(
      new Map([['agents_tasks_claude', 4_500_000]]),
    );
    expect(await dayOfTenant(tenant, 'agents_tasks_claude')).toBe(4_500_000);
  });

  test('with the id of another event are refused, in one batch and in two', async () => {
    const tenant = await tenantOf();
    const other = eventOf(tenant, 'a', { microUnits: 2_000_000 });
    expect(await write(eventOf(tenant, 'a'), eventOf(tenant, 'a'), other)).toEqual([
      'accepted',
      'repeated',
      'conflict',
    ]);
    expect(await write(other)).toEqual(['conflict']);
    expect(await readToldOfMonth(database, tenant, month)).toEqual(
      new Map([['agents_tasks_claude', 1_000_000]]),
    );
  });

  test('have ids that are their source’s and their tenant’s own', async () => {
    const [tenant, other] = [await tenantOf(), await tenantOf()];
    expect(
      await write(eventOf(tenant, 'a'), eventOf(tenant, 'a', { source: 'b' }), eventOf(other, 'a')),
    ).toEqual(['accepted', 'accepted', 'accepted']);
  });

  test('that are sent by many at once count once, and none is lost', async () => {
    const tenant = await tenantOf();
    const ids = Array.from({ length: 40 }, (_, n) => String(n));
    const batches = Array.from({ length: 10 }, (_, n) => {
      const turned = [...ids.slice(n * 4), ...ids.slice(0, n * 4)];
      return turned.map((id) =>
        eventOf(tenant, id, {
          at: at((Number(id) * 13) % 600),
          dimension: Number(id) % 2 ? 'agents_tasks_codex' : 'agents_tasks_claude',
        }),
      );
    });
    const outcomes = await Promise.all(batches.map((batch) => write(...batch)));
    expect(outcomes.flat().filter((outcome) => outcome === 'accepted')).toHaveLength(40);
    expect(outcomes.flat().filter((outcome) => outcome === 'repeated')).toHaveLength(360);
    expect([...(await readToldOfMonth(database, tenant, month)).values()]).toEqual([20_000_000, 20_000_000]);
  });

  test('leave nothing behind when what they are written with fails', async () => {
    const tenant = await tenantOf();
    await expect(
      database.transaction(async (client) => {
        await writeEvents(client, [eventOf(tenant, 'a')]);
        throw new Error('the process goes away');
      }),
    ).rejects.toThrow('goes away');
    expect(await write(eventOf(tenant, 'a'))).toEqual(['accepted']);
    expect(await readToldOfMonth(database, tenant, month)).toEqual(
      new Map([['agents_tasks_claude', 1_000_000]]),
    );
  });

  test('count beside totals of the same five minutes, which may still be told again', async () => {
    const tenant = await tenantOf();
    await ensureUsagePartitions(database, start, at(60));
    const total = { dimension: 'agents_tasks_claude', slot: start, microUnits: 5_000_000 };
    await writeTold(database, tenant, [total]);
    await write(eventOf(tenant, 'a'), eventOf(tenant, 'b', { at: at(20) }));
    await writeTold(database, tenant, [total, { ...total, slot: at(5) }]);
    expect(await dayOfTenant(tenant, 'agents_tasks_claude')).toBe(12_000_000);
    await writeTold(database, tenant, [{ ...total, microUnits: 1_000_000 }], { replace: true });
    expect(await dayOfTenant(tenant, 'agents_tasks_claude')).toBe(8_000_000);
    expect(await readToldOfMonth(database, tenant, month)).toEqual(
      new Map([['agents_tasks_claude', 8_000_000]]),
    );
  });

  test('of what there is at once say the most of five minutes instead of adding up', async () => {
    const tenant = await tenantOf('stream', 'business');
    const active = (id: string, units: number, minutes = 0) =>
      eventOf(tenant, id, {
        dimension: 'stream_sessions_active',
        microUnits: units * 1_000_000,
        at: at(minutes),
        isLevel: true,
      });
    await write(active('a', 3), active('b', 7), active('c', 5));
    await write(active('d', 4), active('e', 2, slotMs / 60_000));
    expect(await dayOfTenant(tenant, 'stream_sessions_active')).toBe(7_000_000);
  });

  test('have their hour rolled up anew', async () => {
    await database.query('truncate tenantry.usage_stale_hour');
    const tenant = await tenantOf();
    await write(eventOf(tenant, 'a', { at: at(61) }));
    const { rows } = await database.query('select hour, marks from tenantry.usage_stale_hour');
    expect(rows).toEqual([{ hour: new Date(start.getTime() + hourMs), marks: 1 }]);
    await write(eventOf(tenant, 'a', { at: at(61) }));
    expect((await database.query('select marks from tenantry.usage_stale_hour')).rows).toEqual([
      { marks: 1 },
    ]);
  });

  test('are known for as long as events of their time are taken, and forgotten then', async () => {
    const tenant = await tenantOf();
    await write(eventOf(tenant, 'a'));
    const retention = { samples: 35, hours: 400, days: 1098 };
    const known = async (now: Date) => {
      await forgetUsage(database, now, retention);
      const { rowCount } = await database.query('select 1 from tenantry.usage_event where tenant_id = $1', [
        tenant,
      ]);
      return rowCount;
    };
    const days = (count: number) => new Date(start.getTime() + count * 24 * hourMs);
    expect(await known(days(35))).toBe(1);
    expect(await known(days(35.1))).toBe(0);
  });
});
