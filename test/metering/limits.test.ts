import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reserveUse, settleUse, type UseRequest } from '../../automation/entitlements/index.ts';
import { changeTenant } from '../../automation/followers.ts';
import { meteringFollower } from '../../automation/metering/follower.ts';
import { rollUpHours } from '../../automation/metering/roll-up.ts';
import { type ToldSample, writeSamples, writeTold } from '../../automation/metering/usage.ts';
import { type UsageEvent, writeEvents } from '../../automation/metering/usage-events.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { listAudit } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { changeDesired, type Tenant } from '../../automation/store/tenants.ts';
import { extendCatalog, findProduct, type Product } from '../../tenants/catalog/index.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

/** Limits are told in the transaction of what reaches them: no roll-up runs here but where the use is sampled. */

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  extendCatalog([farms]);
  control = await controlDatabase({ maxConnections: 24 });
  database = control.database;
});
afterAll(() => control?.drop());

const start = new Date('2026-11-10T10:00:00.000Z');
const minutesMs = 60_000;
const at = (minutes: number) => new Date(start.getTime() + minutes * minutesMs);
beforeEach(() => ensureUsagePartitions(database, at(-60), at(32 * 24 * 60)));

const workspace = findProduct('workspace') as Product;
/** Its limit counts what is told and what is sampled together. */
const farms: Product = {
  ...workspace,
  id: 'farms',
  plans: workspace.plans.slice(0, 1).map((plan) => ({ ...plan, entitlements: { seconds: 1000 } })),
  meters: [
    {
      id: 'farms_cpu_seconds',
      name: 'CPU',
      unit: 'CPU-second',
      measure: { from: 'cpu', as: 'second' },
      section: 'compute',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
    {
      id: 'farms_away_seconds',
      name: 'CPU elsewhere',
      unit: 'CPU-second',
      measure: { from: 'told', as: 'count' },
      section: 'compute',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
  ],
  limits: [
    {
      entitlement: 'seconds',
      name: 'CPU seconds of this month',
      meters: ['farms_cpu_seconds', 'farms_away_seconds'],
    },
  ],
  applies: [],
  alerts: {},
  namespace: { ...workspace.namespace, prefix: 'farm-' },
};

const tenantOf = (product: string, plan: string) => addTenant(database, { product, plan });

let ids = 0;
const used = (tenantId: string, dimension: string, amount: number, when = start): UsageEvent => ({
  tenantId,
  source: 'app',
  id: `use-${++ids}`,
  dimension,
  at: when,
  microUnits: amount * 1e6,
  isLevel: false,
});
const write = (...events: UsageEvent[]) => database.transaction((client) => writeEvents(client, events));
const tell = (tenantId: string, samples: readonly ToldSample[], options?: { replace?: boolean }) =>
  database.transaction((client) => writeTold(client, tenantId, samples, options));

interface Reached {
  readonly month: string;
  readonly limit: string;
  readonly usedMicroUnits: number;
  readonly limitMicroUnits: number;
}

/** What was told by webhooks, as `used of limit`, oldest first. */
async function toldOf(tenantId: string): Promise<string[]> {
  const { rows } = await database.query<{ data: Reached }>(
    `select body::json -> 'data' as data from tenantry.notify_event
     where tenant_id = $1 and type = 'usage.limit_reached' order by at, ctid`,
    [tenantId],
  );
  return rows.map(
    ({ data }) =>
      `${data.month} ${data.limit}: ${data.usedMicroUnits / 1e6} of ${data.limitMicroUnits / 1e6}`,
  );
}
const trailOf = async (tenantId: string) =>
  (await listAudit(database, tenantId, { audience: 'tenant' })).map(
    ({ kind, message }) => `${kind}: ${message}`,
  );

async function changePlan(tenant: Tenant, plan: string): Promise<Tenant> {
  const changed = await database.transaction((client) =>
    changeTenant(client, { followers: [meteringFollower], now: () => start }, tenant, (db) =>
      changeDesired(db, tenant.id, {
        state: 'active',
        spec: { ...tenant.desiredSpec, plan },
        suspendReason: null,
        deleteAfter: null,
      }),
    ),
  );
  if (!changed) throw new Error('the plan did not change');
  return changed;
}

/** Resolves once so many sessions of the database wait for locks of others. */
const waiting = (sessions: number) =>
  until(
    async () => {
      const { rows } = await database.query<{ count: number }>(
        `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return (rows[0]?.count ?? 0) >= sessions;
    },
    { what: `${sessions} sessions that wait` },
  );

describe('a limit of what adds up', () => {
  test('is told with the use that reaches it, once, and again in the next month', async () => {
    const { id } = await tenantOf('agents', 'free');
    await write(used(id, 'agents_tasks_claude', 7));
    expect([await toldOf(id), await trailOf(id)]).toEqual([[], []]);
    await write(used(id, 'agents_tasks_codex', 2));
    await write(used(id, 'agents_tasks_codex', 1), used(id, 'agents_requests', 1));
    await write(used(id, 'agents_tasks_claude', 1));
    await write(used(id, 'agents_tasks_claude', 5));
    expect(await toldOf(id)).toEqual(['2026-11 tasksPerMonth: 10 of 10']);
    expect(await trailOf(id)).toEqual([
      "usage.alert: 80 % of the plan's tasks of this month is used: 9 of 10",
      "usage.alert: 100 % of the plan's tasks of this month is used: 10 of 10",
      "usage.overage: Beyond the plan's tasks of this month: 11 of 10",
    ]);
    await write(used(id, 'agents_tasks_claude', 12, at(30 * 24 * 60)));
    expect((await toldOf(id)).slice(1)).toEqual(['2026-12 tasksPerMonth: 12 of 10']);
  });

  test('is told once by one of many that reach it together, each with a meter of its own', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await tenantOf('agents', 'free');
      const agents = ['claude', 'codex', 'perplexity', 'cursor', 'opencode'];
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => write(used(id, `agents_tasks_${agents[n % 5]}`, 1))),
      );
      expect(await toldOf(id)).toEqual(['2026-11 tasksPerMonth: 10 of 10']);
    }
  });

  test('is not told when the use is rolled back', async () => {
    const { id } = await tenantOf('agents', 'free');
    await database
      .transaction(async (client) => {
        await writeEvents(client, [used(id, 'agents_tasks_claude', 10)]);
        throw new Error('changed its mind');
      })
      .catch(() => {});
    expect([await toldOf(id), await trailOf(id)]).toEqual([[], []]);
  });

  test('of another plan is told when it is reached, too, and not again when the plan has less once more', async () => {
    let tenant = await tenantOf('agents', 'free');
    const { id } = tenant;
    await write(used(id, 'agents_tasks_claude', 10));
    tenant = await changePlan(tenant, 'pro');
    await write(used(id, 'agents_tasks_claude', 20));
    expect(await toldOf(id)).toHaveLength(1);
    tenant = await changePlan(tenant, 'free');
    tenant = await changePlan(tenant, 'pro');
    await write(used(id, 'agents_tasks_claude', 70));
    expect(await toldOf(id)).toEqual([
      '2026-11 tasksPerMonth: 10 of 10',
      '2026-11 tasksPerMonth: 100 of 100',
    ]);
    await changePlan(tenant, 'free');
    await write(used(id, 'agents_tasks_claude', 1));
    expect(await toldOf(id)).toHaveLength(2);
  });

  test('that a smaller plan has and the month has reached is told with the change of the plan', async () => {
    const tenant = await tenantOf('agents', 'pro');
    await write(used(tenant.id, 'agents_tasks_claude', 12));
    expect(await trailOf(tenant.id)).toEqual([]);
    await changePlan(tenant, 'free');
    expect(await toldOf(tenant.id)).toEqual(['2026-11 tasksPerMonth: 12 of 10']);
    expect(await trailOf(tenant.id)).toEqual([
      "usage.overage: Beyond the plan's tasks of this month: 12 of 10",
    ]);
  });

  test('is told by the end of a reserved use', async () => {
    const { id } = await tenantOf('inbox', 'starter');
    const { reservation } = await reserveUse(database, new Map(), id, request('inbox_emails', 500), start);
    expect(await toldOf(id)).toEqual([]);
    await settleUse(database, id, reservation.id, {}, start);
    expect(await toldOf(id)).toEqual(['2026-11 emailsPerMonth: 500 of 500']);
  });

  test('is told while the end of a reserved use tells of the budget, and neither waits for the other for ever', async () => {
    const { id } = await tenantOf('inbox', 'starter');
    const { reservation } = await reserveUse(
      database,
      new Map(),
      id,
      { ...request('inbox_emails', 1), costMicros: 15_000_000 },
      start,
    );
    let settled: Promise<unknown> = Promise.resolve();
    await database.transaction(async (client) => {
      await writeEvents(client, [used(id, 'inbox_emails', 499)]);
      settled = settleUse(database, id, reservation.id, {}, start);
      await waiting(1);
    });
    await settled;
    expect(await toldOf(id)).toEqual(['2026-11 emailsPerMonth: 500 of 500']);
    expect(await trailOf(id)).toEqual([
      "usage.alert: 80 % of the plan's e-mails of this month is used: 499 of 500",
      expect.stringContaining('budget.alert: 50 %'),
      "usage.alert: 100 % of the plan's e-mails of this month is used: 500 of 500",
    ]);
  });
});

describe('a limit of what is there at once', () => {
  const sessions = (minutes: number, microUnits: number): ToldSample => ({
    dimension: 'stream_sessions_active',
    slot: at(minutes),
    microUnits,
  });

  test('is told by totals of five minutes, by the most of them', async () => {
    const { id } = await addTenant(database, { product: 'stream', plan: 'professional', slug: 'most' });
    await tell(id, [sessions(0, 3e6), sessions(60, 3e6)]);
    expect(await trailOf(id)).toEqual([]);
    await tell(id, [sessions(120, 6e6)]);
    await tell(id, [sessions(180, 6e6)]);
    expect(await toldOf(id)).toEqual(['2026-11 sessions: 6 of 5']);
    expect(await trailOf(id)).toEqual(["usage.overage: Beyond the plan's sessions at once: 6 of 5"]);
  });

  test('goes by the most that is left after a correction', async () => {
    const peakOf = async (id: string) =>
      (
        await database.query<{ peak: number }>(
          'select peak_micro_units as peak from tenantry.usage_month where tenant_id = $1',
          [id],
        )
      ).rows[0]?.peak;
    const { id } = await addTenant(database, { product: 'stream', plan: 'business', slug: 'corrected' });
    await tell(id, [sessions(0, 3e6), sessions(60, 9e6), sessions(65, 4e6)]);
    expect(await peakOf(id)).toBe(9e6);
    await tell(id, [sessions(60, 2e6)], { replace: true });
    expect(await peakOf(id)).toBe(4e6);
    await tell(id, [sessions(65, 1e6)], { replace: true });
    expect(await peakOf(id)).toBe(3e6);
  });
});

test('a limit of what is sampled is told by the roll-up, with what was told beside it', async () => {
  const { id } = await tenantOf('farms', 'byoc');
  const { id: other } = await tenantOf('farms', 'byoc');
  await write(used(id, 'farms_away_seconds', 700));
  // Two processors for five minutes.
  const sample = { cpuMillis: 2000, memoryKb: 0, storageMb: 0 };
  await writeSamples(database, start, [
    { tenantId: id, ...sample },
    { tenantId: other, ...sample },
  ]);
  expect(await toldOf(id)).toEqual([]);
  await rollUpHours(database, at(120));
  expect(await toldOf(id)).toEqual(['2026-11 seconds: 1300 of 1000']);
  await rollUpHours(database, at(120));
  await write(used(other, 'farms_away_seconds', 400));
  expect([await toldOf(id), await toldOf(other)]).toEqual([
    ['2026-11 seconds: 1300 of 1000'],
    ['2026-11 seconds: 1000 of 1000'],
  ]);
});

function request(meter: string, amount: number): UseRequest {
  return {
    key: `key-${++ids}`,
    of: { kind: 'meter', name: meter },
    amount,
    attributes: {},
    costMicros: null,
    holdSeconds: 600,
  };
}
