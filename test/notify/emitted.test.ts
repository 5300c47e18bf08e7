import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobContext } from '../../automation/jobs/context.ts';
import { settleUnchanged } from '../../automation/jobs/record-operation.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { applyToLedger, expireCredits, grantCredits, operateLedger } from '../../automation/ledger/book.ts';
import { changeBudget, reportSpend, settleApiCost } from '../../automation/ledger/charge.ts';
import { slotMs } from '../../automation/metering/time.ts';
import { writeTold } from '../../automation/metering/usage.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { type EventType, eventData, eventTypes } from '../../automation/notify/events.ts';
import { emit, notifyFollower } from '../../automation/notify/index.ts';
import {
  bindMember,
  insertOrganization,
  putMember,
  removeMember,
} from '../../automation/organizations/organizations.ts';
import { releaseLease, takeLease } from '../../automation/store/leases.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { findTenant } from '../../automation/store/tenants.ts';
import { jobContext } from '../support/job-context.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { sweep } from '../support/sweep.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { addEndpoint, logOf } from './setting.ts';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account?.stop());

interface Told {
  readonly type: EventType;
  readonly data: Record<string, unknown>;
}

/** What was told of a tenant or an organization, oldest first: each as its schema has it, with nothing beside. */
async function toldOf(about: string): Promise<Told[]> {
  const { rows } = await account.database.query<{ body: string }>(
    `select body from tenantry.notify_event where coalesce(tenant_id, organization_id) = $1 order by at, ctid`,
    [about],
  );
  return rows.map(({ body }) => {
    const told = JSON.parse(body) as Told;
    expect(eventData[told.type].strict().parse(told.data)).toEqual(told.data);
    return told;
  });
}

const typesOf = async (about: string) => (await toldOf(about)).map(({ type }) => type);

test('a life from payment to deletion is told, with what the owner may know', async () => {
  const { database, stripe, simulator } = account;
  const worker: JobContext = jobContext({
    ...account,
    policy: { graceMs: 0, retentionMs: 86_400_000 },
    followers: [notifyFollower],
  });
  const buy = async (plan: string) => {
    const [price] = (await stripe.prices.list({ lookup_keys: [`tenantry:workspace:${plan}`] })).data;
    const open = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price?.id ?? '', quantity: 1 }],
      success_url: 'http://localhost/',
      subscription_data: { metadata: { tenantry_owner: 'ada' } },
    });
    simulator.payCheckout(open.id);
    const session = await stripe.checkout.sessions.retrieve(open.id, { expand: ['subscription'] });
    if (typeof session.subscription === 'string' || !session.subscription)
      throw new Error('nothing was bought');
    await sync(session.subscription.id);
    return session.subscription;
  };
  const sync = async (id: string) => {
    await markSubscription(database, id);
    await syncSubscription(worker, id);
  };
  const subscription = await buy('byoc');
  const { rows } = await database.query<{ id: string }>(
    'select id from tenantry.tenant where subscription_id = $1',
    [subscription.id],
  );
  const id = rows[0]?.id ?? '';
  const stands = async () => {
    const lease = await takeLease(database, id, { holder: 'test', host: hostname(), ttlMs: 60_000 });
    const tenant = await findTenant(database, id);
    if (!lease || !tenant) throw new Error('somebody else is at it');
    await settleUnchanged(worker, lease, tenant);
    await releaseLease(database, lease);
  };
  await stands();
  const [bigger] = (await stripe.prices.list({ lookup_keys: ['tenantry:workspace:we-manage'] })).data;
  await stripe.subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0]?.id ?? '', price: bigger?.id ?? '' }],
  });
  await sync(subscription.id);
  await sync(subscription.id);
  await stripe.subscriptions.cancel(subscription.id);
  await sync(subscription.id);
  const again = await buy('we-manage');
  await stripe.subscriptions.cancel(again.id);
  await sync(again.id);
  await database.query('update tenantry.tenant set delete_after = $2 where id = $1', [id, worker.now()]);
  await sweep(worker, 'cell');
  await stands();

  const told = await toldOf(id);
  expect(told.map(({ type }) => type)).toEqual([
    'tenant.created',
    'tenant.active',
    'tenant.plan_changed',
    'tenant.suspended',
    'tenant.deletion_scheduled',
    'tenant.resumed',
    'tenant.suspended',
    'tenant.deletion_scheduled',
    'tenant.deleted',
  ]);
  expect(told[0]?.data).toEqual({
    tenant: expect.objectContaining({
      id,
      owner: 'ada',
      product: 'workspace',
      plan: 'byoc',
      state: 'active',
    }),
  });
  expect(told[2]?.data).toMatchObject({ from: 'byoc', to: 'we-manage', tenant: { plan: 'we-manage' } });
  expect(told[3]?.data).toMatchObject({ reason: 'subscription_ended', tenant: { state: 'suspended' } });
  expect(told[4]?.data).toMatchObject({ deleteAfter: expect.stringMatching(/^20.*Z$/) });
  expect(told[8]?.data).toMatchObject({ tenant: { phase: 'deleted', state: 'deleted' } });
});

