import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { receiveEvent } from '../../automation/billing/events/received-events.ts';
import { resolveStripeEvent } from '../../automation/billing/events/resolve-event.ts';
import type { JobContext } from '../../automation/jobs/context.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import type { StripeSimulator } from '../../automation/local/stripe/index.ts';
import { ensureCell } from '../../automation/store/cells.ts';
import type { Database } from '../../automation/store/database.ts';
import {
  findSubscription,
  listDirtySubscriptions,
  markSubscription,
} from '../../automation/store/subscriptions.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { catalog, findPlan, parsePlanLookupKey } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { jobContext } from '../support/job-context.ts';
import { type Account, startAccount, stripeAway } from '../support/stripe.ts';
import { sweep } from '../support/sweep.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let account: Account;
let database: Database;
let simulator: StripeSimulator;
let stripe: Stripe;
let simulated: () => Date;

beforeAll(async () => {
  account = await startAccount();
  ({ database, simulator, stripe, now: simulated } = account);
});
afterAll(() => account?.stop());

/** Past due is suspended at once, so that expectations follow from the status alone. */
const context = (client: Stripe = stripe) =>
  jobContext({ database, stripe: client, policy: { graceMs: 0 }, now: simulated });

const priceIds = new Map<string, string>();
async function priceOf(product: string, plan: string): Promise<string> {
  const key = `tenantry:${product}:${plan}`;
  const known = priceIds.get(key) ?? (await stripe.prices.list({ lookup_keys: [key] })).data[0]?.id;
  if (!known) throw new Error(`no price ${key}`);
  priceIds.set(key, known);
  return known;
}

interface Purchase {
  readonly owner: string;
  readonly product: ProductId;
  readonly plan: string;
  readonly slug?: string;
  readonly region?: string;
}

/** Subscribes as a customer would through our checkout; no event reports it. */
async function buy({ owner, product, plan, slug, region }: Purchase): Promise<Stripe.Subscription> {
  const open = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: await priceOf(product, plan), quantity: 1 }],
    success_url: 'http://localhost/',
    subscription_data: {
      metadata: {
        tenantry_owner: owner,
        tenantry_checkout: 'co_x',
        ...(slug && { tenantry_slug: slug }),
        ...(region && { tenantry_region: region }),
      },
    },
  });
  simulator.payCheckout(open.id);
  const session = await stripe.checkout.sessions.retrieve(open.id, { expand: ['subscription'] });
  return session.subscription as Stripe.Subscription;
}

const sync = async (id: string) => {
  await markSubscription(database, id);
  await syncSubscription(context(), id);
};

async function tenantOf(subscription: string): Promise<Tenant | null> {
  const { rows } = await database.query<{ id: string }>(
    'select id from tenantry.tenant where subscription_id = $1',
    [subscription],
  );
  return rows[0] ? findTenant(database, rows[0].id) : null;
}

async function tenantFor(subscription: string): Promise<Tenant> {
  const tenant = await tenantOf(subscription);
  if (!tenant) throw new Error(`${subscription} has no tenant`);
  return tenant;
}

const bought = async (purchase: Purchase) => {
  const subscription = await buy(purchase);
  await sync(subscription.id);
  return { subscription, tenant: await tenantFor(subscription.id) };
};
const newOwner = () => `owner-${randomBytes(6).toString('hex')}`;
const isDirty = async (id: string) => (await listDirtySubscriptions(database, 1000)).includes(id);

async function isRung(id: string): Promise<boolean> {
  const { rowCount } = await database.query('select 1 from graphile_worker.jobs where key = $1', [
    `sync-subscription:${id}`,
  ]);
  return rowCount === 1;
}

/** What a worker does when it has finished the job. */
async function silence(id: string): Promise<void> {
  await database.query('select graphile_worker.remove_job($1)', [`sync-subscription:${id}`]);
}

/** A worker's database until the worker is killed, after it has committed and before it settles. */
function dyingBeforeSettling(): Database {
  const query = new Proxy(database.query, {
    apply(target, self, given) {
      if (String(given[0]).includes('settle_subscription')) throw new Error('the worker died');
      return Reflect.apply(target, self, given);
    },
  });
  return { ...database, query };
}

