import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { expireReservations } from '../../automation/entitlements/index.ts';
import { operateLedger } from '../../automation/ledger/book.ts';
import { readBudgets, setBudget } from '../../automation/ledger/budget-rows.ts';
import { checkLedger, readBalance } from '../../automation/ledger/read.ts';
import { monthNamed } from '../../automation/metering/time.ts';
import { readToldOfMonth, writeEvents } from '../../automation/metering/usage-events.ts';
import { type ServiceCheck, serviceCheck } from '../../automation/service.ts';
import type { Database } from '../../automation/store/database.ts';
import { inbox } from '../../services/inbox/index.ts';
import { extendCatalog, findProduct, type Product } from '../../tenants/catalog/index.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

/** Uses that are reserved before they begin: asked over HTTP by an operator, as a product's own service does. */

let service: Service;
let database: Database;
const month = () => monthNamed(new Date().toISOString());

const browsers = findProduct('browsers') as Product;
/** On credits, of which no plan has a limit. */
const lounges: Product = {
  ...browsers,
  id: 'lounges',
  plans: browsers.plans.map((plan) => ({ ...plan, entitlements: { sessionsPerMonth: null } })),
  meters: browsers.meters.map((meter) => ({ ...meter, id: meter.id.replace('browsers', 'lounges') })),
  limits: [{ entitlement: 'sessionsPerMonth', name: 'sessions of this month', meters: ['lounges_sessions'] }],
  namespace: { ...browsers.namespace, prefix: 'lounge-' },
};

beforeAll(async () => {
  extendCatalog([lounges]);
  service = await startService({}, [
    { product: findProduct('agents') as Product, checks: { task, burst, desk, plainPage, page } },
    inbox,
    { product: lounges, checks: { session: lounge } },
  ]);
  database = service.database;
});
afterAll(() => service?.stop());

/** What a product's own service may ask for: a limit with a meter and a cost, a rate, places at once. */
const task = serviceCheck({
  description: 'A task of an agent',
  attributes: z.strictObject({ agent: z.string() }),
  decide: ({ plan, amount, attributes: { agent } }) => {
    const has = (other: typeof plan) => (other.entitlements.agents as readonly string[]).includes(agent);
    if (!has(plan))
      return {
        admitted: false,
        refusal: { entitlement: 'agents', message: `The plan ${plan.name} does not include ${agent}.`, has },
      };
    return {
      admitted: true,
      needs: [{ of: 'limit', entitlement: 'tasksPerMonth', amount }],
      meter: `agents_tasks_${agent}`,
      estimatedCostMicros: 300_000 * amount,
    };
  },
});
const burst = serviceCheck({
  description: 'A request',
  attributes: z.strictObject({}),
  decide: ({ amount }) => ({
    admitted: true,
    needs: [{ of: 'rate', entitlement: 'requestsPerMinute', amount, periodSeconds: 60 }],
    estimatedCostMicros: 0,
  }),
});
const desk = serviceCheck({
  description: 'A sandbox',
  attributes: z.strictObject({}),
  decide: ({ amount }) => ({
    admitted: true,
    needs: [{ of: 'concurrency', entitlement: 'concurrentSandboxes', amount }],
    estimatedCostMicros: 0,
  }),
});
/** A check as a package may write it, without the helper, whose attributes are no longer what was sent once parsed. */
const plainPage: ServiceCheck = {
  description: 'Pages, by their number as text',
  attributes: z.strictObject({ pages: z.string().transform(Number) }),
  decide: ({ attributes }) => ({
    admitted: true,
    needs: [],
    estimatedCostMicros: (attributes as { pages: number }).pages + 1,
  }),
};
const page = serviceCheck({
  description: 'Pages, by their number as text',
  attributes: z.strictObject({ pages: z.string().transform(Number) }),
  decide: ({ attributes: { pages } }) => ({ admitted: true, needs: [], estimatedCostMicros: pages + 1 }),
});

const lounge = serviceCheck({
  description: 'A session that says itself what it takes',
  attributes: z.strictObject({}),
  decide: ({ amount }) => ({
    admitted: true,
    needs: [{ of: 'credits', credits: 5 * amount }],
    meter: 'lounges_sessions',
    estimatedCostMicros: 0,
  }),
});

