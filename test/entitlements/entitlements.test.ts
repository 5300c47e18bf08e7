import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operateLedger } from '../../automation/ledger/book.ts';
import { setBudget } from '../../automation/ledger/budget-rows.ts';
import { monthNamed } from '../../automation/metering/time.ts';
import type { Database } from '../../automation/store/database.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

/** What a tenant may do now, as its owner reads it. */

let service: Service;
let database: Database;
let ada: string;
beforeAll(async () => {
  service = await startService();
  database = service.database;
  ada = await service.identity.token('ada');
});
afterAll(() => service?.stop());

let resetsAt: string;
beforeEach(() => {
  resetsAt = `${monthNamed(new Date().toISOString()).nextFirstDay}T00:00:00.000Z`;
});

const tenantOf = async (product: string, plan: string, subscriptionId?: string) =>
  (
    await addTenant(database, {
      product: product as never,
      plan,
      owner: 'ada',
      ...(subscriptionId !== undefined && { subscriptionId }),
    })
  ).id;
const show = (tenant: string, headers: Record<string, string> = {}, token = ada): Promise<Answer> =>
  service.request('GET', `/v1/tenants/${tenant}/entitlements`, { token, headers });
const check = async (tenant: string, body: object) =>
  service.request('POST', `/v1/tenants/${tenant}/check`, { body });

describe('what a tenant may do', () => {
  test('is its plan with what is used, held and left of each limit, and when it resets', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    const held = await check(tenant, { key: 'a', meter: 'inbox_emails', amount: 120, costMicros: 5_000_000 });
    const { id } = (held.body as { reservation: { id: string } }).reservation;
    await service.request('POST', `/v1/tenants/${tenant}/check/${id}/settle`, {
      body: { amount: 100, costMicros: 4_000_000 },
    });
    await check(tenant, { key: 'b', meter: 'inbox_emails', amount: 30, costMicros: 1_000_000 });
    const answer = await show(tenant);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      tenant,
      product: 'inbox',
      plan: 'starter',
      state: 'active',
      reason: null,
      entitlements: {
        apiBudgetCents: { value: 2_000, use: null },
        emailsPerMonth: {
          value: 500,
          use: { per: 'month', meters: ['inbox_emails'], used: 100, held: 30, remaining: 370, resetsAt },
        },
        projects: { value: 2, use: null },
      },
      planFeatures: [],
      credits: null,
      budgets: [
        {
          kind: 'api',
          limitMicros: 20_000_000,
          spentMicros: 4_000_000,
          reservedMicros: 1_000_000,
          remainingMicros: 15_000_000,
          resetsAt,
        },
        {
          kind: 'spend',
          limitMicros: null,
          spentMicros: 0,
          reservedMicros: 0,
          remainingMicros: null,
          resetsAt,
        },
      ],
      database: null,
    });
  });

  test('says how full its database is', async () => {
    const tenant = await tenantOf('inbox', 'starter');
    await database.query(
      `insert into tenantry.database_use (tenant_id, kind, used_bytes, limit_bytes, full_since)
       values ($1, 'schema', 11, 10, '2026-11-30T10:00:00Z'), ($1, 'database', 12, 100, null)`,
      [tenant],
    );
    expect((await show(tenant)).body).toMatchObject({
      database: { usedBytes: 11, limitBytes: 10, fullSince: '2026-11-30T10:00:00.000Z' },
    });
  });

  test('on credits is what these pay for, until the paid period ends', async () => {
    const tenant = await tenantOf('browsers', 'professional', 'sub_credits');
    await database.query(
      `update tenantry.subscription set status = 'active', current_period_end = '2027-03-01T10:00:00Z' where id = $1`,
      ['sub_credits'],
    );
    await operateLedger(database, { op: 'top_up', tenant, cause: 'all', amount: 50, until: null });
    await check(tenant, { key: 'a', meter: 'browsers_sessions', amount: 8 });
    const periodEnd = '2027-03-01T10:00:00.000Z';
    expect((await show(tenant)).body).toMatchObject({
      entitlements: {
        sessionsPerMonth: {
          value: 5_000,
          use: { per: 'credits', used: 0, held: 8, remaining: 42, resetsAt: periodEnd },
        },
      },
      credits: { available: 42, held: 8, allowance: 5_000, resetsAt: periodEnd },
    });
  });

  test('names what is simply on, and shows lists and what is without a limit', async () => {
    expect((await show(await tenantOf('agents', 'enterprise'))).body).toMatchObject({
      planFeatures: ['apiAccess', 'priority', 'privateSandboxes'],
      entitlements: {
        agents: { value: expect.arrayContaining(['claude', 'opencode']), use: null },
        tasksPerMonth: { value: null, use: { per: 'month', used: 0, remaining: null } },
      },
    });
  });

  test('counts what is open at once', async () => {
    const tenant = await tenantOf('stream', 'professional');
    await check(tenant, { key: 'a', entitlement: 'sessions', amount: 2 });
    expect((await show(tenant)).body).toMatchObject({
      entitlements: {
        sessions: { value: 5, use: { per: 'at_once', used: 2, remaining: 3, resetsAt: null } },
      },
    });
  });

  test('is nothing while it is suspended, with the reason', async () => {
    const tenant = await tenantOf('agents', 'pro');
    await database.query(
      `update tenantry.tenant set desired_state = 'suspended', suspend_reason = 'spend_cap_reached' where id = $1`,
      [tenant],
    );
    expect((await show(tenant)).body).toMatchObject({
      state: 'suspended',
      reason: { code: 'spend_cap_reached', message: expect.stringContaining('spend cap') },
    });
  });

  test('is for its owner and operators alone', async () => {
    const tenant = await tenantOf('agents', 'pro');
    expect((await show(tenant, {}, await service.identity.token('eve'))).status).toBe(404);
    expect((await show(tenant, {}, await service.identity.token('root', 'operator'))).status).toBe(200);
    expect((await service.request('GET', `/v1/tenants/${tenant}/entitlements`, { token: null })).status).toBe(
      401,
    );
  });
});