/** A client that fetches answers at once and holds them back until they are released. */
function holding() {
  const held: { id: string; release: () => void }[] = [];
  const client = {
    subscriptions: {
      retrieve: async (id: string) => {
        const answer = await stripe.subscriptions.retrieve(id);
        await new Promise<void>((release) => held.push({ id, release }));
        return answer;
      },
    },
  } as unknown as Stripe;
  const running: Promise<void>[] = [];
  return {
    held,
    /** Starts a job and waits until it has its answer, which it does not see yet. */
    async begin(id: string): Promise<void> {
      const before = held.length;
      running.push(syncSubscription(context(client), id));
      await until(() => held.length > before, { intervalMs: 1 });
    },
    releaseAt(position: number) {
      const [chosen] = held.splice(position % Math.max(1, held.length), 1);
      chosen?.release();
    },
    finish: () => Promise.all(running),
  };
}

describe('a subscription', () => {
  test('that is paid becomes a tenant that is wanted, rung and told of', async () => {
    const owner = newOwner();
    const { subscription, tenant } = await bought({
      owner,
      product: 'workspace',
      plan: 'byoc',
      slug: 'mine',
    });
    expect(tenant).toMatchObject({
      owner,
      product: 'workspace',
      slug: 'mine',
      desiredState: 'active',
      phase: 'pending',
      desiredSpec: { plan: 'byoc', billingAccount: subscription.customer, seats: 1 },
    });
    const jobs = await database.query('select 1 from graphile_worker.jobs where key = $1', [
      `converge-tenant:${tenant.id}`,
    ]);
    expect(jobs.rowCount).toBe(1);
    const audit = await database.query<{ kind: string }>(
      'select kind from tenantry.audit where tenant_id = $1 order by id',
      [tenant.id],
    );
    expect(audit.rows.map(({ kind }) => kind)).toEqual(['subscription.status', 'tenant.created']);
    expect(await isDirty(subscription.id)).toBe(false);
  });

  test('that ten jobs sync at once becomes one tenant', async () => {
    const { id } = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    await markSubscription(database, id);
    await Promise.all(Array.from({ length: 10 }, () => syncSubscription(context(), id)));
    const { rowCount } = await database.query('select 1 from tenantry.tenant where subscription_id = $1', [
      id,
    ]);
    expect(rowCount).toBe(1);
  });

  test('that nothing changed in raises no generation, however often it is synced', async () => {
    const { subscription, tenant } = await bought({ owner: newOwner(), product: 'inbox', plan: 'starter' });
    for (let n = 0; n < 5; n += 1) await sync(subscription.id);
    expect((await tenantFor(subscription.id)).desiredGeneration).toBe(tenant.desiredGeneration);
  });

  test('whose older answer comes after a newer one keeps what the newer one said', async () => {
    const { subscription } = await bought({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    const answers = holding();
    await answers.begin(subscription.id);
    await stripe.subscriptions.cancel(subscription.id);
    await markSubscription(database, subscription.id);
    await answers.begin(subscription.id);
    answers.releaseAt(1);
    await until(async () => (await tenantFor(subscription.id)).desiredState === 'suspended');
    answers.releaseAt(0);
    await answers.finish();
    const tenant = await tenantFor(subscription.id);
    expect(tenant).toMatchObject({ desiredState: 'suspended', suspendReason: 'subscription_ended' });
    expect(tenant.deleteAfter).not.toBeNull();
    expect(await isDirty(subscription.id)).toBe(false);
  });

  test('that is marked during a fetch stays marked after it', async () => {
    const { subscription } = await bought({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    const answers = holding();
    await markSubscription(database, subscription.id);
    await answers.begin(subscription.id);
    await markSubscription(database, subscription.id);
    await silence(subscription.id);
    answers.releaseAt(0);
    await answers.finish();
    expect(await isDirty(subscription.id)).toBe(true);
    expect(await isRung(subscription.id)).toBe(true);
    await syncSubscription(context(), subscription.id);
    expect(await isDirty(subscription.id)).toBe(false);
  });

  test('is fetched once for all marks that were there before', async () => {
    const { id } = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    for (let n = 0; n < 5; n += 1) await markSubscription(database, id);
    await silence(id);
    await syncSubscription(context(), id);
    expect(await isDirty(id)).toBe(false);
    expect(await isRung(id)).toBe(false);
  });

  test('whose sync dies before it settles is rung by the sweep, and nothing is done twice', async () => {
    const { id } = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    await markSubscription(database, id);
    await expect(syncSubscription({ ...context(), database: dyingBeforeSettling() }, id)).rejects.toThrow(
      'died',
    );
    const tenant = await tenantFor(id);
    await silence(id);
    await sweep(context(), 'shared');
    expect(await isRung(id)).toBe(true);
    await syncSubscription(context(), id);
    expect(await isDirty(id)).toBe(false);
    expect(await tenantFor(id)).toEqual(tenant);
  });

  test('that Stripe does not know makes no tenant and is reported once', async () => {
    await sync('sub_nobody');
    expect(await tenantOf('sub_nobody')).toBeNull();
    expect((await findSubscription(database, 'sub_nobody'))?.problem).toBe(
      'Stripe does not know this subscription',
    );
    expect(await isDirty('sub_nobody')).toBe(false);
  });

  test('of a price that is not ours makes no tenant until it holds one that is', async () => {
    const product = await stripe.products.create({ name: 'Another' });
    const foreign = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const subscription = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    const item = subscription.items.data[0]?.id ?? '';
    await stripe.subscriptions.update(subscription.id, { items: [{ id: item, price: foreign.id }] });
    await sync(subscription.id);
    expect(await tenantOf(subscription.id)).toBeNull();
    expect((await findSubscription(database, subscription.id))?.problem).toContain(foreign.id);
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: await priceOf('workspace', 'we-manage') }],
    });
    await sync(subscription.id);
    expect((await tenantFor(subscription.id)).desiredSpec.plan).toBe('we-manage');
    expect((await findSubscription(database, subscription.id))?.problem).toBeNull();
  });

  test('waits longer after each time that Stripe cannot be asked, and recovers', async () => {
    const subscription = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    await markSubscription(database, subscription.id);
    const waits: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      await syncSubscription(context(stripeAway()), subscription.id);
      const { rows } = await database.query<{ at: Date }>(
        'select next_try_at as at from tenantry.subscription where id = $1',
        [subscription.id],
      );
      waits.push(Math.round(((rows[0]?.at.getTime() ?? 0) - simulated().getTime()) / 1000));
    }
    expect(waits.every((wait, n) => n === 0 || wait > (waits[n - 1] ?? 0))).toBe(true);
    expect((await findSubscription(database, subscription.id))?.problem).toMatch(/could not be asked/);
    // The next event need not wait for that.
    await silence(subscription.id);
    await markSubscription(database, subscription.id);
    expect(await isRung(subscription.id)).toBe(true);
    await syncSubscription(context(), subscription.id);
    expect(await tenantOf(subscription.id)).not.toBeNull();
    expect(await findSubscription(database, subscription.id)).toMatchObject({ problem: null, attempts: 0 });
  });
});