const tenantOf = async (product: string, plan: string, set: Record<string, unknown> = {}) =>
  (await addTenant(database, { product: product as never, plan, owner: 'ada', set })).id;
let keys = 0;
const check = (tenant: string, body: object): Promise<Answer> =>
  service.request('POST', `/v1/tenants/${tenant}/check`, { body: { key: `key-${++keys}`, ...body } });
const end = (tenant: string, reservation: string, how: 'settle' | 'release', body?: object) =>
  service.request('POST', `/v1/tenants/${tenant}/check/${reservation}/${how}`, {
    ...(how === 'settle' && { body: body ?? {} }),
  });
const idOf = (answer: Answer) => (answer.body as { reservation: { id: string } }).reservation.id;
const told = async (tenant: string, meter: string) =>
  ((await readToldOfMonth(database, tenant, month().firstDay)).get(meter) ?? 0) / 1_000_000;

describe('a limit of the plan', () => {
  test('is held by 64 at once exactly, whatever they settle and release', async () => {
    const tenant = await tenantOf('agents', 'free');
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => check(tenant, { check: 'task', attributes: { agent: 'opencode' } })),
    );
    const admitted = answers.filter(({ status }) => status === 201);
    expect(admitted).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(54);
    await Promise.all(admitted.map((answer, n) => end(tenant, idOf(answer), n < 7 ? 'settle' : 'release')));
    expect(await told(tenant, 'agents_tasks_opencode')).toBe(7);
    const more = await Promise.all(
      Array.from({ length: 64 }, () => check(tenant, { meter: 'agents_tasks_opencode' })),
    );
    expect(more.filter(({ status }) => status === 201)).toHaveLength(3);
  });

  test('refuses with what is left, when it resets and which plan has more', async () => {
    const tenant = await tenantOf('agents', 'free');
    await database.transaction((client) =>
      writeEvents(client, [
        {
          tenantId: tenant,
          source: 'app',
          id: '1',
          dimension: 'agents_tasks_opencode',
          at: new Date(),
          microUnits: 8_000_000,
          isLevel: false,
        },
      ]),
    );
    const refused = await check(tenant, { meter: 'agents_tasks_opencode', amount: 3 });
    const resetsAt = `${month().nextFirstDay}T00:00:00.000Z`;
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      type: 'urn:tenantry:problem:plan_limit_reached',
      title: 'A limit of the plan is reached',
      status: 429,
      code: 'plan_limit_reached',
      detail: `2 of 10 tasks of this month are left, 3 were asked for. It resets at ${resetsAt}. The plan Pro has more.`,
      refusal: {
        limit: 'tasksPerMonth',
        allowed: 10,
        left: 2,
        requested: 3,
        resetsAt,
        planWithMore: { id: 'pro', name: 'Pro' },
      },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await check(tenant, { meter: 'agents_tasks_opencode', amount: 2 })).status).toBe(201);
  });

  test('counts a settled use once, in the meter and against the limit', async () => {
    const tenant = await tenantOf('agents', 'free');
    const admitted = await check(tenant, { meter: 'agents_tasks_claude', amount: 6 });
    const id = idOf(admitted);
    const settled = await Promise.all(
      Array.from({ length: 8 }, () => end(tenant, id, 'settle', { amount: 4 })),
    );
    expect(settled.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(settled.filter(({ body }) => (body as { repeated: boolean }).repeated)).toHaveLength(7);
    expect(settled[0]?.body).toMatchObject({
      reservation: { state: 'settled', amount: 6, settled: { amount: 4, costMicros: null } },
    });
    expect(await told(tenant, 'agents_tasks_claude')).toBe(4);
    expect((await end(tenant, id, 'settle', { amount: 5 })).body).toMatchObject({ code: 'cause_reused' });
    expect((await end(tenant, id, 'release')).body).toMatchObject({ code: 'hold_closed' });
    expect((await check(tenant, { meter: 'agents_tasks_claude', amount: 7 })).status).toBe(429);
    expect((await check(tenant, { meter: 'agents_tasks_claude', amount: 6 })).status).toBe(201);
  });

  test('that is not there admits whatever is asked for', async () => {
    const tenant = await tenantOf('agents', 'enterprise');
    const admitted = await check(tenant, { meter: 'agents_tasks_claude', amount: 1_000_000 });
    expect(admitted.status).toBe(201);
    expect(admitted.body).toMatchObject({
      remaining: [{ limit: 'tasksPerMonth', left: null }],
      reservation: { estimatedCostMicros: 500_000_000_000 },
    });
  });

  test('takes no more at settling than was reserved', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    const id = idOf(await check(tenant, { entitlement: 'emailsPerMonth', amount: 2 }));
    const more = await end(tenant, id, 'settle', { amount: 2.5 });
    expect(more.status).toBe(400);
    expect(more.body).toMatchObject({ errors: [{ field: 'amount' }] });
    expect((await end(tenant, id, 'settle')).status).toBe(200);
    expect(await told(tenant, 'inbox_emails')).toBe(2);
  });

  test('of what is open at once is given back by the end of a use, and the meter learns the most', async () => {
    const tenant = await tenantOf('stream', 'professional');
    const open = await Promise.all(
      Array.from({ length: 7 }, () => check(tenant, { entitlement: 'sessions' })),
    );
    const admitted = open.filter(({ status }) => status === 201);
    expect(admitted).toHaveLength(5);
    expect(open.find(({ status }) => status === 429)?.body).toMatchObject({
      refusal: { limit: 'sessions', left: 0, resetsAt: null, planWithMore: { id: 'business' } },
    });
    for (const answer of admitted) await end(tenant, idOf(answer), 'settle');
    const { rows } = await database.query<{ most: number }>(
      `select max(v) as most from tenantry.usage_told, unnest(amounts) v
       where tenant_id = $1 and dimension = 'stream_sessions_active'`,
      [tenant],
    );
    expect(rows).toEqual([{ most: 5_000_000 }]);
    expect((await check(tenant, { entitlement: 'sessions', amount: 5 })).status).toBe(201);
  });
});

