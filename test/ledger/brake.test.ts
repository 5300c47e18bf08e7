import { randomBytes } from 'node:crypto';
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { operateLedger } from '../../automation/ledger/book.ts';
import { overshootBound } from '../../automation/ledger/bound.ts';
import { brakeTenant } from '../../automation/ledger/brake-tenant.ts';
import { changeBudget, settleApiCost } from '../../automation/ledger/charge.ts';
import { checkLedger, listEntries, readBalance } from '../../automation/ledger/read.ts';
import { keepLedger } from '../../automation/ledger/upkeep.ts';
import type { StripeSimulator } from '../../automation/local/stripe/index.ts';
import { listAudit } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { jobContext } from '../support/job-context.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { sweep } from '../support/sweep.ts';
import { addTenant } from '../support/tenant-rows.ts';

let account: Account;
let database: Database;
let simulator: StripeSimulator;
let stripe: Stripe;
let simulated: () => Date;

beforeAll(async () => {
  account = await startAccount();
  ({ database, simulator, stripe, now: simulated } = account);
});
afterAll(async () => {
  if (database) expect(await checkLedger(database)).toMatchObject({ total: 0, wrong: [], wrongHolds: [] });
  await account?.stop();
});

const context = () => jobContext({ database, stripe, now: simulated });
const day = 86_400;
const newCause = () => randomBytes(6).toString('hex');

async function priceOf(plan: string): Promise<string> {
  const { data } = await stripe.prices.list({ lookup_keys: [`tenantry:browsers:${plan}`] });
  return data[0]?.id ?? '';
}
const sync = async (id: string) => {
  await markSubscription(database, id);
  await syncSubscription(context(), id);
};
async function tenantOf(subscriptionId: string): Promise<Tenant> {
  const { rows } = await database.query<{ id: string }>(
    'select id from tenantry.tenant where subscription_id = $1',
    [subscriptionId],
  );
  const tenant = rows[0] && (await findTenant(database, rows[0].id));
  if (!tenant) throw new Error(`${subscriptionId} has no tenant`);
  return tenant;
}
/** Buys a plan of browsers as through our checkout, and syncs it. */
async function bought(plan = 'professional') {
  const open = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: await priceOf(plan), quantity: 1 }],
    success_url: 'http://localhost/',
    subscription_data: { metadata: { tenantry_owner: `owner-${newCause()}` } },
  });
  simulator.payCheckout(open.id);
  const session = await stripe.checkout.sessions.retrieve(open.id, { expand: ['subscription'] });
  const subscription = session.subscription as Stripe.Subscription;
  await sync(subscription.id);
  return { subscription, tenant: await tenantOf(subscription.id) };
}
const spend = (tenant: string, amount: number, more = {}) =>
  operateLedger(database, { op: 'capture', tenant, cause: newCause(), amount, ...more });
const balance = async (tenant: string) => {
  const found = await readBalance(database, tenant);
  return found && [found.available, found.held, found.overshoot];
};
const stateOf = async (id: string) => {
  const tenant = await findTenant(database, id);
  return [tenant?.desiredState, tenant?.suspendReason];
};
const isRung = async (id: string) => {
  const { rowCount } = await database.query('select 1 from graphile_worker.jobs where key = $1', [
    `brake-tenant:${id}`,
  ]);
  return rowCount === 1;
};
/** What a worker does when it is rung; nothing when it is not. */
async function answerDoorbell(id: string): Promise<boolean> {
  const { rowCount } = await database.query(
    'select graphile_worker.remove_job($1) from graphile_worker.jobs where key = $1',
    [`brake-tenant:${id}`],
  );
  if (rowCount !== 1) return false;
  await brakeTenant(context(), id);
  return true;
}

