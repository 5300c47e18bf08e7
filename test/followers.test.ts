import { hostname } from 'node:os';
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Follower, subscriptionChange, tenantChanges } from '../automation/followers.ts';
import type { JobContext } from '../automation/jobs/context.ts';
import { settleUnchanged } from '../automation/jobs/record-operation.ts';
import { syncSubscription } from '../automation/jobs/sync-subscription.ts';
import { operateLedger } from '../automation/ledger/book.ts';
import { brakeTenant } from '../automation/ledger/brake-tenant.ts';
import { readBalance } from '../automation/ledger/read.ts';
import { releaseLease, takeLease } from '../automation/store/leases.ts';
import { markSubscription } from '../automation/store/subscriptions.ts';
import { findTenant, type Tenant } from '../automation/store/tenants.ts';
import { listener } from './support/followers.ts';
import { jobContext } from './support/job-context.ts';
import { type Account, startAccount } from './support/stripe.ts';
import { sweep } from './support/sweep.ts';
import { activeColumns, addTenant } from './support/tenant-rows.ts';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account?.stop());

const day = 86_400_000;
/** A worker with the control plane's own followers and some more. */
const context = (more: readonly Follower[]): JobContext => {
  const own = jobContext({ ...account, policy: { graceMs: 0, retentionMs: 30 * day } });
  return { ...own, followers: [...own.followers, ...more] };
};

async function buy(product: string, plan: string, owner: string): Promise<Stripe.Subscription> {
  const { stripe, simulator } = account;
  const price = (await stripe.prices.list({ lookup_keys: [`tenantry:${product}:${plan}`] })).data[0];
  const open = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: price?.id ?? '', quantity: 1 }],
    success_url: 'http://localhost/',
    subscription_data: { metadata: { tenantry_owner: owner } },
  });
  simulator.payCheckout(open.id);
  const session = await stripe.checkout.sessions.retrieve(open.id, { expand: ['subscription'] });
  return session.subscription as Stripe.Subscription;
}

async function tenantOf(subscription: string): Promise<Tenant> {
  const { rows } = await account.database.query<{ id: string }>(
    'select id from tenantry.tenant where subscription_id = $1',
    [subscription],
  );
  const tenant = await findTenant(account.database, rows[0]?.id ?? '');
  if (!tenant) throw new Error(`${subscription} has no tenant`);
  return tenant;
}

/** A customer's tenant, what a follower hears about it, and what happens to it. */
async function followed(product: string, plan: string, owner: string) {
  const { follower, heard } = listener();
  const worker = context([follower]);
  const subscription = await buy(product, plan, owner);
  const sync = async (id = subscription.id) => {
    await markSubscription(account.database, id);
    await syncSubscription(worker, id);
  };
  await sync();
  const { id } = await tenantOf(subscription.id);
  return {
    id,
    worker,
    subscription,
    sync,
    /** What was heard since the last call, about this tenant alone. */
    news: () =>
      heard.splice(0).flatMap((text) => (text.startsWith(`${id} `) ? text.slice(id.length + 1) : [])),
    /** The engine has made it what it should be. */
    async stands() {
      const lease = await takeLease(account.database, id, {
        holder: 'test',
        host: hostname(),
        ttlMs: 60_000,
      });
      const tenant = await findTenant(account.database, id);
      if (!lease || !tenant) throw new Error('somebody else is at it');
      await settleUnchanged(worker, lease, tenant);
      await releaseLease(account.database, lease);
    },
  };
}