describe('a key', () => {
  test('reserves once, also when it is sent by many at once', async () => {
    const tenant = await tenantOf('agents', 'free');
    const body = { key: 'task-1', meter: 'agents_tasks_opencode', amount: 4 };
    const answers = await Promise.all(Array.from({ length: 8 }, () => check(tenant, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect((await check(tenant, { meter: 'agents_tasks_opencode', amount: 6 })).status).toBe(201);
  });

  test('that was sent for something else is refused; that of another tenant is another one', async () => {
    const tenant = await tenantOf('agents', 'free');
    const body = { key: 'task-1', meter: 'agents_tasks_opencode' };
    await check(tenant, body);
    const other = await check(tenant, { ...body, amount: 2 });
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({ code: 'cause_reused', errors: [{ field: 'key' }] });
    expect((await check(await tenantOf('agents', 'free'), body)).status).toBe(201);
  });

  test('whose use was refused may be sent again', async () => {
    const tenant = await tenantOf('agents', 'free');
    const all = await check(tenant, { meter: 'agents_tasks_opencode', amount: 10 });
    const body = { key: 'task-2', meter: 'agents_tasks_opencode' };
    expect((await check(tenant, body)).status).toBe(429);
    await end(tenant, idOf(all), 'release');
    expect((await check(tenant, body)).status).toBe(201);
  });
});

describe('a reservation that nobody ends', () => {
  test('counts no more from its end on, and gives everything back with the next sweep', async () => {
    const tenant = await tenantOf('browsers', 'professional');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 5, until: null });
    const admitted = await check(tenant, {
      meter: 'browsers_sessions',
      amount: 3,
      costMicros: 2_000_000,
      holdSeconds: 60,
    });
    const id = idOf(admitted);
    expect(await readBalance(database, tenant)).toMatchObject({ available: 2, held: 3 });
    const later = new Date(Date.now() + 61_000);
    expect(await expireReservations(database, new Date(), 100)).toBe(0);
    expect(await expireReservations(database, later, 100)).toBe(1);
    expect(await expireReservations(database, later, 100)).toBe(0);
    expect(await readBalance(database, tenant)).toMatchObject({ available: 5, held: 0 });
    const [api] = await readBudgets(database, tenant, month().firstDay);
    expect(api).toMatchObject({ reservedMicros: 0, spentMicros: 0, calls: 0 });
    const late = await end(tenant, id, 'settle');
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ code: 'hold_closed' });
    expect(await told(tenant, 'browsers_sessions')).toBe(0);
  });

  test('frees its limit without any sweep', async () => {
    const tenant = await tenantOf('agents', 'free');
    const body = { meter: 'agents_tasks_opencode', amount: 10 };
    const id = idOf(await check(tenant, body));
    await database.query(
      `update tenantry.reservation set expires_at = now() - interval '1 second' where id = $1`,
      [id],
    );
    expect((await check(tenant, body)).status).toBe(201);
    expect((await end(tenant, id, 'settle')).body).toMatchObject({ code: 'hold_closed' });
  });

  test('is remembered by its key for 35 days', async () => {
    const tenant = await tenantOf('agents', 'free');
    const body = { key: 'task-1', meter: 'agents_tasks_opencode' };
    await end(tenant, idOf(await check(tenant, body)), 'settle');
    const days = (count: number) => new Date(Date.now() + count * 24 * 3_600_000);
    await expireReservations(database, days(34.9), 1000);
    expect((await check(tenant, body)).body).toMatchObject({
      repeated: true,
      reservation: { state: 'settled' },
    });
    await expireReservations(database, days(35.1), 1000);
    expect((await check(tenant, body)).status).toBe(201);
  });
});

