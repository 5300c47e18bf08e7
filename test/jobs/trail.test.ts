/**
 * What the audit trail says about jobs, and that readers who resume miss nothing: real PostgreSQL, simulated Stripe.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { tenantOfSubscription } from '../../automation/billing/events/notices-rows.ts';
import { receiveEvent } from '../../automation/billing/events/received-events.ts';
import { resolveStripeEvent } from '../../automation/billing/events/resolve-event.ts';
import { replayEvents } from '../../automation/billing/events/stored-events.ts';
import { convergeTenant } from '../../automation/jobs/converge-tenant.ts';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { listAudit, record } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { subscribe } from '../local/stripe/simulated.ts';
import { jobContext } from '../support/job-context.ts';
import { receivedEvent } from '../support/received-event.ts';
import { type Account, startAccount, stripeAway } from '../support/stripe.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let account: Account;
let database: Database;
beforeAll(async () => {
  account = await startAccount();
  ({ database } = account);
});
afterAll(() => account?.stop());

/** Past due is suspended at once. */
const context = (stripe: Stripe = account.stripe) =>
  jobContext({ database, stripe, policy: { graceMs: 0 }, now: account.now });

async function buy(plan = 'byoc', owner: string = randomUUID()): Promise<Stripe.Subscription> {
  const metadata = { tenantry_owner: owner };
  return (await subscribe(account, plan, { subscription_data: { metadata } })).subscription;
}

async function sync(subscriptionId: string): Promise<string> {
  await markSubscription(database, subscriptionId);
  await syncSubscription(context(), subscriptionId);
  const tenantId = await tenantOfSubscription(database, subscriptionId);
  if (tenantId === null) throw new Error(`${subscriptionId} has no tenant`);
  return tenantId;
}

const thin = (invoiceId: string) =>
  receivedEvent(null, {
    type: 'v1.invoice.paid',
    objectType: 'invoice',
    objectId: invoiceId,
    needsLookup: true,
  });

const trail = async (tenantId: string, kind: string) =>
  (await listAudit(database, tenantId, { audience: 'tenant' })).filter((entry) => entry.kind === kind);

describe('an event whose payload names no subscription', () => {
  const told = async (eventId: string) => {
    const { rows } = await database.query(
      `select tenant_id as tenant, subscription_id as subscription, kind, message, audience from tenantry.audit
       where data->>'event' = $1`,
      [eventId],
    );
    return rows;
  };
  const replayed = async (id: string) => {
    await database.transaction((client) => replayEvents(client, [{ id, handle: true, catalog: false }]));
    await resolveStripeEvent(context(), id);
  };

  test('is told once it is known whose it is, however often it is handled', async () => {
    const subscription = await buy();
    const tenant = await sync(subscription.id);
    const event = thin(String(subscription.latest_invoice));
    await receiveEvent(database, event);
    await expect(resolveStripeEvent(context(stripeAway()), event.id)).rejects.toThrow();
    expect(await told(event.id)).toEqual([]);
    await Promise.all([1, 2].map(() => resolveStripeEvent(context(), event.id)));
    await replayed(event.id);
    expect(await told(event.id)).toEqual([
      {
        tenant,
        subscription: subscription.id,
        kind: 'event.received',
        message: 'Stripe reported v1.invoice.paid',
        audience: 'tenant',
      },
    ]);
  });

  test('and turns out to be nobody’s is told to operators, once', async () => {
    const event = thin('in_gone');
    await receiveEvent(database, event);
    await resolveStripeEvent(context(), event.id);
    await replayed(event.id);
    expect(await told(event.id)).toMatchObject([{ tenant: null, subscription: null, audience: 'operator' }]);
  });
});

test('a suspended tenant whose subscription ends is told until when its data is kept, once', async () => {
  const { id, customer } = await buy();
  const tenant = await sync(id);
  account.simulator.setCard(String(customer), { works: false });
  await account.simulator.advanceClock({ seconds: 32 * 86_400 });
  await sync(id);
  await account.stripe.subscriptions.cancel(id);
  await sync(id);
  await sync(id);
  const [entry, ...others] = await trail(tenant, 'tenant.retention');
  expect(entry).toMatchObject({ subscriptionId: id, data: { reason: 'subscription_ended' } });
  expect(entry?.message).toMatch(/The subscription has ended\..* Its data is kept until \d{4}-\d\d-\d\dT/);
  expect(others).toEqual([]);
});

