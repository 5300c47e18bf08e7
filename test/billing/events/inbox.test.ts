import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInbox } from '../../../automation/billing/events/inbox.ts';
import type { ReceivedEvent } from '../../../automation/billing/events/received-events.ts';
import { type Database, openDatabase, type Queryable } from '../../../automation/store/database.ts';
import { markSubscription, settleMarks } from '../../../automation/store/subscriptions.ts';
import { type ControlDatabase, controlDatabase } from '../../support/database.ts';
import { receivedEvent as event } from '../../support/received-event.ts';
import { until } from '../../support/wait.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 10, name: 'inbox' });
  database = control.database;
});
afterAll(() => control?.drop());

const newId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

async function stored(events: readonly ReceivedEvent[]): Promise<number> {
  const { rowCount } = await database.query('select 1 from tenantry.stripe_event where id = any($1)', [
    events.map(({ id }) => id),
  ]);
  return rowCount ?? 0;
}

async function mark(subscription: string) {
  const { rows } = await database.query<{ seq: number; settled: number; rung: Date | null }>(
    `select seq, settled_seq as settled, rung_at as rung from tenantry.subscription_mark
     where subscription_id = $1`,
    [subscription],
  );
  return rows[0];
}

const keyOf = (subscription: string) => `sync-subscription:${subscription}`;

async function isRung(subscription: string): Promise<boolean> {
  const { rowCount } = await database.query('select 1 from graphile_worker.jobs where key = $1', [
    keyOf(subscription),
  ]);
  return rowCount === 1;
}

/** What a worker does when it has finished the job. */
async function silence(subscription: string): Promise<void> {
  await database.query('select graphile_worker.remove_job($1)', [keyOf(subscription)]);
}

/** The database, counting its queries. */
function counting(): { db: Queryable; statements: () => number } {
  let statements = 0;
  const query = new Proxy(database.query, {
    apply(target, self, given) {
      statements += 1;
      return Reflect.apply(target, self, given);
    },
  });
  return { db: { query }, statements: () => statements };
}

/** Runs the work while another session has executed the statement without committing. */
async function whileHolding(sql: string, values: unknown[], work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: control.url });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(sql, values);
    await work();
    await client.query('rollback');
  } finally {
    await client.end();
  }
}

const waitingForLocks = async () => {
  const { rowCount } = await database.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
};