describe('credits', () => {
  test('are set aside for a use, taken by what it came to, and never overdrawn by 64 at once', async () => {
    const tenant = await tenantOf('browsers', 'professional');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 20, until: null });
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => check(tenant, { entitlement: 'sessionsPerMonth' })),
    );
    const admitted = answers.filter(({ status }) => status === 201);
    expect(admitted).toHaveLength(20);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({
      code: 'insufficient_credits',
      refusal: {
        limit: 'credits',
        allowed: 5_000,
        left: 0,
        requested: 1,
        planWithMore: { id: 'enterprise', name: 'Enterprise' },
      },
    });
    await Promise.all(admitted.map((answer, n) => end(tenant, idOf(answer), n < 15 ? 'settle' : 'release')));
    expect(await readBalance(database, tenant)).toEqual({ available: 5, held: 0, overshoot: 0 });
    expect(await told(tenant, 'browsers_sessions')).toBe(15);
    expect(await checkLedger(database)).toMatchObject({ total: 0, wrong: [], wrongHolds: [] });
  });

  test('of a use that came to less are given back but for that, in whole ones', async () => {
    const tenant = await tenantOf('browsers', 'professional');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 10, until: null });
    const reserve = async () => idOf(await check(tenant, { meter: 'browsers_sessions', amount: 4 }));
    await end(tenant, await reserve(), 'settle', { amount: 2.5 });
    expect(await readBalance(database, tenant)).toMatchObject({ available: 7, held: 0 });
    await end(tenant, await reserve(), 'settle', { amount: 0 });
    expect(await readBalance(database, tenant)).toMatchObject({ available: 7, held: 0 });
    expect(await told(tenant, 'browsers_sessions')).toBe(2.5);
  });

  test.each([
    [{ meter: 'lounges_sessions', amount: 3 }, [{ limit: 'sessionsPerMonth', left: null }]],
    [{ entitlement: 'sessionsPerMonth', amount: 3 }, [{ limit: 'sessionsPerMonth', left: null }]],
    [{ check: 'session', amount: 3 }, []],
  ])('are not taken by a plan without a limit: %j', async (body, remaining) => {
    const tenant = await tenantOf('lounges', 'professional');
    const admitted = await check(tenant, body);
    expect(admitted.status).toBe(201);
    expect(admitted.body).toMatchObject({ reservation: { credits: null }, remaining });
    expect((await end(tenant, idOf(admitted), 'settle')).status).toBe(200);
    expect(await told(tenant, 'lounges_sessions')).toBe(3);
  });

  test('that were given back elsewhere close the reservation, which can still be released', async () => {
    const tenant = await tenantOf('browsers', 'professional');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 10, until: null });
    const id = idOf(await check(tenant, { meter: 'browsers_sessions', amount: 4 }));
    await operateLedger(database, { op: 'release', tenant, cause: 'elsewhere', hold: id });
    const refused = await end(tenant, id, 'settle');
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'hold_closed',
      detail: expect.stringContaining('POST /v1/usage'),
      errors: [{ field: 'reservation' }],
    });
    expect(await told(tenant, 'browsers_sessions')).toBe(0);
    expect((await end(tenant, id, 'release')).status).toBe(200);
    expect(await readBalance(database, tenant)).toMatchObject({ available: 10, held: 0 });
  });

  test('that were given back under the reservation’s own name keep no sweep from the others', async () => {
    const tenant = await tenantOf('browsers', 'professional');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 10, until: null });
    const id = idOf(await check(tenant, { meter: 'browsers_sessions', amount: 4, holdSeconds: 1 }));
    await operateLedger(database, { op: 'release', tenant, cause: id, hold: id });
    await expireReservations(database, new Date(Date.now() + 2000), 100);
    expect((await end(tenant, id, 'settle')).body).toMatchObject({
      code: 'hold_closed',
      detail: expect.stringContaining('expired'),
    });
  });

  test('buy nothing that the plan does not include', async () => {
    const tenant = await tenantOf('browsers', 'starter');
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 10, until: null });
    const refused = await check(tenant, { meter: 'browsers_sessions' });
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({
      code: 'not_in_plan',
      refusal: { limit: 'sessionsPerMonth', planWithMore: { id: 'professional' } },
    });
  });
});