describe('slots', () => {
  test('are claimed again by a transaction that PostgreSQL ended in a deadlock', async () => {
    const { id } = await buy({ owner: newOwner(), product: 'browsers', plan: 'professional' });
    await markSubscription(database, id);
    let ended = 0;
    const once: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (client) => {
          const result = await work(client);
          ended += 1;
          if (ended === 1)
            await client.query(`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`);
          return result;
        }),
    };
    await syncSubscription({ ...context(), database: once }, id);
    expect(ended).toBe(2);
    expect(await tenantFor(id)).toMatchObject({ desiredState: 'active' });
  });

  test('are handed to exactly one subscription each, and who finds none gets a new tenant', async () => {
    const product = catalog.find(({ id }) => id === 'browsers');
    const plan = product?.slotPlan;
    if (!plan) throw new Error('browsers has no slots');
    const slots = await Promise.all(
      Array.from({ length: 4 }, () =>
        addTenant(database, { product: 'browsers', plan, owner: null, slot: true, set: activeColumns('x') }),
      ),
    );
    const busy = await addTenant(database, { product: 'browsers', plan, owner: null, slot: true });
    const subscriptions: Stripe.Subscription[] = [];
    for (let n = 0; n < 10; n += 1) {
      subscriptions.push(await buy({ owner: newOwner(), product: 'browsers', plan: 'professional' }));
    }
    await Promise.all(subscriptions.flatMap(({ id }) => [sync(id), sync(id)]));
    const tenants = await Promise.all(subscriptions.map(({ id }) => tenantFor(id)));
    expect(new Set(tenants.map(({ id }) => id)).size).toBe(10);
    const claimed = tenants.filter(({ id }) => slots.some((slot) => slot.id === id));
    expect(claimed).toHaveLength(4);
    for (const tenant of claimed) {
      expect(tenant).toMatchObject({
        slot: false,
        desiredSpec: { plan: 'professional', owner: tenant.owner },
      });
      expect(tenant.desiredGeneration).toBeGreaterThan(tenant.observedGeneration);
    }
    // A slot that is still being made is nobody's.
    expect(await findTenant(database, busy.id)).toMatchObject({ slot: true, owner: null });
  });
});

