import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { monthOf } from '../../automation/ledger/budget.ts';
import {
  deleteCostsBefore,
  listCosts,
  listDailyCosts,
  readBudgets,
} from '../../automation/ledger/budget-rows.ts';
import { changeBudget, reportSpend, reserveApiCost, settleApiCost } from '../../automation/ledger/charge.ts';
import { keepLedger } from '../../automation/ledger/upkeep.ts';
import { listAudit } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 40 });
  database = control.database;
});
afterAll(() => control?.drop());

const dollar = 1_000_000;
const day = 24 * 3_600_000;
const organization = async (plan = 'starter') => {
  const { id } = await addTenant(database, { product: 'inbox', plan });
  return { id, product: 'inbox', plan };
};
type Organization = Awaited<ReturnType<typeof organization>>;
const call = (callId = randomBytes(6).toString('hex'), at = new Date()) => ({
  callId,
  provider: 'anthropic',
  operation: 'classify',
  project: null,
  at,
});
const api = async ({ id }: Organization, at = new Date()) => {
  const [budget] = await readBudgets(database, id, monthOf(at));
  return budget && [budget.spentMicros, budget.reservedMicros, budget.calls];
};
const alerts = async ({ id }: Organization) =>
  (await listAudit(database, id, { audience: 'tenant' }))
    .filter(({ kind }) => kind === 'budget.alert')
    .map(({ data }) => data.percent);
const isRung = async ({ id }: Organization) => {
  const { rowCount } = await database.query('select 1 from graphile_worker.jobs where key = $1', [
    `brake-tenant:${id}`,
  ]);
  return rowCount === 1;
};

describe('API calls', () => {
  test('asked for all at once are admitted exactly as far as the budget goes', async () => {
    const tenant = await organization();
    const outcomes = await Promise.all(
      Array.from({ length: 48 }, () => reserveApiCost(database, tenant, call(), dollar)),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(20);
    expect(outcomes.filter((outcome) => outcome === 'exhausted')).toHaveLength(28);
    expect(await api(tenant)).toEqual([0, 20 * dollar, 0]);
  });

  test('that were refused leave nothing behind', async () => {
    const tenant = await organization();
    expect(await reserveApiCost(database, tenant, call('big'), 21 * dollar)).toBe('exhausted');
    expect(await listCosts(database, tenant.id, {}, firstPage(10, 'at'))).toEqual([]);
    expect(await reserveApiCost(database, tenant, call('big'), 19 * dollar)).toBe('done');
  });

  test('cost what they cost in place of what was set aside, once', async () => {
    const tenant = await organization();
    await reserveApiCost(database, tenant, call('a'), 3 * dollar);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => settleApiCost(database, tenant, call('a'), dollar)),
    );
    expect(outcomes.sort()).toEqual(['done', ...Array.from({ length: 7 }, () => 'repeated')]);
    expect(await api(tenant)).toEqual([dollar, 0, 1]);
    expect(await settleApiCost(database, tenant, call('a'), 2 * dollar)).toBe('conflict');
    expect(await reserveApiCost(database, tenant, call('a'), 3 * dollar)).toBe('repeated');
    expect(await api(tenant)).toEqual([dollar, 0, 1]);
  });

  test('that nobody asked for before count too, beyond the limit, and nothing more is admitted', async () => {
    const tenant = await organization();
    await settleApiCost(database, tenant, call(), 21 * dollar);
    expect(await api(tenant)).toEqual([21 * dollar, 0, 1]);
    expect(await reserveApiCost(database, tenant, call(), 0)).toBe('exhausted');
    expect(await isRung(tenant)).toBe(true);
  });

  test('overshoot by what ran unasked at most: every call that asks stays inside', async () => {
    const tenant = await organization();
    const cost = 700_000;
    const running = 8;
    let ran = 0;
    // Each worker stops at the first refusal; its call in flight is told of afterwards only.
    await Promise.all(
      Array.from({ length: running }, async () => {
        for (;;) {
          if ((await reserveApiCost(database, tenant, call(), 0)) === 'exhausted') return;
          await settleApiCost(database, tenant, call(), cost);
          ran += 1;
        }
      }),
    );
    const [budget] = await readBudgets(database, tenant.id, monthOf(new Date()));
    const overshoot = (budget?.spentMicros ?? 0) - 20 * dollar;
    expect(budget?.spentMicros).toBe(ran * cost);
    expect(overshoot).toBeGreaterThan(0);
    expect(overshoot).toBeLessThanOrEqual(running * cost);
  });

  test('of a plan without a budget are only counted', async () => {
    const tenant = await organization('enterprise');
    expect(await reserveApiCost(database, tenant, call('x'), 5000 * dollar)).toBe('done');
    await settleApiCost(database, tenant, call('x'), 4000 * dollar);
    expect(await api(tenant)).toEqual([4000 * dollar, 0, 1]);
    expect(await alerts(tenant)).toEqual([]);
  });

  test('are summed per day', async () => {
    const tenant = await organization();
    for (const cost of [1, 2]) await settleApiCost(database, tenant, call(), cost);
    await settleApiCost(database, tenant, call('before', new Date(Date.now() - day)), 5);
    const days = await listDailyCosts(database, tenant.id, 90);
    expect(days.map(({ costMicros, calls }) => [costMicros, calls])).toEqual([
      [3, 2],
      [5, 1],
    ]);
  });
});