describe('the API budget', () => {
  test('is set aside with the limit or not at all, and counted by what the calls cost', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    const body = { meter: 'inbox_emails', costMicros: 15_000_000 };
    const first = await check(tenant, body);
    expect(first.body).toMatchObject({
      reservation: { costMicros: 15_000_000, estimatedCostMicros: 15_000_000 },
      remaining: [
        { limit: 'emailsPerMonth', left: 499 },
        { limit: 'apiBudget', left: 5_000_000 },
      ],
    });
    const refused = await check(tenant, body);
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({
      code: 'budget_exhausted',
      detail: expect.stringContaining('$5.00'),
      refusal: {
        limit: 'apiBudget',
        allowed: 20_000_000,
        left: 5_000_000,
        requested: 15_000_000,
        resetsAt: `${month().nextFirstDay}T00:00:00.000Z`,
        planWithMore: { id: 'professional' },
      },
    });
    expect((await end(tenant, idOf(first), 'settle', { costMicros: 1_000_000 })).body).toMatchObject({
      reservation: { settled: { amount: 1, costMicros: 1_000_000 } },
    });
    const [api] = await readBudgets(database, tenant, month().firstDay);
    expect(api).toMatchObject({ spentMicros: 1_000_000, reservedMicros: 0, calls: 1 });
    expect((await check(tenant, body)).body).toMatchObject({
      remaining: [{ left: 498 }, { left: 4_000_000 }],
    });
  });

  test('that the owner capped names no plan with more', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    await setBudget(database, tenant, 'api', { capMicros: 1_000_000 });
    const refused = await check(tenant, { costMicros: 2_000_000 });
    expect(refused.body).toMatchObject({
      code: 'budget_exhausted',
      refusal: { allowed: 1_000_000, planWithMore: null },
    });
  });

  test('counts the part of what was set aside that the use came to, where nobody says what it cost', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    const id = idOf(await check(tenant, { meter: 'inbox_emails', amount: 4, costMicros: 1_000_000 }));
    expect((await end(tenant, id, 'settle', { amount: 1 })).body).toMatchObject({
      reservation: { settled: { amount: 1, costMicros: 250_000 } },
    });
    const [api] = await readBudgets(database, tenant, month().firstDay);
    expect(api).toMatchObject({ spentMicros: 250_000, reservedMicros: 0 });
  });

  test('is metered by what was spent, where only that is said', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    const settle = async (cost: { costMicros: number; amount?: number }) =>
      end(tenant, idOf(await check(tenant, { check: 'apiCost', amount: 1500 })), 'settle', cost);
    expect((await settle({ costMicros: 200 })).body).toMatchObject({
      reservation: { settled: { amount: 200, costMicros: 200 } },
    });
    expect(await told(tenant, 'inbox_api_cost_micros')).toBe(200);
    expect((await settle({ costMicros: 2000 })).status).toBe(200);
    expect((await settle({ costMicros: 0 })).status).toBe(200);
    expect(await told(tenant, 'inbox_api_cost_micros')).toBe(2200);
    const [api] = await readBudgets(database, tenant, month().firstDay);
    expect(api).toMatchObject({ spentMicros: 2200, reservedMicros: 0 });
    expect(await settle({ costMicros: 9_007_199_255 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'costMicros', message: 'must be at most 9007199254' }] },
    });
  });

  test('is held for an hour at most', async () => {
    const refused = await check(await tenantOf('inbox', 'starter'), { costMicros: 1, holdSeconds: 3601 });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ errors: [{ field: 'holdSeconds' }] });
  });
});