describe('a customer who comes back', () => {
  const ended = async (purchase: Purchase) => {
    const { subscription, tenant } = await bought(purchase);
    await stripe.subscriptions.cancel(subscription.id);
    await sync(subscription.id);
    return { old: subscription, tenant };
  };

  test('before the data is deleted gets the same tenant, active, on the new plan', async () => {
    const owner = newOwner();
    const { old, tenant } = await ended({ owner, product: 'workspace', plan: 'byoc' });
    const again = await bought({ owner, product: 'workspace', plan: 'we-manage' });
    expect(again.tenant).toMatchObject({
      id: tenant.id,
      desiredState: 'active',
      deleteAfter: null,
      suspendReason: null,
      desiredSpec: { plan: 'we-manage' },
    });
    // Late news of the old subscription no longer changes anything.
    await sync(old.id);
    expect(await tenantFor(again.subscription.id)).toEqual(again.tenant);
    expect(await tenantOf(old.id)).toBeNull();
  });

  test('after the deletion has begun gets a new one', async () => {
    const owner = newOwner();
    const { tenant } = await ended({ owner, product: 'workspace', plan: 'byoc' });
    await database.query(
      "update tenantry.tenant set desired_state = 'deleted', delete_after = null where id = $1",
      [tenant.id],
    );
    expect((await bought({ owner, product: 'workspace', plan: 'byoc' })).tenant.id).not.toBe(tenant.id);
  });

  test('twice at once gets it once and a new one beside it', async () => {
    const owner = newOwner();
    const { tenant } = await ended({ owner, product: 'inbox', plan: 'starter' });
    const first = await buy({ owner, product: 'inbox', plan: 'starter' });
    const second = await buy({ owner, product: 'inbox', plan: 'starter' });
    await Promise.all([sync(first.id), sync(second.id)]);
    const ids = [(await tenantFor(first.id)).id, (await tenantFor(second.id)).id];
    expect(new Set(ids).size).toBe(2);
    expect(ids).toContain(tenant.id);
  });

  test('is given nobody else’s and none of another product', async () => {
    const { tenant } = await ended({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    expect((await bought({ owner: newOwner(), product: 'workspace', plan: 'byoc' })).tenant.id).not.toBe(
      tenant.id,
    );
    const owner = newOwner();
    const { tenant: kept } = await ended({ owner, product: 'inbox', plan: 'starter' });
    expect((await bought({ owner, product: 'workspace', plan: 'byoc' })).tenant.id).not.toBe(kept.id);
  });
});

describe('a name', () => {
  test('that eight pay for at once: all get a tenant, one gets the name, all can be told apart', async () => {
    const subscriptions: Stripe.Subscription[] = [];
    for (let n = 0; n < 8; n += 1) {
      subscriptions.push(await buy({ owner: newOwner(), product: 'stream', plan: 'free', slug: 'wanted' }));
    }
    await Promise.all(subscriptions.map(({ id }) => sync(id)));
    const tenants = await Promise.all(subscriptions.map(({ id }) => tenantFor(id)));
    expect(tenants.filter(({ slug }) => slug === 'wanted')).toHaveLength(1);
    expect(new Set(tenants.map(({ namespace }) => namespace)).size).toBe(8);
    for (const { slug } of tenants) expect(slug).toMatch(/^wanted(-[a-z][a-z0-9]{7})?$/);
  });

  test('of the greatest length that is taken leaves room for the way out', async () => {
    const slug = `a${'b'.repeat(38)}`;
    const first = await bought({ owner: newOwner(), product: 'stream', plan: 'free', slug });
    const second = await bought({ owner: newOwner(), product: 'stream', plan: 'free', slug });
    expect(first.tenant.slug).toBe(slug);
    expect(second.tenant.slug.length).toBeLessThanOrEqual(39);
    expect(second.tenant.namespace).not.toBe(first.tenant.namespace);
  });

  test('whose cut falls on a hyphen stays a name', async () => {
    const slug = `${'a'.repeat(29)}-${'b'.repeat(9)}`;
    await bought({ owner: newOwner(), product: 'stream', plan: 'free', slug });
    const second = await bought({ owner: newOwner(), product: 'stream', plan: 'free', slug });
    expect(second.tenant.slug).toMatch(/^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}$/);
  });
});

describe('the sweep', () => {
  test('finds subscriptions that no webhook told of, and those that changed', async () => {
    const subscription = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    await sweep(context(), 'shared');
    expect(await isDirty(subscription.id)).toBe(true);
    await syncSubscription(context(), subscription.id);
    await sweep(context(), 'shared');
    expect(await isDirty(subscription.id)).toBe(false);
    const item = subscription.items.data[0]?.id ?? '';
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: await priceOf('workspace', 'we-manage') }],
    });
    await sweep(context(), 'shared');
    expect(await isDirty(subscription.id)).toBe(true);
  });

  test('finds a renewal that no webhook told of', async () => {
    const { subscription } = await bought({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    const before = (await findSubscription(database, subscription.id))?.currentPeriodEnd;
    await sweep(context(), 'shared');
    expect(await isDirty(subscription.id)).toBe(false);
    await simulator.advanceClock({ seconds: 32 * 86_400 });
    await sweep(context(), 'shared');
    expect(await isDirty(subscription.id)).toBe(true);
    await syncSubscription(context(), subscription.id);
    const after = (await findSubscription(database, subscription.id))?.currentPeriodEnd;
    expect(after?.getTime()).toBeGreaterThan(before?.getTime() ?? 0);
  });

  test('ends the keeping of data whose time is over, once', async () => {
    const kept = await addTenant(database, {
      set: { desired_state: 'suspended', delete_after: new Date(simulated().getTime() + 60_000) },
    });
    const over = await addTenant(database, {
      set: { desired_state: 'suspended', delete_after: new Date(simulated().getTime() - 1000) },
    });
    await sweep(context(), 'cell');
    await sweep(context(), 'cell');
    expect(await findTenant(database, kept.id)).toMatchObject({ desiredState: 'suspended' });
    expect(await findTenant(database, over.id)).toMatchObject({
      desiredState: 'deleted',
      desiredGeneration: 2,
      deleteAfter: null,
    });
  });

  test('rings tenants that are not what they should be, but not those that wait or are stuck', async () => {
    const ready = await addTenant(database);
    const waiting = await addTenant(database, {
      set: { next_try_at: new Date(simulated().getTime() + 60_000) },
    });
    const stuck = await addTenant(database, { set: { permanent: true } });
    const settled = await addTenant(database, { set: activeColumns('x') });
    await sweep(context(), 'cell');
    const { rows } = await database.query<{ key: string }>(
      "select key from graphile_worker.jobs where key like 'converge-tenant:%'",
    );
    const rung = rows.map(({ key }) => key.slice('converge-tenant:'.length));
    expect(rung).toContain(ready.id);
    for (const { id } of [waiting, stuck, settled]) expect(rung).not.toContain(id);
  });

  test('does the rest of its work while Stripe is away', async () => {
    const { id } = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    await markSubscription(database, id);
    await silence(id);
    expect(await sweep(context(stripeAway()), 'shared')).toContain('compareWithStripe');
    expect(await isRung(id)).toBe(true);
  });

  test('of a cell is done by one worker at a time, whatever the workers of another cell are at', async () => {
    const busy = Promise.withResolvers<void>();
    const held = Promise.withResolvers<never>();
    const eu = { ...context(), cell: { id: 'eu', region: 'eu-west-1' } };
    const first: JobContext = {
      ...eu,
      workerId: 'eu-1',
      policy: { ...eu.policy, reservedStacks: 1 },
      runners: {
        ...eu.runners,
        acquire: () => {
          busy.resolve();
          return held.promise;
        },
      },
    };
    const sweeping = sweep(first, 'cell');
    await busy.promise;
    expect(await sweep({ ...eu, workerId: 'eu-2' }, 'cell')).toBeNull();
    expect(await sweep(context(), 'cell')).toEqual([]);
    expect(await sweep({ ...eu, workerId: 'eu-2' }, 'shared')).toEqual([]);
    held.reject(new Error('no runner starts'));
    expect(await sweeping).toEqual(['reserveStacks']);
    expect(await sweep({ ...eu, workerId: 'eu-2' }, 'cell')).toEqual([]);
  });
});