describe('a follower hears once', () => {
  test('of all that happens to a tenant, from its payment to its end', async () => {
    const { stripe, database } = account;
    const { news, sync, stands, subscription, worker, id } = await followed('workspace', 'byoc', 'ada');
    expect(news()).toEqual(['created']);
    await sync();
    expect(news()).toEqual([]);
    await stands();
    await stands();
    expect(news()).toEqual(['active']);

    const [bigger] = (await stripe.prices.list({ lookup_keys: ['tenantry:workspace:we-manage'] })).data;
    const item = subscription.items.data[0]?.id ?? '';
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: bigger?.id ?? '' }],
    });
    await sync();
    await sync();
    expect(news()).toEqual(['plan_changed byoc we-manage']);
    await stands();
    expect(news()).toEqual([]);

    await stripe.subscriptions.cancel(subscription.id);
    await sync();
    await sync();
    expect(news()).toEqual(['suspended subscription_ended', 'deletion_scheduled']);
    await stands();
    expect(news()).toEqual([]);

    const again = await buy('workspace', 'we-manage', 'ada');
    await sync(again.id);
    expect(news()).toEqual(['resumed', 'deletion_cancelled']);
    await stands();
    expect(news()).toEqual([]);

    await stripe.subscriptions.cancel(again.id);
    await sync(again.id);
    expect(news()).toEqual(['suspended subscription_ended', 'deletion_scheduled']);
    await database.query('update tenantry.tenant set delete_after = $2 where id = $1', [id, worker.now()]);
    await sweep(worker, 'cell');
    await sweep(worker, 'cell');
    expect(news()).toEqual(['deleting']);
    await stands();
    expect(news()).toEqual(['deleted']);
  });

  test('of its seats, alone and together with its plan', async () => {
    const { stripe } = account;
    const { news, sync, stands, subscription } = await followed('stream', 'professional', 'mary');
    await stands();
    expect(news()).toEqual(['created', 'active']);
    const id = subscription.items.data[0]?.id ?? '';
    await stripe.subscriptions.update(subscription.id, { items: [{ id, quantity: 3 }] });
    await sync();
    await sync();
    expect(news()).toEqual(['seats_changed 1 3']);
    const [bigger] = (await stripe.prices.list({ lookup_keys: ['tenantry:stream:business'] })).data;
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id, price: bigger?.id ?? '', quantity: 2 }],
    });
    await sync();
    expect(news()).toEqual(['plan_changed professional business', 'seats_changed 3 2']);
  });

  test('of a slot that it is created and active when a customer gets it, and nothing before', async () => {
    const slot = await addTenant(account.database, {
      product: 'browsers',
      plan: 'professional',
      slot: true,
      owner: null,
    });
    for (const [column, value] of Object.entries(activeColumns(slot.namespace))) {
      if (column === 'active_at') continue;
      await account.database.query(`update tenantry.tenant set ${column} = $2 where id = $1`, [
        slot.id,
        column === 'outputs' ? JSON.stringify(value) : value,
      ]);
    }
    const { id, news, stands } = await followed('browsers', 'starter', 'grace');
    expect(id).toBe(slot.id);
    expect(news()).toEqual(['created', 'active']);
    await stands();
    expect(news()).toEqual([]);
  });

  test('why the brake stops a tenant and that it lets it go on', async () => {
    const { news, worker, id } = await followed('browsers', 'professional', 'joan');
    news();
    const { database } = account;
    const balance = await readBalance(database, id);
    await operateLedger(database, {
      op: 'capture',
      tenant: id,
      cause: 'work',
      amount: balance?.available ?? 0,
    });
    await brakeTenant(worker, id);
    await brakeTenant(worker, id);
    expect(news()).toEqual(['suspended credits_exhausted']);
    await operateLedger(database, { op: 'top_up', tenant: id, cause: 'gift', amount: 5, until: null });
    await brakeTenant(worker, id);
    expect(news()).toEqual(['resumed']);
  });
});

test('what becomes of a subscription is told once, after what becomes of its tenant', async () => {
  const { stripe } = account;
  const subscription = await buy('workspace', 'byoc', 'ruth');
  const heard: string[] = [];
  const worker = context([
    {
      name: 'subscriptions',
      async tenantChanged(_client, _tenant, { kind }) {
        heard.push(kind);
      },
      async subscriptionChanged(client, tenant, { before, after }) {
        const { rows } = await client.query<{ status: string }>(
          'select status from tenantry.subscription where id = $1',
          [after.id],
        );
        const of = (state: typeof after | null) =>
          state && `${state.status}${state.cancelAtPeriodEnd ? ', to end' : ''}`;
        heard.push(`${of(before)} -> ${of(after)}: ${tenant.desiredState}, ${rows[0]?.status}`);
      },
    },
  ]);
  const sync = async () => {
    await markSubscription(account.database, subscription.id);
    await syncSubscription(worker, subscription.id);
    return heard.splice(0);
  };
  expect(await sync()).toEqual(['created', 'null -> active: active, active']);
  expect(await sync()).toEqual([]);
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  expect(await sync()).toEqual(['active -> active, to end: active, active']);
  await stripe.subscriptions.update(subscription.id, { metadata: { colour: 'green' } });
  expect(await sync()).toEqual([]);
  await stripe.subscriptions.cancel(subscription.id);
  const [last, ...changes] = (await sync()).reverse();
  expect(changes).toContain('suspended');
  expect(last).toMatch(/^active, to end -> canceled(, to end)?: suspended, canceled$/);
});