describe('credits of a subscription', () => {
  test('are there with the tenant, once, however often it is synced', async () => {
    const { subscription, tenant } = await bought();
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
    await Promise.all([sync(subscription.id), sync(subscription.id), sync(subscription.id)]);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
    const trail = await listAudit(database, tenant.id, { audience: 'tenant' });
    expect(trail.filter(({ kind }) => kind === 'credits.granted')).toHaveLength(1);
  });

  test('are those of the plan: none on Starter, which no brake stops', async () => {
    const { tenant } = await bought('starter');
    expect(await balance(tenant.id)).toEqual([0, 0, 0]);
    await brakeTenant(context(), tenant.id);
    expect(await stateOf(tenant.id)).toEqual(['active', null]);
  });

  test('begin anew when the renewal is paid, not before, and resume who had run out', async () => {
    const { subscription, tenant } = await bought();
    await spend(tenant.id, 5000);
    expect(await answerDoorbell(tenant.id)).toBe(true);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'credits_exhausted']);

    const end = subscription.items.data[0]?.current_period_end ?? 0;
    await simulator.advanceClock({ to: end + 60 });
    await sync(subscription.id);
    // The period has begun; its invoice is a draft for an hour.
    expect(await balance(tenant.id)).toEqual([0, 0, 0]);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'credits_exhausted']);

    await simulator.advanceClock({ seconds: 2 * 3600 });
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
    expect(await stateOf(tenant.id)).toEqual(['active', null]);

    await spend(tenant.id, 1);
    await simulator.advanceClock({ seconds: 32 * day });
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
  });

  test('come with every webhook lost: the sweep alone finds the period, and later that it is paid', async () => {
    const { subscription, tenant } = await bought();
    await spend(tenant.id, 1000);
    const { id } = subscription;
    const isRungFor = async () => {
      const { rowCount } = await database.query(
        'select graphile_worker.remove_job($1) from graphile_worker.jobs where key = $1',
        [`sync-subscription:${id}`],
      );
      return rowCount === 1;
    };
    const sweepAndSync = async () => {
      await sweep(context(), 'shared');
      expect(await isRungFor()).toBe(true);
      await syncSubscription(context(), id);
    };
    await isRungFor();
    await sweep(context(), 'shared');
    expect(await isRungFor()).toBe(false);
    await simulator.advanceClock({ to: (subscription.items.data[0]?.current_period_end ?? 0) + 60 });
    await sweepAndSync();
    expect(await balance(tenant.id)).toEqual([4000, 0, 0]);
    await simulator.advanceClock({ seconds: 2 * 3600 });
    await sweepAndSync();
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
  });

  test('of a renewal that fails do not come', async () => {
    const { subscription, tenant } = await bought();
    await spend(tenant.id, 4990);
    simulator.setCard(String(subscription.customer), { works: false });
    await simulator.advanceClock({ seconds: 32 * day });
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([10, 0, 0]);
    simulator.setCard(String(subscription.customer), { works: true, retry: true });
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
  });

  test('come in full with the first paid plan, whose period begins at once', async () => {
    const { subscription, tenant } = await bought('starter');
    const [item] = subscription.items.data;
    await simulator.advanceClock({ seconds: 14 * day });
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item?.id ?? '', price: await priceOf('professional') }],
      proration_behavior: 'always_invoice',
    });
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([5000, 0, 0]);
  });

  test('end with the subscription', async () => {
    const { subscription, tenant } = await bought();
    await stripe.subscriptions.cancel(subscription.id);
    await sync(subscription.id);
    expect(await balance(tenant.id)).toEqual([0, 0, 0]);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'subscription_ended']);
    await answerDoorbell(tenant.id);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'subscription_ended']);
  });
});