describe('a thin event', () => {
  test('about an invoice or a checkout leads to its subscription', async () => {
    const subscription = await buy({ owner: newOwner(), product: 'workspace', plan: 'byoc' });
    const [session] = (await stripe.checkout.sessions.list({ subscription: subscription.id })).data;
    for (const [type, objectId] of [
      ['invoice', String(subscription.latest_invoice)],
      ['checkout.session', session?.id ?? ''],
      ['invoice', 'in_gone'],
    ] as const) {
      const id = `evt_${randomBytes(8).toString('hex')}`;
      await receiveEvent(database, {
        id,
        type: 'v1.x',
        objectType: type,
        objectId,
        subscriptionId: null,
        needsLookup: true,
        body: '{}',
      });
      await resolveStripeEvent(context(), id);
      await resolveStripeEvent(context(), id);
      const { rows } = await database.query(
        'select subscription_id as subscription, resolved_at is not null as resolved from tenantry.stripe_event where id = $1',
        [id],
      );
      expect(rows).toEqual([
        { subscription: objectId === 'in_gone' ? null : subscription.id, resolved: true },
      ]);
    }
    const { rows } = await database.query(
      'select seq as marks from tenantry.subscription_mark where subscription_id = $1',
      [subscription.id],
    );
    expect(rows).toEqual([{ marks: 2 }]);
  });
});