test('a renewal that changes nothing of the tenant is told', () => {
  const state = {
    id: 'sub_1',
    status: 'active',
    plan: 'byoc',
    seats: 1,
    currentPeriodEnd: new Date('2026-05-01'),
    cancelAtPeriodEnd: false,
    pastDueSince: null,
  };
  const renewed = { ...state, currentPeriodEnd: new Date('2026-06-01') };
  expect(subscriptionChange(state, renewed)).toEqual({ before: state, after: renewed });
  expect(subscriptionChange(state, { ...state, currentPeriodEnd: new Date('2026-05-01') })).toBeNull();
});

test('what a follower refuses does not happen', async () => {
  const subscription = await buy('workspace', 'byoc', 'mallory');
  const refusing = context([
    {
      name: 'refusing',
      async tenantChanged(client, tenant) {
        await client.query(`update tenantry.tenant set slug = 'touched' where id = $1`, [tenant.id]);
        throw new Error('not with me');
      },
    },
  ]);
  await markSubscription(account.database, subscription.id);
  await expect(syncSubscription(refusing, subscription.id)).rejects.toThrow('not with me');
  await expect(tenantOf(subscription.id)).rejects.toThrow('has no tenant');
  await syncSubscription(context([]), subscription.id);
  expect(await tenantOf(subscription.id)).not.toMatchObject({ slug: 'touched' });
});

describe('what happened between two states of a row', () => {
  const at = new Date('2026-05-01T00:00:00Z');
  const later = new Date('2026-06-01T00:00:00Z');
  let row: Tenant;
  beforeAll(async () => {
    row = await addTenant(account.database, { owner: 'kay' });
  });
  const told = (before: Partial<Tenant> | null, after: Partial<Tenant>) =>
    tenantChanges(before && { ...row, ...before }, { ...row, ...after }).map(({ kind }) => kind);

  test.each<[string, Partial<Tenant> | null, Partial<Tenant>, string[]]>([
    ['a slot is made', null, { slot: true, owner: null }, []],
    [
      'a slot is deleted',
      { slot: true, owner: null },
      { slot: true, owner: null, desiredState: 'deleted' },
      [],
    ],
    ['a tenant is made', null, {}, ['created']],
    [
      'a slot that stands is given away',
      { slot: true, owner: null },
      { activeAt: at },
      ['created', 'active'],
    ],
    ['nothing that matters', { attempts: 3 }, { attempts: 0, desiredGeneration: 9 }, []],
    ['first active', { activeAt: null }, { activeAt: at }, ['active']],
    ['active again', { activeAt: at, phase: 'updating' }, { activeAt: at, phase: 'active' }, []],
    [
      'suspended for another reason',
      { desiredState: 'suspended', suspendReason: 'payment_overdue' },
      { desiredState: 'suspended', suspendReason: 'payment_failed' },
      ['suspended'],
    ],
    [
      'the day of its deletion moves',
      { desiredState: 'suspended', deleteAfter: at },
      { desiredState: 'suspended', deleteAfter: later },
      ['deletion_scheduled'],
    ],
    [
      'deleted when its day has come',
      { desiredState: 'suspended', deleteAfter: at },
      { desiredState: 'deleted', deleteAfter: null },
      ['deleting'],
    ],
    [
      'found deleted again',
      { desiredState: 'deleted', observedState: 'deleted' },
      { desiredState: 'deleted', observedState: 'deleted' },
      [],
    ],
  ])('%s', (_case, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});