describe('a check of the product', () => {
  test('decides by its attributes and names the plan that includes them', async () => {
    const tenant = await tenantOf('agents', 'free');
    const refused = await check(tenant, { check: 'task', attributes: { agent: 'claude' } });
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({
      code: 'not_in_plan',
      detail: 'The plan Free does not include claude. The plan Pro includes it.',
      refusal: { limit: 'agents', planWithMore: { id: 'pro', name: 'Pro' } },
    });
    const admitted = await check(tenant, { check: 'task', attributes: { agent: 'opencode' }, amount: 2 });
    expect(admitted.body).toMatchObject({
      reservation: { meter: 'agents_tasks_opencode', estimatedCostMicros: 600_000 },
      remaining: [{ limit: 'tasksPerMonth', left: 8 }],
    });
  });

  test('is given attributes that it takes, and whole numbers', async () => {
    const tenant = await tenantOf('agents', 'free');
    const wrong = await check(tenant, { check: 'task', attributes: { agent: 7 } });
    expect(wrong.status).toBe(400);
    expect(wrong.body).toMatchObject({ errors: [{ field: 'attributes.agent' }] });
    expect(
      (await check(tenant, { check: 'task', attributes: { agent: 'opencode' }, amount: 1.5 })).body,
    ).toMatchObject({ errors: [{ field: 'amount' }] });
  });

  test.each(['plainPage', 'page'])('gets its attributes parsed, once: %s', async (name) => {
    const tenant = await tenantOf('agents', 'free');
    expect((await check(tenant, { check: name, attributes: { pages: '7' } })).body).toMatchObject({
      reservation: { estimatedCostMicros: 8 },
    });
    const wrong = await check(tenant, { check: name, attributes: { pages: 7 } });
    expect(wrong.body).toMatchObject({ errors: [{ field: 'attributes.pages' }] });
  });

  test('may limit what begins within a time: what is released does not count, what is settled does', async () => {
    const tenant = await tenantOf('agents', 'free');
    const answers = await Promise.all(Array.from({ length: 9 }, () => check(tenant, { check: 'burst' })));
    const admitted = answers.filter(({ status }) => status === 201);
    expect(admitted).toHaveLength(5);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ refusal: { limit: 'requestsPerMinute', left: 0 } });
    const retryAfterSeconds = Number(refused?.headers.get('retry-after'));
    expect(retryAfterSeconds).toBeGreaterThan(30);
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    await end(tenant, idOf(admitted[0] as Answer), 'settle');
    expect((await check(tenant, { check: 'burst' })).status).toBe(429);
    await end(tenant, idOf(admitted[1] as Answer), 'release');
    expect((await check(tenant, { check: 'burst' })).status).toBe(201);
    await database.query(
      `update tenantry.reservation_need set began_at = began_at - interval '1 minute' where tenant_id = $1`,
      [tenant],
    );
    expect((await check(tenant, { check: 'burst', amount: 5 })).status).toBe(201);
  });

  test('may limit what there is at once without a meter', async () => {
    const tenant = await tenantOf('agents', 'enterprise');
    const all = await check(tenant, { check: 'desk', amount: 10 });
    expect(all.status).toBe(201);
    expect((await check(tenant, { check: 'desk' })).status).toBe(429);
    await end(tenant, idOf(all), 'settle');
    expect((await check(tenant, { check: 'desk' })).status).toBe(201);
    const free = await check(await tenantOf('agents', 'free'), { check: 'desk' });
    expect(free.body).toMatchObject({ code: 'not_in_plan', refusal: { planWithMore: { id: 'enterprise' } } });
  });
});

describe('a question about what is on or off', () => {
  test('is answered by the plan', async () => {
    const tenant = await tenantOf('agents', 'free');
    const refused = await check(tenant, { entitlement: 'apiAccess' });
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({
      code: 'not_in_plan',
      detail: 'The plan Free does not include apiAccess. The plan Enterprise includes it.',
    });
    expect((await check(await tenantOf('agents', 'enterprise'), { entitlement: 'apiAccess' })).status).toBe(
      201,
    );
    const agent = (value: string) => check(tenant, { entitlement: 'agents', attributes: { value } });
    expect((await agent('opencode')).status).toBe(201);
    expect((await agent('claude')).body).toMatchObject({
      code: 'not_in_plan',
      refusal: { planWithMore: { id: 'pro' } },
    });
  });
});