const plans: [ProductId, string][] = [
  ['workspace', 'byoc'],
  ['workspace', 'we-manage'],
  ['stream', 'free'],
  ['stream', 'professional'],
  ['stream', 'business'],
  ['agents', 'pro'],
];
const anyPlan = fc.constantFrom(...plans);
const which = fc.nat(20);
const anyAction = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('buy' as const), plan: anyPlan, who: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), which, plan: anyPlan }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancelLater' as const), which, on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('card' as const), which, works: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 35 }) }),
  },
);
const anyScript = fc.array(
  fc.record({
    action: anyAction,
    syncs: fc.integer({ min: 1, max: 3 }),
    release: fc.array(which, { maxLength: 3 }),
  }),
  { minLength: 2, maxLength: 10 },
);
type Action = typeof anyAction extends fc.Arbitrary<infer T> ? T : never;

/** Does what a customer does; returns the subscriptions that Stripe would send events about. */
async function act(action: Action, mine: string[], owners: readonly string[]): Promise<string[]> {
  if (action.do === 'buy') {
    const [product, plan] = action.plan;
    const { id } = await buy({
      owner: owners[action.who] ?? '',
      product,
      plan,
      slug: `s${owners[0]?.slice(-8)}`,
    });
    mine.push(id);
    return [id];
  }
  if (action.do === 'wait') {
    await simulator.advanceClock({ seconds: action.days * 86_400 });
    return [...mine];
  }
  const id = mine[action.which % Math.max(1, mine.length)];
  if (!id) return [];
  const subscription = await stripe.subscriptions.retrieve(id);
  if (action.do === 'card') {
    simulator.setCard(String(subscription.customer), { works: action.works, retry: action.works });
    return [id];
  }
  if (subscription.status === 'canceled') return [];
  if (action.do === 'cancel') await stripe.subscriptions.cancel(id);
  if (action.do === 'cancelLater') await stripe.subscriptions.update(id, { cancel_at_period_end: action.on });
  if (action.do === 'change') {
    const item = subscription.items.data[0]?.id ?? '';
    const price = await priceOf(...action.plan);
    // A card that is declined refuses the change; then nothing happened.
    await stripe.subscriptions.update(id, { items: [{ id: item, price }] }).catch((error: unknown) => {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
    });
  }
  return [id];
}