describe('the credit brake', () => {
  test('throttles while the last credits are held, pauses when they are spent, resumes by a top-up', async () => {
    const { subscription, tenant } = await bought();
    const until = new Date(Date.now() + 3_600_000);
    await spend(tenant.id, 4999);
    expect(await isRung(tenant.id)).toBe(false);
    await operateLedger(database, { op: 'hold', tenant: tenant.id, cause: 'last', amount: 1, until });
    await answerDoorbell(tenant.id);
    expect(await stateOf(tenant.id)).toEqual(['active', null]);
    await spend(tenant.id, 1, { hold: 'last' });
    await answerDoorbell(tenant.id);
    const generation = (await findTenant(database, tenant.id))?.desiredGeneration ?? 0;
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'credits_exhausted']);
    // A sync of the subscription, which is paid, does not undo it.
    await sync(subscription.id);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'credits_exhausted']);

    await operateLedger(database, {
      op: 'top_up',
      tenant: tenant.id,
      cause: 'more',
      amount: 10,
      until: null,
    });
    expect(await answerDoorbell(tenant.id)).toBe(true);
    expect(await stateOf(tenant.id)).toEqual(['active', null]);
    expect((await findTenant(database, tenant.id))?.desiredGeneration).toBe(generation + 1);
    const levels = (await listAudit(database, tenant.id, { audience: 'tenant' }))
      .filter(({ kind }) => kind === 'tenant.brake')
      .map(({ data }) => data.level);
    expect(levels).toEqual(['throttled', 'paused', 'none']);
  });

  test('is found by the sweep when its doorbell is lost', async () => {
    const { tenant } = await bought();
    await spend(tenant.id, 5000);
    await database.query('select graphile_worker.remove_job($1)', [`brake-tenant:${tenant.id}`]);
    await keepLedger(database, simulated());
    expect(await answerDoorbell(tenant.id)).toBe(true);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'credits_exhausted']);
  });

  test('does not resume who has not paid', async () => {
    const { subscription, tenant } = await bought();
    await spend(tenant.id, 5000);
    await answerDoorbell(tenant.id);
    await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior: 'void' } });
    simulator.setCard(String(subscription.customer), { works: false });
    await stripe.subscriptions.cancel(subscription.id);
    await sync(subscription.id);
    await operateLedger(database, {
      op: 'top_up',
      tenant: tenant.id,
      cause: 'gift',
      amount: 10,
      until: null,
    });
    await answerDoorbell(tenant.id);
    expect(await stateOf(tenant.id)).toEqual(['suspended', 'subscription_ended']);
  });

  test('leaves no overshoot of held work, however many sessions want the last credits', async () => {
    const { tenant } = await bought();
    await spend(tenant.id, 4980);
    const until = new Date(Date.now() + 3_600_000);
    const sessions = await Promise.all(
      Array.from({ length: 64 }, async (_, n) => {
        const cause = `session-${n}`;
        const held = await operateLedger(database, {
          op: 'hold',
          tenant: tenant.id,
          cause,
          amount: 1,
          until,
        });
        if (held.outcome === 'done') await spend(tenant.id, 1, { hold: cause });
        return held.outcome;
      }),
    );
    expect(sessions.filter((outcome) => outcome === 'done')).toHaveLength(20);
    expect(await balance(tenant.id)).toEqual([0, 0, 0]);
  });

  test('stops metered work within the bound, and the ledger says by how much it went beyond', async () => {
    const { tenant } = await bought();
    await spend(tenant.id, 4000);
    const ratePerSecond = 7;
    const sampleSeconds = 30;
    const reactionSeconds = 12;
    let used = 0;
    const sample = async (seconds: number) => {
      used += seconds * ratePerSecond;
      await spend(tenant.id, seconds * ratePerSecond, { metered: true });
    };
    while ((await stateOf(tenant.id))[0] === 'active') {
      await sample(sampleSeconds);
      await answerDoorbell(tenant.id);
    }
    // The cluster takes its time to stop; the rest is booked when it has.
    await sample(reactionSeconds);
    const [available, held, overshoot] = (await balance(tenant.id)) ?? [];
    const bound = overshootBound({ ratePerSecond, sampleSeconds, reactionSeconds, inFlight: 0 });
    expect([available, held]).toEqual([0, 0]);
    expect(overshoot).toBe(used - 1000);
    expect(overshoot).toBeGreaterThan(0);
    expect(overshoot).toBeLessThanOrEqual(bound);
    const entries = await listEntries(database, tenant.id, {}, firstPage(500, 'id'));
    expect(
      entries.filter(({ kind }) => kind === 'overshoot').reduce((sum, { amount }) => sum + amount, 0),
    ).toBe(overshoot);
  });
});

describe('the API budget', () => {
  test('throttles near its end, pauses at it, and a higher limit or a new month resumes', async () => {
    const { id } = await addTenant(database, { product: 'inbox', plan: 'starter' });
    const tenant = { id, product: 'inbox', plan: 'starter' };
    const cost = (dollars: number) =>
      settleApiCost(
        database,
        tenant,
        { callId: newCause(), provider: 'p', operation: null, project: null, at: simulated() },
        dollars * 1e6,
      );
    await cost(17);
    expect(await answerDoorbell(id)).toBe(false);
    await cost(1);
    await answerDoorbell(id);
    expect((await findTenant(database, id))?.desiredSpec).toMatchObject({ throttled: true, state: 'active' });
    await cost(2);
    await answerDoorbell(id);
    expect(await stateOf(id)).toEqual(['suspended', 'api_budget_exhausted']);
    await changeBudget(database, tenant, {
      kind: 'api',
      agreedMicros: 50e6,
      by: 'operator',
      at: simulated(),
    });
    await answerDoorbell(id);
    expect(await stateOf(id)).toEqual(['active', null]);
    expect((await findTenant(database, id))?.desiredSpec).not.toHaveProperty('throttled');
    await cost(31);
    await answerDoorbell(id);
    expect(await stateOf(id)).toEqual(['suspended', 'api_budget_exhausted']);
    await simulator.advanceClock({ seconds: 32 * day });
    await keepLedger(database, simulated());
    await answerDoorbell(id);
    expect(await stateOf(id)).toEqual(['active', null]);
  });
});