test('credits are told once as they run low and out, and again after a grant', async () => {
  const { database } = account;
  const { id } = await addTenant(database, { product: 'browsers', plan: 'professional' });
  const book = (op: 'hold' | 'capture' | 'release' | 'top_up', cause: string, amount = 1) =>
    applyToLedger(database, [
      op === 'hold'
        ? { op, tenant: id, cause, amount, until: new Date(Date.now() + 60_000) }
        : op === 'release'
          ? { op, tenant: id, cause, hold: cause }
          : op === 'top_up'
            ? { op, tenant: id, cause, amount, until: null }
            : { op, tenant: id, cause, amount },
    ]);
  await grantCredits(database, id, { cause: 'invoice:1', amount: 100, adds: false, spendBy: null });
  await book('capture', 'a', 79);
  expect(await toldOf(id)).toEqual([]);
  await book('hold', 'h1', 2);
  expect(await toldOf(id)).toMatchObject([
    { type: 'credits.low', data: { tenantId: id, available: 19, lowBelow: 20 } },
  ]);
  await book('release', 'h1');
  await book('hold', 'h2', 2);
  expect(await typesOf(id)).toEqual(['credits.low']);
  await book('capture', 'b', 19);
  await book('release', 'h2');
  await book('capture', 'c', 2);
  const told = await toldOf(id);
  expect(told.map(({ type }) => type)).toEqual(['credits.low', 'credits.exhausted']);
  expect(told[1]?.data).toEqual({ tenantId: id, available: 0, held: 2 });

  await book('top_up', 'gift', 10);
  await book('capture', 'd', 8);
  await book('capture', 'e', 2);
  expect((await typesOf(id)).slice(2)).toEqual(['credits.low', 'credits.exhausted']);
});

test('credits that expire are told like those that are spent, and a plan without any tells nothing', async () => {
  const { database } = account;
  const { id } = await addTenant(database, { product: 'browsers', plan: 'professional' });
  const soon = new Date(Date.now() + 60_000);
  await operateLedger(database, { op: 'top_up', tenant: id, cause: 'gift', amount: 10, until: soon });
  await expireCredits(database, new Date(soon.getTime() + 1), 1000);
  expect(await typesOf(id)).toEqual(['credits.exhausted']);

  const bare = await addTenant(database);
  await operateLedger(database, { op: 'capture', tenant: bare.id, cause: 'w', amount: 3, metered: true });
  expect(await typesOf(bare.id)).toEqual([]);
});

test('a balance change that rolls back tells nothing', async () => {
  const { database } = account;
  const { id } = await addTenant(database, { product: 'browsers', plan: 'professional' });
  await grantCredits(database, id, { cause: 'invoice:1', amount: 10, adds: false, spendBy: null });
  await database
    .transaction(async (client) => {
      await operateLedger(client, { op: 'capture', tenant: id, cause: 'all', amount: 10 });
      throw new Error('changed its mind');
    })
    .catch(() => {});
  expect(await typesOf(id)).toEqual([]);
});

test('a budget is told once when it is reached, by use or by a lower cap', async () => {
  const { database } = account;
  const now = new Date('2026-11-20T00:00:00Z');
  const tenant = await addTenant(database, { product: 'inbox', plan: 'business' });
  const braked = { id: tenant.id, product: 'inbox', plan: 'business' };
  const cap = (kind: 'api' | 'spend', capMicros: number) =>
    changeBudget(database, braked, { kind, capMicros, by: 'ada', at: now });
  await cap('api', 1_000_000);
  const call = (callId: string, cost: number) =>
    settleApiCost(database, braked, { callId, provider: 'p', operation: null, project: null, at: now }, cost);
  await call('1', 900_000);
  expect(await typesOf(tenant.id)).toEqual([]);
  await call('2', 200_000);
  await call('3', 200_000);
  expect(await toldOf(tenant.id)).toMatchObject([
    {
      type: 'budget.reached',
      data: { budget: 'api', month: '2026-11', spentMicros: 1_100_000, limitMicros: 1_000_000 },
    },
  ]);
  await reportSpend(database, braked, now, 5_000_000);
  await cap('spend', 5_000_000);
  await cap('spend', 4_000_000);
  expect((await toldOf(tenant.id)).slice(1)).toMatchObject([
    { data: { budget: 'spend', limitMicros: 5_000_000 } },
  ]);
});