describe('the ETag', () => {
  test('is answered by 304 as long as nothing has changed', async () => {
    const tenant = await tenantOf('agents', 'pro');
    const first = await show(tenant);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w+/=-]{20,}"$/);
    const again = await show(tenant, { 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(again.text).toBe('');
    expect(again.headers.get('etag')).toBe(etag);
    expect(again.headers.get('cache-control')).toBe('private, no-cache');
    expect((await show(tenant, { 'if-none-match': '"other"' })).status).toBe(200);
    expect((await show(tenant, { 'if-none-match': `"other", W/${etag}` })).status).toBe(304);
  });

  test('changes with whatever the answer says', async () => {
    const tenant = await tenantOf('browsers', 'professional', 'sub_etag');
    const run = (sql: string, ...values: unknown[]) => database.query(sql, [tenant, ...values]);
    let etag = (await show(tenant)).headers.get('etag') ?? '';
    const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
      [
        'credits',
        () => operateLedger(database, { op: 'top_up', tenant, cause: 'a', amount: 9, until: null }),
      ],
      ['a reservation', () => check(tenant, { key: 'a', meter: 'browsers_sessions' })],
      ['a budget', () => setBudget(database, tenant, 'spend', { capMicros: 1_000_000 })],
      [
        'the period',
        () =>
          run(`update tenantry.subscription s set current_period_end = '2027-01-01'
        from tenantry.tenant t where t.id = $1 and s.id = t.subscription_id`),
      ],
      ['the state', () => run(`update tenantry.tenant set desired_state = 'suspended' where id = $1`)],
      ['the reason', () => run(`update tenantry.tenant set suspend_reason = 'payment_failed' where id = $1`)],
      [
        'the plan',
        () =>
          run(
            `update tenantry.tenant set desired_spec = jsonb_set(desired_spec, '{plan}', '"enterprise"') where id = $1`,
          ),
      ],
      [
        'use',
        () =>
          run(
            `insert into tenantry.usage_month values ($1, $2, 'browsers_sessions', 1000000)`,
            monthNamed(new Date().toISOString()).firstDay,
          ),
      ],
    ];
    for (const [what, change] of changes) {
      await change();
      const next = await show(tenant, { 'if-none-match': etag });
      expect([what, next.status]).toEqual([what, 200]);
      etag = next.headers.get('etag') ?? '';
      expect((await show(tenant, { 'if-none-match': etag })).status).toBe(304);
    }
  });
});
