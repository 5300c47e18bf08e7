import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readBudgets, setBudget } from '../../automation/ledger/budget-rows.ts';
import { monthTakes, termsOf } from '../../automation/metering/dimensions.ts';
import type { NamespaceUse, Observation } from '../../automation/metering/observe.ts';
import { usageRetention } from '../../automation/metering/policy.ts';
import { rollUpHours, rollUpUrgent } from '../../automation/metering/roll-up.ts';
import { sampleCell } from '../../automation/metering/sample.ts';
import { makeStatement } from '../../automation/metering/statement.ts';
import { dayMs, hourMs, monthNamed, slotMs } from '../../automation/metering/time.ts';
import {
  cursorOf,
  listUnreportedUsage,
  type ToldSample,
  writeSamples,
  writeTold,
} from '../../automation/metering/usage.ts';
import { ensureUsagePartitions, forgetUsage } from '../../automation/metering/usage-roll-up.ts';
import {
  listGaps,
  listHours,
  listPlanDays,
  listSamples,
  listTopConsumers,
  listTotals,
  readMeteringState,
  readUsed,
} from '../../automation/metering/usage-statement.ts';
import { listAudit, listRecentAudit } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase();
  database = control.database;
});
afterAll(() => control?.drop());

const november = monthNamed('2026-11');
const start = new Date('2026-11-10T10:00:00.000Z');
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);

beforeEach(async () => {
  for (const table of [
    'round',
    'sample',
    'told',
    'hour',
    'day',
    'plan_day',
    'consumer_day',
    'report',
    'stale_hour',
    'alert',
  ])
    await database.query(`truncate tenantry.usage_${table}`);
  await database.query('delete from tenantry.budget_month');
  await database.query('delete from tenantry.budget');
  await database.query(`update tenantry.tenant set phase = 'deleted'`);
  await ensureUsagePartitions(database, at(-60), at(2 * 24 * 60));
});

let subscriptions = 0;
async function paying(options: { plan?: string; seats?: number } = {}): Promise<Tenant> {
  const subscriptionId = `sub_${++subscriptions}`;
  const plan = options.plan ?? 'business';
  const tenant = await addTenant(database, {
    product: 'stream',
    plan,
    slug: `desk-${subscriptions}`,
    subscriptionId,
    set: { phase: 'active' },
  });
  await database.query(
    `update tenantry.subscription set status = 'active', customer_id = $2, product = 'stream', plan = $3, seats = $4,
       current_period_end = '2026-12-01' where id = $1`,
    [subscriptionId, `cus_${subscriptions}`, plan, options.seats ?? 1],
  );
  return tenant;
}

/** What a look at the cluster finds. */
function seeing(uses: Record<string, Partial<NamespaceUse>>): Observation {
  return {
    source: 'requests',
    pods: 1,
    namespaces: new Map(
      Object.entries(uses).map(([namespace, use]) => [
        namespace,
        { cpuMillis: 0, memoryBytes: 0, storageBytes: 0, consumers: new Map(), ...use },
      ]),
    ),
  };
}
const sample = (when: Date, seen: Observation) =>
  sampleCell({ database, now: () => when, observe: async () => seen }, 'local');