const wantedState: Record<string, string> = {
  active: 'active',
  trialing: 'active',
  past_due: 'suspended',
  unpaid: 'suspended',
  paused: 'suspended',
  canceled: 'suspended',
};

async function expectAgreement(mine: readonly string[]): Promise<void> {
  for (const id of mine) {
    const subscription = await stripe.subscriptions.retrieve(id);
    const known = await findSubscription(database, id);
    expect(known?.status).toBe(subscription.status);
    expect(await isDirty(id)).toBe(false);
    const tenant = await tenantOf(id);
    const item = subscription.items.data[0];
    const sold = parsePlanLookupKey(item?.price.lookup_key ?? '');
    if (!sold) throw new Error('an unknown price');
    if (!tenant) {
      // Given to a newer subscription of its owner, or never entitled while anybody looked.
      expect(subscription.status).not.toBe('active');
      continue;
    }
    expect([id, tenant.desiredState]).toEqual([id, wantedState[subscription.status]]);
    if (subscription.status === 'canceled') expect(tenant.deleteAfter).not.toBeNull();
    else expect(tenant.deleteAfter).toBeNull();
    if (tenant.product === sold.product.id) expect(tenant.desiredSpec.plan).toBe(sold.plan.id);
    const volume = findPlan(tenant.product, tenant.desiredSpec.plan)?.volumeBytes ?? 0;
    expect(tenant.desiredSpec.volumeBytes ?? 0).toBeGreaterThanOrEqual(volume);
  }
}

test('whatever customers do, and however late, often and shuffled the answers come, at rest we want what Stripe says', async () => {
  await fc.assert(
    fc.asyncProperty(anyScript, fc.array(which, { maxLength: 40 }), async (script, order) => {
      const mine: string[] = [];
      const owners = [newOwner(), newOwner()];
      const answers = holding();
      for (const { action, syncs, release } of script) {
        for (const id of await act(action, mine, owners)) {
          for (let n = 0; n < syncs; n += 1) {
            await markSubscription(database, id);
            await answers.begin(id);
          }
        }
        for (const position of release) answers.releaseAt(position);
      }
      for (const position of order) answers.releaseAt(position);
      while (answers.held.length > 0) answers.releaseAt(0);
      await answers.finish();
      await expectAgreement(mine);
      const { rows } = await database.query<{ count: number }>(
        `select count(*) from tenantry.tenant where owner = any($1) and subscription_id is null`,
        [owners],
      );
      expect(rows[0]?.count).toBe(0);
      // What comes later in the clock concerns later runs only.
      for (const id of mine) await stripe.subscriptions.cancel(id).catch(() => {});
    }),
    { numRuns: 25 },
  );
});