describe('a tenant that may not use anything', () => {
  test('is refused with the reason', async () => {
    const suspended = await tenantOf('agents', 'free', {
      desired_state: 'suspended',
      suspend_reason: 'payment_failed',
    });
    const answer = await check(suspended, { meter: 'agents_tasks_opencode' });
    expect(answer.status).toBe(402);
    expect(answer.body).toMatchObject({
      code: 'suspended',
      detail: expect.stringContaining('Payment failed'),
    });
    const ended = await tenantOf('agents', 'free', { desired_state: 'deleted' });
    const gone = await check(ended, { meter: 'agents_tasks_opencode' });
    expect(gone.status).toBe(409);
    expect(gone.body).toMatchObject({ code: 'subscription_ended' });
  });

  test('may still settle what was reserved before', async () => {
    const tenant = await tenantOf('agents', 'free');
    const id = idOf(await check(tenant, { meter: 'agents_tasks_opencode' }));
    await database.query(`update tenantry.tenant set desired_state = 'suspended' where id = $1`, [tenant]);
    expect((await end(tenant, id, 'settle')).status).toBe(200);
    expect(await told(tenant, 'agents_tasks_opencode')).toBe(1);
  });
});

describe('what cannot be asked', () => {
  test.each([
    [{ meter: 'nothing' }, 'meter', 'agents_tasks_claude'],
    [{ entitlement: 'nothing' }, 'entitlement', 'tasksPerMonth'],
    [{ entitlement: 'tasksPerMonth' }, 'entitlement', 'agents_tasks_codex'],
    [{ entitlement: 'requestsPerMinute' }, 'entitlement', 'counted by no meter'],
    [{ entitlement: 'agents' }, 'attributes.value', 'must name one'],
    [{ check: 'toString' }, 'check', 'task, burst, desk'],
    [{ meter: 'agents_requests', check: 'task' }, 'check', 'send one of'],
    [{}, 'check', 'send one of'],
    [{ meter: 'agents_requests', amount: 0 }, 'amount', 'more than 0'],
    [{ meter: 'agents_requests', amount: 0.0000001 }, 'amount', 'six places'],
    [{ meter: 'agents_requests', key: 'a b' }, 'key', 'printable'],
    [{ meter: 'agents_requests', holdSeconds: 86_401 }, 'holdSeconds', 'at most 86400'],
  ])('%j is refused by %s', async (body, field, message) => {
    const tenant = await tenantOf('agents', 'free');
    const answer = await check(tenant, body);
    expect(answer.status).toBe(400);
    const { errors } = answer.body as { errors: { field: string; message: string }[] };
    expect(errors[0]?.field).toBe(field);
    expect(errors[0]?.message).toContain(message);
  });

  test('of a meter that the cluster is sampled for is refused by name', async () => {
    const answer = await check(await tenantOf('stream', 'free'), { meter: 'stream_vcpu_hours' });
    expect(answer.body).toMatchObject({
      errors: [{ field: 'meter', message: expect.stringContaining('sampled') }],
    });
  });

  test('a reservation of another tenant or of none is not found', async () => {
    const tenant = await tenantOf('agents', 'free');
    const id = idOf(await check(tenant, { meter: 'agents_tasks_opencode' }));
    const other = await tenantOf('agents', 'free');
    expect((await end(other, id, 'settle')).status).toBe(404);
    expect((await end(tenant, `res_${'0'.repeat(24)}`, 'release')).status).toBe(404);
  });

  test('by its own customer is forbidden, by a stranger not found', async () => {
    const tenant = await tenantOf('agents', 'free');
    const body = { key: 'a', meter: 'agents_tasks_opencode' };
    const as = async (person: string) =>
      service.request('POST', `/v1/tenants/${tenant}/check`, {
        body,
        token: await service.identity.token(person),
      });
    expect((await as('ada')).status).toBe(403);
    expect((await as('eve')).status).toBe(404);
  });
});