describe('alerts', () => {
  test('are told at 50, 80 and 100 %, each once, however many calls end at once', async () => {
    const tenant = await organization();
    await Promise.all(Array.from({ length: 30 }, () => settleApiCost(database, tenant, call(), dollar)));
    expect(await alerts(tenant)).toEqual([50, 80, 100]);
  });

  test('begin anew when the limit is raised, and the brake is looked at', async () => {
    const tenant = await organization();
    await settleApiCost(database, tenant, call(), 20 * dollar);
    await database.query('select graphile_worker.remove_job($1)', [`brake-tenant:${tenant.id}`]);
    await changeBudget(database, tenant, {
      kind: 'api',
      agreedMicros: 40 * dollar,
      by: 'operator',
      at: new Date(),
    });
    expect(await isRung(tenant)).toBe(true);
    await settleApiCost(database, tenant, call(), 12 * dollar);
    expect(await alerts(tenant)).toEqual([50, 80, 100, 80]);
  });
});

describe('a spend cap', () => {
  test('takes totals: late and repeated reports change nothing', async () => {
    const tenant = await organization();
    const now = new Date();
    await changeBudget(database, tenant, { kind: 'spend', capMicros: 10 * dollar, by: 'ada', at: now });
    for (const total of [3, 6, 6, 4, 9]) await reportSpend(database, tenant, now, total * dollar);
    const [, spend] = await readBudgets(database, tenant.id, monthOf(now));
    expect(spend).toMatchObject({ spentMicros: 9 * dollar, capMicros: 10 * dollar });
    expect(await alerts(tenant)).toEqual([50, 80]);
  });
});

describe('upkeep', () => {
  test('gives back what forgotten calls had set aside, and lets them be settled all the same', async () => {
    const tenant = await organization();
    const at = new Date();
    await reserveApiCost(database, tenant, call('lost', at), 5 * dollar);
    await keepLedger(database, new Date(at.getTime() + 30 * 60_000));
    expect(await api(tenant, at)).toEqual([0, 5 * dollar, 0]);
    await keepLedger(database, new Date(at.getTime() + 61 * 60_000));
    expect(await api(tenant, at)).toEqual([0, 0, 0]);
    await settleApiCost(database, tenant, call('lost', at), 4 * dollar);
    expect(await api(tenant, at)).toEqual([4 * dollar, 0, 1]);
  });

  test('deletes calls after 90 days and keeps their month’s sum', async () => {
    const tenant = await organization();
    const old = new Date(Date.now() - 91 * day);
    await settleApiCost(database, tenant, call('old', old), 7);
    await settleApiCost(database, tenant, call('new', new Date(Date.now() - 89 * day)), 8);
    await keepLedger(database, new Date());
    const kept = await listCosts(database, tenant.id, {}, firstPage(10, 'at'));
    expect(kept.map(({ callId }) => callId)).toEqual(['new']);
    expect((await api(tenant, old))?.[0]).toBeGreaterThanOrEqual(7);
  });

  test('are kept as long as the tenant’s product says, whatever the others say', async () => {
    const tenant = await organization();
    const other = { id: (await addTenant(database, { product: 'agents', plan: 'pro' })).id };
    const daysAgo = (days: number) => new Date(Date.now() - days * day);
    for (const { id } of [tenant, other])
      await settleApiCost(database, { id, product: 'inbox', plan: 'starter' }, call('50', daysAgo(50)), 7);
    const isKept = async ({ id }: { id: string }) =>
      (await listCosts(database, id, {}, firstPage(10, 'at'))).length === 1;
    const inbox = (days: number) => [{ product: 'inbox', before: daysAgo(days) }];
    await deleteCostsBefore(database, daysAgo(90), inbox(60), 1000);
    expect([await isKept(tenant), await isKept(other)]).toEqual([true, true]);
    await deleteCostsBefore(database, daysAgo(90), inbox(40), 1000);
    expect([await isKept(tenant), await isKept(other)]).toEqual([false, true]);
    await deleteCostsBefore(database, daysAgo(40), inbox(60), 1000);
    expect(await isKept(other)).toBe(false);
  });
});