describe('a subscription that asks for a region', () => {
  const wish = { product: 'workspace', plan: 'byoc' } as const;

  test('gets its tenant in the cell there, whoever serves the subscription, and only workers of that cell are rung', async () => {
    await ensureCell(database, { id: 'eu', region: 'eu-west-1' });
    const { tenant } = await bought({ ...wish, owner: newOwner(), region: 'eu-west-1' });
    expect(tenant).toMatchObject({ cell: 'eu', desiredSpec: { cell: 'eu', region: 'eu-west-1' } });
    const { rows } = await database.query<{ task: string }>(
      'select task_identifier as task from graphile_worker.jobs where key = $1',
      [`converge-tenant:${tenant.id}`],
    );
    expect(rows).toEqual([{ task: 'converge-tenant:eu' }]);
  });

  test('where no cell is waits without a tenant, with the reason, until there is one', async () => {
    const subscription = await buy({ ...wish, owner: newOwner(), region: 'ap-southeast-1' });
    await sync(subscription.id);
    expect(await tenantOf(subscription.id)).toBeNull();
    expect((await findSubscription(database, subscription.id))?.problem).toMatch(
      /no cell in the region ap-southeast-1/,
    );
    await ensureCell(database, { id: 'ap', region: 'ap-southeast-1' });
    await sync(subscription.id);
    expect(await tenantFor(subscription.id)).toMatchObject({ cell: 'ap' });
    expect((await findSubscription(database, subscription.id))?.problem).toBeNull();
  });
});

describe('a database server for one tenant', () => {
  const enterprise = { product: 'agents', plan: 'enterprise', region: 'us-west-2' } as const;
  const serverOf = ({ desiredSpec }: Tenant) => desiredSpec.databaseServer;
  beforeAll(async () => {
    await ensureCell(database, { id: 'west', region: 'us-west-2' });
    await database.query(`update tenantry.cell set outputs = $1 where id = 'west'`, [
      JSON.stringify({
        database: {
          dedicated: [
            { name: 'one', tenant: null },
            { name: 'two', tenant: null },
            { name: 'acme-1', tenant: 'acme' },
          ],
        },
      }),
    ]);
  });

  test('is given to one tenant each, however many pay at once; the rest share, and nobody gets another’s', async () => {
    // One of them is given a slot, which has no rows yet.
    await addTenant(database, {
      product: 'agents',
      plan: 'pro',
      owner: null,
      slot: true,
      set: { ...activeColumns('x'), cell: 'west' },
    });
    const subscriptions: Stripe.Subscription[] = [];
    for (let n = 0; n < 4; n += 1) subscriptions.push(await buy({ ...enterprise, owner: newOwner() }));
    const pro = await buy({ ...enterprise, plan: 'pro', owner: newOwner() });
    await Promise.all([...subscriptions, pro].flatMap(({ id }) => [sync(id), sync(id)]));
    const tenants = await Promise.all(subscriptions.map(({ id }) => tenantFor(id)));
    expect(tenants.map(serverOf).sort()).toEqual(['one', 'two', undefined, undefined]);
    expect(tenants.map(({ desiredSpec }) => desiredSpec.dataIsolation)).toEqual(Array(4).fill('database'));
    expect(serverOf(await tenantFor(pro.id))).toBeUndefined();

    const { tenant: acme } = await bought({ ...enterprise, owner: newOwner(), slug: 'acme' });
    expect(serverOf(acme)).toBe('acme-1');
    await sync(acme.subscriptionId ?? '');
    expect(serverOf(await tenantFor(acme.subscriptionId ?? ''))).toBe('acme-1');

    // Who is gone leaves room.
    const gone = tenants.find((tenant) => serverOf(tenant) === 'one');
    await database.query(`update tenantry.tenant set phase = 'deleted' where id = $1`, [gone?.id]);
    const { tenant: next } = await bought({ ...enterprise, owner: newOwner() });
    expect(serverOf(next)).toBe('one');
  });
});