test('whoever subscribes again to a smaller plan reads that the volume keeps its size', async () => {
  const owner = randomUUID();
  const first = await buy('we-manage', owner);
  await sync(first.id);
  await account.stripe.subscriptions.cancel(first.id);
  await sync(first.id);
  const tenant = await sync((await buy('byoc', owner)).id);
  const [entry] = await trail(tenant, 'tenant.reattached');
  expect(entry?.message).toMatch(/the same tenant resumes\. The volume keeps its size/);
});

describe('why a tenant waits is told once, however often it is asked', () => {
  const waits = async (tenantId: string) => {
    for (const minutes of [0, 10, 20]) {
      const now = () => new Date(Date.now() + minutes * 60_000);
      await convergeTenant({ ...context(), now }, tenantId);
    }
    return (await trail(tenantId, 'tenant.waits')).map(({ data, message }) => [data.code, message]);
  };

  test('for its name', async () => {
    const wish = { product: 'stream', plan: 'free', slug: 'taken' } as const;
    await addTenant(database, { ...wish, set: { desired_state: 'deleted' } });
    const { id } = await addTenant(database, wish);
    expect(await waits(id)).toEqual([
      ['name_being_freed', expect.stringMatching(/same name is still being deleted/)],
    ]);
  });

  test('for its export', async () => {
    const { id } = await addTenant(database, { set: { desired_state: 'deleted' } });
    expect(await waits(id)).toEqual([['being_exported', expect.stringMatching(/exported and backed up/)]]);
  });
});

describe('who resumes after the last entry read misses none', () => {
  const waitingForLocks = async () => {
    const { rowCount } = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rowCount ?? 0;
  };
  /** Until the work is done, or waits for somebody else's transaction. */
  const asFarAsItGoes = async (work: Promise<unknown>) => {
    let done = false;
    const end = () => {
      done = true;
    };
    work.then(end, end);
    await until(async () => done || (await waitingForLocks()) > 0, { intervalMs: 5 });
  };

  /** A transaction of its own that stays open. */
  async function opened(): Promise<pg.PoolClient> {
    const client = await database.pool.connect();
    onTestFinished(() => client.release());
    await client.query('begin');
    return client;
  }

  /** Resumes reading the trail of a subscription's tenant, once there is one. */
  function reader(subscriptionId: string) {
    const seen: number[] = [];
    const trailAfter = async (after: number) => {
      const tenantId = await tenantOfSubscription(database, subscriptionId);
      const entries =
        tenantId === null ? [] : await listAudit(database, tenantId, { after, audience: 'tenant' });
      return entries.map(({ id }) => id);
    };
    return {
      seen,
      readOn: async () => seen.push(...(await trailAfter(seen.at(-1) ?? 0))),
      everything: () => trailAfter(0),
    };
  }

  test('of events that were being stored when the tenant came to be', async () => {
    const { id } = await buy();
    const { seen, readOn, everything } = reader(id);
    await receiveEvent(database, receivedEvent(id));
    const webhook = await opened();
    await receiveEvent(webhook, receivedEvent(id));
    const syncing = syncSubscription(context(), id);
    await asFarAsItGoes(syncing);
    await readOn();
    await webhook.query('commit');
    await syncing;
    await readOn();
    expect(seen).toEqual(await everything());
    expect(seen).toHaveLength(4);
  });

  test('of events that came while the tenant came to be', async () => {
    const { id } = await buy();
    const { seen, readOn, everything } = reader(id);
    await receiveEvent(database, receivedEvent(id));
    const written = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const slow: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (client) => {
          const result = await work(client);
          written.resolve();
          await mayCommit.promise;
          return result;
        }),
    };
    const syncing = syncSubscription({ ...context(), database: slow }, id);
    await written.promise;
    const webhook = await opened();
    const receiving = receiveEvent(webhook, receivedEvent(id));
    await asFarAsItGoes(receiving);
    mayCommit.resolve();
    await receiving;
    const tenantId = await until(() => tenantOfSubscription(database, id));
    await readOn();
    const noting = record(database, { tenantId, subscriptionId: id, kind: 'test.note', message: 'later' });
    await asFarAsItGoes(noting);
    await readOn();
    await webhook.query('commit');
    await Promise.all([syncing, noting]);
    await readOn();
    expect(seen).toEqual(await everything());
    expect(seen).toHaveLength(5);
  });
});