test('a limit of the plan is told once a month when it is reached', async () => {
  const { database } = account;
  const start = new Date('2026-11-10T10:00:00.000Z');
  await ensureUsagePartitions(database, start, new Date(start.getTime() + 86_400_000));
  const { id } = await addTenant(database, { product: 'stream', plan: 'professional', slug: 'limits' });
  const use = async (minutes: number, sessions: number) => {
    const slot = new Date(start.getTime() + minutes * 60_000);
    expect(slot.getTime() % slotMs).toBe(0);
    await database.transaction((client) =>
      writeTold(client, id, [{ dimension: 'stream_sessions_active', slot, microUnits: sessions * 1e6 }]),
    );
  };
  await use(0, 4);
  expect(await typesOf(id)).toEqual([]);
  await use(60, 5);
  await use(120, 6);
  expect(await toldOf(id)).toEqual([
    expect.objectContaining({
      type: 'usage.limit_reached',
      data: { tenantId: id, month: '2026-11', limit: 'sessions', usedMicroUnits: 5e6, limitMicroUnits: 5e6 },
    }),
  ]);
});

test('members are told as they are added, join, change and go', async () => {
  const { database } = account;
  const guild = await insertOrganization(database, { name: 'Guild', slug: 'guild' });
  const id = guild?.id ?? '';
  const { id: member } = await putMember(database, id, { email: 'Ada@example.com' }, 'viewer');
  await bindMember(database, { subject: 'ada', email: 'ada@example.com' });
  await putMember(database, id, { email: null, subject: 'ada' }, 'admin');
  await putMember(database, id, { email: null, subject: 'ada' }, 'admin');
  await removeMember(database, id, member);
  await removeMember(database, id, member);
  const told = await toldOf(id);
  expect(told.map(({ type }) => type)).toEqual([
    'member.added',
    'member.joined',
    'member.role_changed',
    'member.removed',
  ]);
  expect(told[0]?.data).toEqual({
    organization: { id, name: 'Guild', slug: 'guild' },
    member: { email: 'ada@example.com', subject: null, role: 'viewer' },
  });
  expect(told[2]?.data).toMatchObject({ was: 'viewer', member: { subject: 'ada', role: 'admin' } });
});

test('a session that ends can be told', async () => {
  const { id } = await addTenant(account.database);
  await emit(
    account.database,
    'session.completed',
    { tenantId: id },
    {
      tenantId: id,
      sessionId: 'ses_1',
      reason: 'idle',
      startedAt: '2026-11-30T10:00:00.000Z',
      endedAt: '2026-11-30T10:05:00.000Z',
      credits: 1,
    },
  );
  expect(await typesOf(id)).toEqual(['session.completed']);
});

test('an endpoint is told of what it was made for, and of nothing else', async () => {
  const { database } = account;
  const guild = await insertOrganization(database, { name: 'Makers', slug: 'makers' });
  await database.query('update tenantry.organization set customer_id = $2 where id = $1', [
    guild?.id,
    'cus_makers',
  ]);
  const own = await addTenant(database, {
    product: 'stream',
    plan: 'business',
    slug: 'own',
    subscriptionId: 'sub_own',
  });
  await database.query(`update tenantry.subscription set customer_id = 'cus_makers' where id = 'sub_own'`);
  const other = await addTenant(database, { product: 'stream', plan: 'business', slug: 'other' });
  const elsewhere = await addTenant(database, { product: 'workspace' });
  const at = (url: string) => `https://${url}.example.com/`;
  const endpoints = {
    all: await addEndpoint(database, at('all')),
    some: await addEndpoint(database, at('some'), { events: ['tenant.active', 'member.added'] }),
    product: await addEndpoint(database, at('product'), { scope: { kind: 'product', product: 'stream' } }),
    tenant: await addEndpoint(database, at('tenant'), { scope: { kind: 'tenant', tenantId: own.id } }),
    stranger: await addEndpoint(database, at('stranger'), {
      scope: { kind: 'tenant', tenantId: elsewhere.id },
    }),
  };
  for (const { id } of [own, other, elsewhere])
    await emit(database, 'credits.low', { tenantId: id }, { tenantId: id, available: 1, lowBelow: 2 });
  await putMember(database, guild?.id ?? '', { email: 'zoe@example.com' }, 'viewer');
  const got = async (name: keyof typeof endpoints) =>
    (await logOf(database, endpoints[name].id)).map(({ type, tenantId }) => `${type} ${tenantId ?? '-'}`);
  const low = ({ id }: { id: string }) => `credits.low ${id}`;
  expect(await got('all')).toEqual([low(own), low(other), low(elsewhere), 'member.added -']);
  expect(await got('some')).toEqual(['member.added -']);
  expect(await got('product')).toEqual([low(own), low(other), 'member.added -']);
  expect(await got('tenant')).toEqual([low(own), 'member.added -']);
  expect(await got('stranger')).toEqual([low(elsewhere)]);
});

test('every type has a schema of its own', () => {
  expect(eventTypes).toEqual([
    'tenant.created',
    'tenant.active',
    'tenant.suspended',
    'tenant.resumed',
    'tenant.plan_changed',
    'tenant.deletion_scheduled',
    'tenant.deleted',
    'credits.low',
    'credits.exhausted',
    'usage.limit_reached',
    'budget.reached',
    'member.added',
    'member.joined',
    'member.role_changed',
    'member.removed',
    'session.completed',
    'notifications.test',
  ]);
});