describe('events that arrive together', () => {
  test('share few transactions, and each is acknowledged, stored, marked and noted', async () => {
    const { db, statements } = counting();
    const subscriptions = Array.from({ length: 10 }, () => newId('sub'));
    const events = Array.from({ length: 150 }, (_, n) => event(subscriptions[n % 10] ?? null));
    const inbox = createInbox(db);
    expect(await Promise.all(events.map(inbox.receive))).toEqual(Array(150).fill(true));
    expect(statements()).toBeLessThanOrEqual(4);
    expect(await stored(events)).toBe(150);
    for (const subscription of subscriptions) {
      expect(await mark(subscription)).toMatchObject({ seq: 15, settled: 0 });
      expect(await isRung(subscription)).toBe(true);
    }
    const { rows } = await database.query<{ id: string }>(
      `select data->>'event' as id from tenantry.audit where subscription_id = $1 order by audit.id`,
      [subscriptions[0]],
    );
    expect(new Set(rows.map(({ id }) => id))).toEqual(
      new Set(events.filter((_, n) => n % 10 === 0).map(({ id }) => id)),
    );
  });

  test('and are the same event are one fresh event and otherwise duplicates', async () => {
    const inbox = createInbox(database);
    const [subscription, other] = [newId('sub'), newId('sub')];
    const same = event(subscription);
    const answers = await Promise.all([
      inbox.receive(event(other)),
      ...Array.from({ length: 30 }, () => inbox.receive(same)),
    ]);
    expect(answers.filter(Boolean)).toHaveLength(2);
    expect(await inbox.receive(same)).toBe(false);
    expect((await mark(subscription))?.seq).toBe(1);
    const { rowCount } = await database.query('select 1 from tenantry.audit where subscription_id = $1', [
      subscription,
    ]);
    expect(rowCount).toBe(1);
  });

  test('are noted in the order in which they arrived', async () => {
    // The first goes alone, and on two connections those after it may overtake it.
    const oneByOne = openDatabase(control.url, { maxConnections: 1 });
    const inbox = createInbox(oneByOne);
    const subscription = newId('sub');
    const events = Array.from({ length: 40 }, () => event(subscription));
    await Promise.all(events.map(inbox.receive));
    await oneByOne.close();
    const { rows } = await database.query<{ id: string }>(
      `select data->>'event' as id from tenantry.audit where subscription_id = $1 order by audit.id`,
      [subscription],
    );
    expect(rows.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  });

  test('and cannot all be stored do not keep the others from it', async () => {
    const inbox = createInbox(database);
    const good = Array.from({ length: 20 }, () => event(newId('sub')));
    // The queue takes no key of such a length, the column of ids no NUL.
    const bad = [event('s'.repeat(600)), event(newId('sub'), { type: 'a\u0000b' })];
    const answers = await Promise.allSettled(
      [...good.slice(0, 7), ...bad, ...good.slice(7)].map(inbox.receive),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array(7).fill('fulfilled'),
      'rejected',
      'rejected',
      ...Array(13).fill('fulfilled'),
    ]);
    expect(await stored(good)).toBe(20);
    expect(await stored(bad)).toBe(0);
  });

  test('at several replicas, in whatever order, never deadlock, and each counts once', async () => {
    const subscriptions = Array.from({ length: 6 }, () => newId('sub'));
    const events = Array.from({ length: 120 }, (_, n) =>
      n % 9 === 8
        ? event(null, { objectType: 'invoice', needsLookup: true })
        : event(subscriptions[n % 6] ?? null),
    );
    const replicas = [1, 2, 3].map(() => createInbox(database));
    const shuffled = (by: number) => events.map((_, n) => events[(n * by) % 120] as ReceivedEvent);
    const answers = await Promise.all(
      replicas.flatMap(({ receive }, n) => shuffled([1, 119, 49][n] ?? 1).map(receive)),
    );
    expect(answers.filter(Boolean)).toHaveLength(120);
    const counts = await Promise.all(subscriptions.map(async (id) => (await mark(id))?.seq ?? 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(
      events.filter(({ subscriptionId }) => subscriptionId).length,
    );
  });
});

describe('an event', () => {
  test('is acknowledged only after its commit', async () => {
    const received = event(newId('sub'));
    let acknowledged = false;
    let answer: Promise<boolean> = Promise.resolve(false);
    await whileHolding('lock table tenantry.audit in exclusive mode', [], async () => {
      answer = createInbox(database).receive(received);
      void answer.then(() => {
        acknowledged = true;
      });
      await until(async () => (await waitingForLocks()) > 0, { what: 'the transaction reaching its end' });
      expect(await stored([received])).toBe(0);
      expect(acknowledged).toBe(false);
    });
    expect(await answer).toBe(true);
    expect(await stored([received])).toBe(1);
  });

  test('whose transaction is killed is refused, leaves nothing, and is good when it comes again', async () => {
    const subscription = newId('sub');
    const received = event(subscription);
    const inbox = createInbox(database);
    await whileHolding('lock table tenantry.audit in exclusive mode', [], async () => {
      const refused = expect(inbox.receive(received)).rejects.toThrow();
      await until(
        async () => {
          const { rowCount } = await database.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return (rowCount ?? 0) > 0;
        },
        { what: 'a transaction to kill' },
      );
      await refused;
    });
    expect(await stored([received])).toBe(0);
    expect(await mark(subscription)).toBeUndefined();
    expect(await isRung(subscription)).toBe(false);
    expect(await inbox.receive(received)).toBe(true);
    expect(await mark(subscription)).toMatchObject({ seq: 1 });
  });

  test('does not wait for a sync that is writing its subscription', async () => {
    const subscription = newId('sub');
    await markSubscription(database, subscription);
    const sql = "update tenantry.subscription set status = 'active' where id = $1";
    await whileHolding(sql, [subscription], async () => {
      expect(await createInbox(database).receive(event(subscription))).toBe(true);
    });
    expect((await mark(subscription))?.seq).toBe(2);
  });

  test('does not wait for a transaction of others that hangs', async () => {
    const subscription = newId('sub');
    await markSubscription(database, subscription);
    const inbox = createInbox(database);
    let held: Promise<boolean> = Promise.resolve(false);
    const sql = 'select from tenantry.subscription_mark where subscription_id = $1 for update';
    await whileHolding(sql, [subscription], async () => {
      held = inbox.receive(event(subscription));
      await until(async () => (await waitingForLocks()) > 0, { what: 'the transaction that hangs' });
      expect(await inbox.receive(event(newId('sub')))).toBe(true);
    });
    expect(await held).toBe(true);
  });
});

describe('a subscription', () => {
  test('is rung once while a sync is on its way, however often it is marked', async () => {
    const inbox = createInbox(database);
    const subscription = newId('sub');
    await inbox.receive(event(subscription));
    expect(await isRung(subscription)).toBe(true);
    await silence(subscription);
    await inbox.receive(event(subscription));
    expect(await isRung(subscription)).toBe(false);
    expect(await mark(subscription)).toMatchObject({ seq: 2, settled: 0 });
  });

  test('is rung again once a sync has been on its way for long, as it may be dead', async () => {
    const subscription = newId('sub');
    await markSubscription(database, subscription);
    await silence(subscription);
    await database.query(
      "update tenantry.subscription_mark set rung_at = now() - interval '6 seconds' where subscription_id = $1",
      [subscription],
    );
    await markSubscription(database, subscription);
    expect(await isRung(subscription)).toBe(true);
  });

  test('that was never settled goes before those that were', async () => {
    const [known, unknown] = [newId('sub'), newId('sub')];
    await markSubscription(database, known);
    await settleMarks(database, { subscriptionId: known, ticket: 1, markedSeq: 1, attempts: 0 });
    await createInbox(database).receive(event(known));
    await createInbox(database).receive(event(unknown));
    const { rows } = await database.query<{ key: string }>(
      'select key from graphile_worker.jobs where key = any($1) order by priority',
      [[keyOf(known), keyOf(unknown)]],
    );
    expect(rows.map(({ key }) => key)).toEqual([keyOf(unknown), keyOf(known)]);
  });

  test('that is settled rests until the next mark, which rings', async () => {
    const subscription = newId('sub');
    await markSubscription(database, subscription);
    await silence(subscription);
    await settleMarks(database, { subscriptionId: subscription, ticket: 1, markedSeq: 1, attempts: 0 });
    expect(await mark(subscription)).toEqual({ seq: 1, settled: 1, rung: null });
    expect(await isRung(subscription)).toBe(false);
    await markSubscription(database, subscription);
    expect(await isRung(subscription)).toBe(true);
  });

  test('that was marked after the fetch is rung when the fetch settles', async () => {
    const subscription = newId('sub');
    for (let n = 0; n < 3; n += 1) await markSubscription(database, subscription);
    await silence(subscription);
    await settleMarks(database, { subscriptionId: subscription, ticket: 1, markedSeq: 2, attempts: 0 });
    expect(await mark(subscription)).toMatchObject({ seq: 3, settled: 2, rung: expect.any(Date) });
    expect(await isRung(subscription)).toBe(true);
  });

  test('never loses a mark to a settlement at the same moment', async () => {
    const subscription = newId('sub');
    await markSubscription(database, subscription);
    for (let round = 0; round < 40; round += 1) {
      const before = await mark(subscription);
      await silence(subscription);
      const fetch = { subscriptionId: subscription, ticket: 1, markedSeq: before?.seq ?? 0, attempts: 0 };
      await Promise.all([settleMarks(database, fetch), markSubscription(database, subscription)]);
      const after = await mark(subscription);
      expect([after?.settled, after?.seq]).toEqual([before?.seq, (before?.seq ?? 0) + 1]);
      expect(await isRung(subscription)).toBe(true);
    }
  });
});