describe('samples', () => {
  test('an hour of samples becomes an hour, a day, a statement and a spend', async () => {
    const tenant = await paying({ seats: 10 });
    const idle = await paying();
    const seen = seeing({
      [tenant.namespace]: {
        cpuMillis: 10_000,
        memoryBytes: 20e9,
        storageBytes: 500e9,
        consumers: new Map([
          ['ann', { cpuMillis: 9_000, memoryBytes: 15e9 }],
          ['bob', { cpuMillis: 1_000, memoryBytes: 5e9 }],
        ]),
      },
      'kube-system': { cpuMillis: 1 },
    });
    for (let minutes = 0; minutes < 60; minutes += 5) expect(await sample(at(minutes), seen)).toBe('sampled');
    expect(await rollUpHours(database, at(59))).toBe(0);
    expect(await rollUpHours(database, at(60))).toBe(1);

    const until = at(120);
    expect(await listSamples(database, tenant.id, start, until)).toHaveLength(12);
    expect((await listSamples(database, tenant.id, start, until))[11]).toEqual({
      at: at(55),
      cpuMillis: 10_000,
      memoryKb: 20_000_000,
      storageMb: 500_000,
    });
    expect(await listHours(database, tenant.id, start, until)).toEqual([
      {
        hour: start,
        cpuMilliSeconds: 36_000_000,
        memoryKbSeconds: 72_000_000_000,
        storageMbSeconds: 1_800_000_000,
        samples: 12,
      },
    ]);
    const used = await readUsed(database, tenant.id, november, monthTakes());
    expect(Object.fromEntries(used.map(({ dimension, microUnits }) => [dimension, microUnits]))).toEqual({
      stream_vcpu_hours: 10_000_000,
      stream_cpu_seconds: 36_000_000_000,
      stream_memory_gb_hours: 20_000_000,
      stream_memory_gb_seconds: 72_000_000_000,
      // 500 GB for one of 720 hours.
      stream_storage_gb_months: 694_444,
      stream_home_gb: 694_444,
    });
    const plans = await listPlanDays(database, [tenant.id], november);
    expect(plans).toMatchObject([
      { product: 'stream', plan: 'business', seats: 10, status: 'active', days: 1 },
    ]);
    // One of 30 days of $990; 10 vCPU-hours, 20 GB-hours; 0.694444 GB-months.
    expect(makeStatement(november, plans, used)).toMatchObject({
      subscriptionCents: 3300,
      computeCents: 70,
      storageCents: 7,
    });
    expect(await listTopConsumers(database, tenant.id, november, 1)).toEqual([
      { consumer: 'ann', cpuMilliSeconds: 32_400_000, memoryKbSeconds: 54_000_000_000 },
    ]);
    expect(await readUsed(database, idle.id, november, monthTakes())).toEqual([]);
    const prices = [
      { dimension: 'stream_vcpu_hours', price: 50_000, section: 'compute' },
      { dimension: 'stream_memory_gb_hours', price: 10_000, section: 'compute' },
      { dimension: 'stream_storage_gb_months', price: 100_000, section: 'storage' },
    ];
    expect(await listTotals(database, november, prices, {}, firstPage(5, 'usage'))).toEqual([
      expect.objectContaining({ tenantId: tenant.id, computeCents: 70, storageCents: 7, usageCents: 77 }),
    ]);
    const [, spend] = await readBudgets(database, tenant.id, november.firstDay);
    expect(spend).toMatchObject({ kind: 'spend', spentMicros: 500_000 + 200_000 + 69_444 });
  });

  test('a slot counts once, however often and by however many it is sampled', async () => {
    const { id, namespace } = await paying();
    const consumers = new Map([['ann', { cpuMillis: 1000, memoryBytes: 0 }]]);
    const seen = seeing({ [namespace]: { cpuMillis: 1000, consumers } });
    const outcomes = await Promise.all(Array.from({ length: 4 }, (_, n) => sample(at(n / 10), seen)));
    expect(outcomes.sort()).toEqual(['repeated', 'repeated', 'repeated', 'sampled']);
    expect(await sample(at(4), seen)).toBe('repeated');
    await rollUpHours(database, at(60));
    await rollUpHours(database, at(60));
    expect(await listHours(database, id, start, at(60))).toMatchObject([
      { cpuMilliSeconds: 300_000, samples: 1 },
    ]);
    expect(await listTopConsumers(database, id, november, 5)).toMatchObject([{ cpuMilliSeconds: 300_000 }]);
  });

  test('a look that took longer than a slot says nothing of when', async () => {
    const { id, namespace } = await paying();
    const times = [at(0), at(6)];
    const outcome = await sampleCell(
      {
        database,
        now: () => times.shift() ?? at(6),
        observe: async () => seeing({ [namespace]: { cpuMillis: 5 } }),
      },
      'local',
    );
    expect(outcome).toBe('too_late');
    expect(await listSamples(database, id, start, at(60))).toEqual([]);
  });

  test('late samples and repeated ones, in any order, give the same', async () => {
    const { id } = await paying();
    const values = [3, 9, 4, 9, 1];
    const write = (order: readonly number[]) =>
      order.reduce(async (before, index) => {
        await before;
        const cpuMillis = values[index] ?? 0;
        await writeSamples(database, at(5 * (index % 2)), [
          { tenantId: id, cpuMillis, memoryKb: 1, storageMb: 1 },
        ]);
        await rollUpHours(database, at(60 * (index + 1)));
      }, Promise.resolve());
    const seen: unknown[] = [];
    for (const order of [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [2, 2, 0, 4, 1, 3, 3],
    ]) {
      await database.query('truncate tenantry.usage_sample, tenantry.usage_hour, tenantry.usage_day');
      await write(order);
      seen.push(await listHours(database, id, start, at(60)));
    }
    expect(seen[0]).toMatchObject([{ cpuMilliSeconds: (4 + 9) * 300, samples: 2 }]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  test('a roll-up that failed is done by the next one', async () => {
    const { id, namespace } = await paying();
    await sample(at(0), seeing({ [namespace]: { cpuMillis: 100 } }));
    const broken: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (client) => {
          await work(client);
          throw new Error('stopped before the commit');
        }),
    };
    await expect(rollUpHours(broken, at(60))).rejects.toThrow('stopped');
    expect(await listHours(database, id, start, at(60))).toEqual([]);
    expect(await rollUpHours(database, at(60))).toBe(1);
    expect(await listHours(database, id, start, at(60))).toHaveLength(1);
  });
});

describe('gaps', () => {
  test('are charged to nobody, marked, and told to operators', async () => {
    const { id, namespace } = await paying();
    const seen = seeing({ [namespace]: { cpuMillis: 12_000 } });
    await sample(at(0), seen);
    await sample(at(5), seen);
    await sample(at(25), seen);
    await rollUpHours(database, at(60));
    expect(await listHours(database, id, start, at(60))).toMatchObject([
      { cpuMilliSeconds: 3 * 12_000 * 300, samples: 3 },
    ]);
    expect(await listGaps(database, 'local', start, at(30))).toEqual([
      { cell: 'local', from: at(10), until: at(25), samples: 3 },
    ]);
    // What is still missing at the end counts, too; and a gap is cut to the time asked for.
    expect(await listGaps(database, null, at(15), at(40))).toEqual([
      { cell: 'local', from: at(15), until: at(25), samples: 2 },
      { cell: 'local', from: at(30), until: at(40), samples: 2 },
    ]);
    const [told] = await listRecentAudit(database, 1);
    expect(told).toMatchObject({
      kind: 'usage.gap',
      audience: 'operator',
      data: { cell: 'local', from: at(10).toISOString(), to: at(25).toISOString(), samples: 3 },
    });
    expect((await readMeteringState(database)).cells).toEqual([
      { cell: 'local', lastSample: at(25), source: 'requests' },
    ]);
  });
});

describe('what services tell', () => {
  const told = (dimension: string, minutes: number, microUnits: number): ToldSample => ({
    dimension,
    slot: at(minutes),
    microUnits,
  });

  test('counts once, and the greatest of a slot unless it is corrected', async () => {
    const { id } = await paying();
    await writeTold(database, id, [
      told('stream_sessions_total', 0, 2e6),
      told('stream_sessions_total', 5, 3e6),
    ]);
    await writeTold(database, id, [
      told('stream_sessions_total', 0, 2e6),
      told('stream_sessions_total', 5, 1e6),
    ]);
    await rollUpHours(database, at(60));
    expect(await readUsed(database, id, november, monthTakes())).toEqual([
      { dimension: 'stream_sessions_total', microUnits: 5e6 },
    ]);
    await writeTold(database, id, [told('stream_sessions_total', 5, 1e6)], { replace: true });
    await rollUpHours(database, at(60));
    expect(await readUsed(database, id, november, monthTakes())).toEqual([
      { dimension: 'stream_sessions_total', microUnits: 3e6 },
    ]);
  });

  test('the month of what is there at once is its highest day, that of what is kept the average', async () => {
    const { id } = await paying();
    const day = 24 * 60;
    await writeTold(database, id, [
      told('stream_sessions_active', 0, 7e6),
      told('stream_sessions_active', day, 4e6),
      ...[0, day].map((minutes) => told('stream_recording_gb', minutes, 288 * 15e6)),
    ]);
    await rollUpHours(database, at(2 * day));
    // 15 GB on each of two of thirty days.
    expect(await readUsed(database, id, november, monthTakes())).toEqual([
      { dimension: 'stream_recording_gb', microUnits: 1e6 },
      { dimension: 'stream_sessions_active', microUnits: 7e6 },
      { dimension: 'stream_storage_gb_months', microUnits: 1e6 },
    ]);
  });

  test('the timeline tells of a limit at 80 and 100 percent and beyond it, each once a month', async () => {
    const { id } = await paying({ plan: 'professional' });
    const notices = async () =>
      (await listAudit(database, id, { audience: 'tenant' })).map(({ kind, message }) => [kind, message]);
    await writeTold(database, id, [told('stream_sessions_active', 0, 3e6)]);
    expect(await notices()).toEqual([]);
    await writeTold(database, id, [told('stream_sessions_active', 60, 4e6)]);
    await writeTold(database, id, [told('stream_sessions_active', 120, 6e6)]);
    await rollUpHours(database, at(180));
    expect(await notices()).toEqual([
      ['usage.alert', "80 % of the plan's sessions at once is used: 4 of 5"],
      ['usage.overage', "Beyond the plan's sessions at once: 6 of 5"],
    ]);
  });
});

test('a spend cap sees every sample, before the hour is over', async () => {
  const { id, namespace } = await paying();
  const other = await paying();
  await setBudget(database, id, 'spend', { capMicros: 40_000 });
  // A whole processor-hour within five minutes: 5 cents.
  await sample(
    at(0),
    seeing({ [namespace]: { cpuMillis: 12_000 }, [other.namespace]: { cpuMillis: 12_000 } }),
  );
  await rollUpUrgent(database, at(0));
  const [, spend] = await readBudgets(database, id, november.firstDay);
  expect(spend).toMatchObject({ spentMicros: 50_000, alertedPercent: 100 });
  expect(await readUsed(database, other.id, november, monthTakes())).toEqual([]);
  const kinds = (await listAudit(database, id, { audience: 'tenant' })).map(({ message }) => message);
  expect(kinds.at(-1)).toBe("100 % of this month's spend cap is used: $0.05 of $0.04");
});

describe('time', () => {
  test('what is old enough goes, a partition at a time, and what is new stays', async () => {
    const { id, namespace } = await paying();
    await sample(at(0), seeing({ [namespace]: { cpuMillis: 100 } }));
    await rollUpHours(database, at(60));
    const later = (days: number) => new Date(start.getTime() + days * dayMs);
    await forgetUsage(database, later(usageRetention.samples), usageRetention);
    expect(await listSamples(database, id, start, at(60))).toHaveLength(1);
    await forgetUsage(database, later(usageRetention.samples + 1), usageRetention);
    expect(await listSamples(database, id, start, at(60))).toEqual([]);
    expect(await listHours(database, id, start, at(60))).toHaveLength(1);
    await forgetUsage(database, later(usageRetention.hours + 31), usageRetention);
    expect(await listHours(database, id, start, at(60))).toEqual([]);
    expect(await readUsed(database, id, november, monthTakes())).not.toEqual([]);
  });

  test('room is made once, also by several at once, and across the end of a year', async () => {
    const from = new Date('2027-12-31T23:00:00Z');
    const make = () =>
      database.transaction((client) =>
        ensureUsagePartitions(client, from, new Date(from.getTime() + 2 * hourMs)),
      );
    await Promise.all([make(), make(), make()]);
    await make();
    await writeSamples(database, new Date(from.getTime() + hourMs - slotMs), [
      { tenantId: 'a0000000', cpuMillis: 1, memoryKb: 1, storageMb: 1 },
    ]);
    await writeSamples(database, new Date(from.getTime() + hourMs), [
      { tenantId: 'a0000000', cpuMillis: 1, memoryKb: 1, storageMb: 1 },
    ]);
    const { rows } = await database.query(
      `select tableoid::regclass::text as partition from tenantry.usage_sample where tenant_id = 'a0000000' order by hour`,
    );
    expect(rows.map(({ partition }) => partition)).toEqual([
      'tenantry.usage_sample_20271231',
      'tenantry.usage_sample_20280101',
    ]);
  });
});

test('unreported usage is listed page by page, and only of days that are over', async () => {
  const tenants = [await paying(), await paying(), await paying()];
  const seen = seeing(
    Object.fromEntries(tenants.map(({ namespace }) => [namespace, { cpuMillis: 1000, memoryBytes: 1e9 }])),
  );
  await sample(at(0), seen);
  await rollUpHours(database, at(60));
  expect(await listUnreportedUsage(database, { olderThan: at(60), limit: 10 })).toEqual([]);
  const olderThan = new Date('2026-11-11T01:00:00Z');
  const all = await listUnreportedUsage(database, { olderThan, limit: 10 });
  expect(all).toHaveLength(6);
  expect(all[0]).toMatchObject({ day: '2026-11-10', dimension: 'stream_memory_gb_hours', quantity: 83_333 });
  const first = await listUnreportedUsage(database, { olderThan, limit: 4 });
  const last = first.at(-1);
  const rest = last && (await listUnreportedUsage(database, { olderThan, limit: 4, after: cursorOf(last) }));
  expect([...first, ...(rest ?? [])]).toEqual(all);
});

test('the terms of a month are what the database computes with', async () => {
  // Figures that a double would miss by a little: the database divides exactly and rounds once.
  const { id } = await paying();
  await writeSamples(database, at(0), [{ tenantId: id, cpuMillis: 7, memoryKb: 11, storageMb: 13 }]);
  await rollUpHours(database, at(60));
  const used = new Map(
    (await readUsed(database, id, november, new Map())).map((row) => [row.dimension, row.microUnits]),
  );
  for (const { dimension, source, numerator, denominator, product } of termsOf(november)) {
    if (product !== 'stream' || source === 'told') continue;
    const measured = { cpu: 7n, memory: 11n, storage: 13n }[source] * 300n * BigInt(numerator);
    const exact = (2n * measured + BigInt(denominator)) / (2n * BigInt(denominator));
    expect(used.get(dimension) ?? 0, dimension).toBe(Number(exact));
  }
});
