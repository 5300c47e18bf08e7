import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyToLedger,
  expireCredits,
  grantCredits,
  type LedgerOperation,
  operateLedger,
} from '../../automation/ledger/book.ts';
import { checkLedger, listEntries, listLots, readBalance } from '../../automation/ledger/read.ts';
import { createLedgerWriter } from '../../automation/ledger/writer.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 64 });
  database = control.database;
});
afterAll(async () => {
  if (database) {
    expect(await checkLedger(database)).toMatchObject({ total: 0, wrong: [], wrongHolds: [] });
  }
  await control?.drop();
});

const hour = 3_600_000;
const inAnHour = () => new Date(Date.now() + hour);
const newCause = () => randomBytes(8).toString('hex');

async function tenantWith(credits: number): Promise<string> {
  const { id } = await addTenant(database, { product: 'browsers', plan: 'professional' });
  if (credits > 0) await topUp(id, credits);
  return id;
}
const topUp = (tenant: string, amount: number, until: Date | null = null) =>
  operateLedger(database, { op: 'top_up', tenant, cause: newCause(), amount, until });
const hold = (tenant: string, amount: number, cause = newCause(), until = inAnHour()) =>
  operateLedger(database, { op: 'hold', tenant, cause, amount, until });
const capture = (
  tenant: string,
  amount: number,
  more: Partial<Extract<LedgerOperation, { op: 'capture' }>> = {},
) => operateLedger(database, { op: 'capture', tenant, cause: newCause(), amount, ...more });
const release = (tenant: string, of: string, cause = newCause()) =>
  operateLedger(database, { op: 'release', tenant, cause, hold: of });
const balance = async (tenant: string) => {
  const found = await readBalance(database, tenant);
  return found && [found.available, found.held, found.overshoot];
};
const sumOf = async (tenant: string, kind: string) =>
  (await listEntries(database, tenant, {}, firstPage(10_000, 'id')))
    .filter((entry) => entry.kind === kind)
    .reduce((sum, { amount }) => sum + amount, 0);

describe('holds', () => {
  test('set credits aside, captures spend them, and the rest comes back', async () => {
    const tenant = await tenantWith(10);
    expect(await hold(tenant, 6, 'session')).toMatchObject({ outcome: 'done', available: 4, held: 6 });
    expect(await capture(tenant, 4, { hold: 'session' })).toMatchObject({
      outcome: 'done',
      amount: 4,
      overshoot: 0,
      available: 6,
      held: 0,
    });
    expect(await balance(tenant)).toEqual([6, 0, 0]);
  });

  test('are captured in parts when the first is not final', async () => {
    const tenant = await tenantWith(10);
    await hold(tenant, 6, 'session');
    await capture(tenant, 1, { hold: 'session', final: false });
    await capture(tenant, 2, { hold: 'session', final: false });
    expect(await balance(tenant)).toEqual([4, 3, 0]);
    expect(await release(tenant, 'session')).toMatchObject({ outcome: 'done', amount: 3 });
    expect(await balance(tenant)).toEqual([7, 0, 0]);
  });

  test.each([
    ['more than there is', { op: 'hold', amount: 11 }, 'insufficient'],
    ['more than is held', { op: 'capture', amount: 7, hold: 'session' }, 'exceeds_hold'],
    ['of no hold', { op: 'capture', amount: 1, hold: 'another' }, 'no_hold'],
    ['more than is free', { op: 'capture', amount: 5 }, 'insufficient'],
    ['of a hold that is over', { op: 'capture', amount: 1, hold: 'over' }, 'hold_closed'],
    ['a release of a hold that is over', { op: 'release', hold: 'over' }, 'hold_closed'],
    ['a release of no hold', { op: 'release', hold: 'another' }, 'no_hold'],
  ])('refuse %s and change nothing', async (_what, wish, outcome) => {
    const tenant = await tenantWith(12);
    await hold(tenant, 2, 'over');
    await capture(tenant, 2, { hold: 'over' });
    await hold(tenant, 6, 'session');
    const operation = { tenant, cause: newCause(), until: inAnHour(), ...wish } as unknown as LedgerOperation;
    expect(await operateLedger(database, operation)).toMatchObject({ outcome });
    expect(await balance(tenant)).toEqual([4, 6, 0]);
  });

  test('that nobody settles come back when their time is over, once', async () => {
    const tenant = await tenantWith(5);
    await hold(tenant, 5, 'lost', new Date(Date.now() - 1));
    const settled = await Promise.all([1, 2, 3, 4].map(() => expireCredits(database, new Date(), 100)));
    expect(Math.max(...settled)).toBeGreaterThan(0);
    expect(await balance(tenant)).toEqual([5, 0, 0]);
    expect(await capture(tenant, 1, { hold: 'lost' })).toMatchObject({ outcome: 'hold_closed' });
  });
});

describe('a cause', () => {
  const operations: [string, (tenant: string) => LedgerOperation][] = [
    ['hold', (tenant) => ({ op: 'hold', tenant, cause: 'same', amount: 3, until: inAnHour() })],
    ['capture', (tenant) => ({ op: 'capture', tenant, cause: 'same', amount: 3 })],
    ['capture of a hold', (tenant) => ({ op: 'capture', tenant, cause: 'same', amount: 3, hold: 'first' })],
    ['overshoot', (tenant) => ({ op: 'capture', tenant, cause: 'same', amount: 30, metered: true })],
    ['release', (tenant) => ({ op: 'release', tenant, cause: 'same', hold: 'first' })],
    ['top_up', (tenant) => ({ op: 'top_up', tenant, cause: 'same', amount: 3, until: null })],
  ];
  test.each(operations)('books a %s once, however often and however many ask at once', async (_op, make) => {
    const tenant = await tenantWith(10);
    await hold(tenant, 5, 'first');
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => operateLedger(database, make(tenant))),
    );
    const after = await balance(tenant);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
      'done',
      ...Array.from({ length: 7 }, () => 'repeated'),
    ]);
    expect(await operateLedger(database, make(tenant))).toMatchObject({ outcome: 'repeated' });
    expect(await balance(tenant)).toEqual(after);
  });

  test('that comes again for something else is told so', async () => {
    const tenant = await tenantWith(10);
    await capture(tenant, 3, { cause: 'c' });
    expect(await capture(tenant, 4, { cause: 'c' })).toMatchObject({ outcome: 'conflict', amount: 3 });
    expect(await balance(tenant)).toEqual([7, 0, 0]);
  });

  test('of one tenant is nothing to another', async () => {
    const [a, b] = [await tenantWith(5), await tenantWith(5)];
    await hold(a, 5, 'session');
    expect(await capture(b, 1, { hold: 'session' })).toMatchObject({ outcome: 'no_hold' });
    expect(await release(b, 'session')).toMatchObject({ outcome: 'no_hold' });
    expect(await balance(b)).toEqual([5, 0, 0]);
  });
});

describe('concurrency', () => {
  test('64 captures at once of one balance that pays for 40 do 40 and refuse 24', async () => {
    const tenant = await tenantWith(40);
    const results = await Promise.all(Array.from({ length: 64 }, () => capture(tenant, 1)));
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(40);
    expect(results.filter(({ outcome }) => outcome === 'insufficient')).toHaveLength(24);
    expect(Math.min(...results.map(({ available }) => available))).toBe(0);
    expect(await balance(tenant)).toEqual([0, 0, 0]);
    expect(await sumOf(tenant, 'capture')).toBe(40);
  });

  test('64 captures at once of one hold never spend more than it holds', async () => {
    const tenant = await tenantWith(40);
    await hold(tenant, 40, 'session');
    const results = await Promise.all(
      Array.from({ length: 64 }, () => capture(tenant, 1, { hold: 'session', final: false })),
    );
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(40);
    expect(await balance(tenant)).toEqual([0, 0, 0]);
  });

  test('of everything at once leaves no balance below zero and no credit lost', async () => {
    const tenant = await tenantWith(100);
    const work = Array.from({ length: 64 }, async (_, n) => {
      const cause = `w${n}`;
      if (n % 8 === 7) return topUp(tenant, 5);
      const held = await hold(tenant, 1 + (n % 5), cause);
      if (held.outcome !== 'done') return held;
      return n % 3 === 0 ? release(tenant, cause) : capture(tenant, 1, { hold: cause });
    });
    await Promise.all(work);
    const found = await readBalance(database, tenant);
    const given = 100 + 8 * 5;
    expect(found?.held).toBe(0);
    expect((found?.available ?? 0) + (await sumOf(tenant, 'capture'))).toBe(given);
  });

  test('of batches over the same tenants in any order ends, and books everything', async () => {
    const tenants = await Promise.all(Array.from({ length: 6 }, () => tenantWith(1000)));
    const batches = Array.from({ length: 24 }, (_, n) =>
      [...tenants.slice(n % 6), ...tenants.slice(0, n % 6)].map(
        (tenant): LedgerOperation => ({ op: 'capture', tenant, cause: `b${n}`, amount: 1 }),
      ),
    );
    const results = await Promise.all(batches.map((batch) => applyToLedger(database, batch)));
    expect(results.flat().every(({ outcome }) => outcome === 'done')).toBe(true);
    for (const tenant of tenants) expect(await balance(tenant)).toEqual([976, 0, 0]);
  });

  test('through a writer answers each its own, and a bad one harms no other', async () => {
    const [rich, poor] = [await tenantWith(1000), await tenantWith(3)];
    const writer = createLedgerWriter(database);
    const results = await Promise.allSettled([
      ...Array.from({ length: 200 }, (_, n) =>
        writer.book({ op: 'capture', tenant: n % 20 === 0 ? poor : rich, cause: `w${n}`, amount: 1 }),
      ),
      writer.book({ op: 'capture', tenant: rich, cause: 'bad', amount: -1 }),
    ]);
    expect(results.at(-1)?.status).toBe('rejected');
    const outcomes = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.outcome : []));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(190 + 3);
    expect(await balance(rich)).toEqual([810, 0, 0]);
    expect(await balance(poor)).toEqual([0, 0, 0]);
  });
});

describe('grants', () => {
  const grant = (tenant: string, cause: string, amount: number, adds = false) =>
    grantCredits(database, tenant, { cause, amount, adds, spendBy: inAnHour() });

  test('begin each period with the allowance, whatever was left', async () => {
    const tenant = await tenantWith(0);
    await grant(tenant, 'invoice:1', 5000);
    await capture(tenant, 1234);
    await grant(tenant, 'invoice:2', 5000);
    expect(await balance(tenant)).toEqual([5000, 0, 0]);
    expect(await sumOf(tenant, 'expiry')).toBe(3766);
  });

  test('are booked once, however many ask at once', async () => {
    const tenant = await tenantWith(0);
    const fresh = await Promise.all(Array.from({ length: 16 }, () => grant(tenant, 'invoice:1', 5000)));
    expect(fresh.filter(Boolean)).toHaveLength(1);
    expect(await balance(tenant)).toEqual([5000, 0, 0]);
  });

  test('leave top-ups and work that runs alone', async () => {
    const tenant = await tenantWith(70);
    await grant(tenant, 'invoice:1', 100);
    await hold(tenant, 30, 'old');
    await grant(tenant, 'invoice:2', 100);
    expect(await balance(tenant)).toEqual([170, 30, 0]);
    // The hold was paid from the old period: what it returns has expired.
    await capture(tenant, 10, { hold: 'old' });
    expect(await balance(tenant)).toEqual([170, 0, 0]);
    expect(await sumOf(tenant, 'expiry')).toBe(70 + 20);
  });

  test('of a bigger plan in the middle of a period add to what is left', async () => {
    const tenant = await tenantWith(0);
    await grant(tenant, 'invoice:1', 100);
    await capture(tenant, 60);
    await grant(tenant, 'upgrade', 50, true);
    expect(await balance(tenant)).toEqual([90, 0, 0]);
    await grant(tenant, 'invoice:2', 150);
    expect(await balance(tenant)).toEqual([150, 0, 0]);
  });

  test('what ends first is spent first, and a top-up that ends is spendable no more', async () => {
    const tenant = await tenantWith(0);
    await topUp(tenant, 10);
    await grant(tenant, 'invoice:1', 10);
    await topUp(tenant, 10, new Date(Date.now() + hour / 2));
    await capture(tenant, 15);
    expect((await listLots(database, tenant)).map(({ kind, remaining }) => [kind, remaining])).toEqual([
      ['top_up', 0],
      ['plan', 5],
      ['top_up', 10],
    ]);
    await topUp(tenant, 7, new Date(Date.now() - 1));
    expect(await balance(tenant)).toEqual([15, 0, 0]);
    await expireCredits(database, new Date(), 100);
    expect(await sumOf(tenant, 'expiry')).toBe(7);
    expect(await balance(tenant)).toEqual([15, 0, 0]);
  });
});

describe('the database itself', () => {
  test.each([
    ['update of an entry', 'update tenantry.ledger_entry set amount = 1'],
    ['update of no entry', 'update tenantry.ledger_entry set amount = 1 where false'],
    ['delete of entries', 'delete from tenantry.ledger_entry'],
    ['truncate of entries', 'truncate tenantry.ledger_entry'],
    ['delete of accounts', 'delete from tenantry.ledger_account'],
    ['delete of holds', 'delete from tenantry.ledger_hold'],
    [
      'a balance without an entry',
      'update tenantry.ledger_account set balance = balance + 1 where balance > 0',
    ],
    [
      'an account that is given away',
      "update tenantry.ledger_account set tenant_id = 'zzzzzzz1' where kind = 'held'",
    ],
    [
      'an account that is not empty at first',
      "insert into tenantry.ledger_account (tenant_id, kind, balance) values ('zzzzzzz1', 'top_up', 5)",
    ],
  ])('refuses: %s', async (_what, sql) => {
    await hold(await tenantWith(5), 2, 'any');
    await expect(database.query(sql)).rejects.toThrow();
  });

  test.each([
    ['more than an account has', 1000, 'held', -2],
    ['nothing', 0, 'held', -2],
    ['a negative amount', -5, 'held', -2],
    ['an amount that a client cannot read', '9007199254740992', 'held', -2],
    ['from an account that only takes', 1, 'consumed', 'held'],
    ['to an account that only gives', 1, 'held', -1],
    ['to itself', 1, 'held', 'held'],
  ])('refuses an entry of %s', async (_what, amount, from, to) => {
    const tenant = await tenantWith(5);
    await hold(tenant, 3, 'any');
    const { rows } = await database.query<{ id: number }>(
      "select id from tenantry.ledger_account where tenant_id = $1 and kind = 'held'",
      [tenant],
    );
    const account = (name: string | number) =>
      name === 'held' ? (rows[0]?.id ?? 0) : name === 'consumed' ? -2 : name;
    const insert = (value: unknown) =>
      database.query(
        `insert into tenantry.ledger_entry (tenant_id, kind, cause, amount, from_account, to_account)
         values ($1, 'capture', $2, $3, $4, $5)`,
        [tenant, newCause(), value, account(from), account(to)],
      );
    await expect(insert(amount)).rejects.toThrow();
    expect(await balance(tenant)).toEqual([2, 3, 0]);
  });

  test('refuses an entry between accounts of two tenants', async () => {
    const [a, b] = [await tenantWith(5), await tenantWith(5)];
    const { rows } = await database.query<{ id: number }>(
      "select id from tenantry.ledger_account where tenant_id = any($1) and kind = 'top_up' order by tenant_id = $2 desc",
      [[a, b], a],
    );
    await expect(
      database.query(
        `insert into tenantry.ledger_entry (tenant_id, kind, cause, amount, from_account, to_account)
         values ($1, 'capture', 'theft', 1, $2, $3)`,
        [b, rows[0]?.id, rows[1]?.id],
      ),
    ).rejects.toThrow('none of tenant');
  });

  test('refuses a top-up that would make the balance more than a client can read', async () => {
    const tenant = await tenantWith(Number.MAX_SAFE_INTEGER);
    expect(await topUp(tenant, 1)).toMatchObject({ outcome: 'overflow' });
    expect(await balance(tenant)).toEqual([Number.MAX_SAFE_INTEGER, 0, 0]);
  });
});

test('any sequence of operations does what a plain model of them says', async () => {
  const amounts = fc.integer({ min: 1, max: 12 });
  const names = fc.integer({ min: 0, max: 4 });
  const step = fc.oneof(
    fc.record({ op: fc.constant('top_up' as const), amount: amounts }),
    fc.record({ op: fc.constant('grant' as const), amount: amounts }),
    fc.record({ op: fc.constant('hold' as const), amount: amounts, name: names }),
    fc.record({
      op: fc.constant('capture' as const),
      amount: amounts,
      name: names,
      metered: fc.boolean(),
      final: fc.boolean(),
    }),
    fc.record({ op: fc.constant('spend' as const), amount: amounts, metered: fc.boolean() }),
    fc.record({ op: fc.constant('release' as const), name: names }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const tenant = await tenantWith(0);
      const model = { plan: 0, topUps: 0, overshoot: 0, period: 0 };
      // What a hold took from this period's plan, from earlier ones', and from top-ups, in the order of spending.
      const holds = new Map<number, { plan: number; topUps: number; period: number }>();
      const taken = new Set<number>();
      const spend = (wanted: number) => {
        const plan = Math.min(wanted, model.plan);
        const topUps = Math.min(wanted - plan, model.topUps);
        model.plan -= plan;
        model.topUps -= topUps;
        return { plan, topUps, period: model.period };
      };
      const giveBack = (name: number) => {
        const held = holds.get(name);
        if (!held) return;
        model.topUps += held.topUps;
        if (held.period === model.period) model.plan += held.plan;
        holds.delete(name);
      };
      for (const [n, wish] of steps.entries()) {
        const cause = `s${n}`;
        if (wish.op === 'top_up') {
          await topUp(tenant, wish.amount);
          model.topUps += wish.amount;
        } else if (wish.op === 'grant') {
          await grantCredits(database, tenant, {
            cause,
            amount: wish.amount,
            adds: false,
            spendBy: inAnHour(),
          });
          model.plan = wish.amount;
          model.period += 1;
        } else if (wish.op === 'hold') {
          const result = await hold(tenant, wish.amount, `h${wish.name}`);
          if (taken.has(wish.name)) expect(['repeated', 'conflict']).toContain(result.outcome);
          else if (wish.amount > model.plan + model.topUps) expect(result.outcome).toBe('insufficient');
          else {
            expect(result.outcome).toBe('done');
            taken.add(wish.name);
            holds.set(wish.name, spend(wish.amount));
          }
        } else if (wish.op === 'capture') {
          const { amount, metered, final } = wish;
          const result = await capture(tenant, amount, { cause, hold: `h${wish.name}`, metered, final });
          const held = holds.get(wish.name);
          if (!held) expect(result.outcome).toBe(taken.has(wish.name) ? 'hold_closed' : 'no_hold');
          else if (amount > held.plan + held.topUps && !metered) expect(result.outcome).toBe('exceeds_hold');
          else {
            expect(result.outcome).toBe('done');
            const fromPlan = Math.min(amount, held.plan);
            const fromTopUps = Math.min(amount - fromPlan, held.topUps);
            held.plan -= fromPlan;
            held.topUps -= fromTopUps;
            const more = spend(amount - fromPlan - fromTopUps);
            model.overshoot += amount - fromPlan - fromTopUps - more.plan - more.topUps;
            if (final || held.plan + held.topUps === 0) giveBack(wish.name);
          }
        } else if (wish.op === 'spend') {
          const { amount, metered } = wish;
          const result = await capture(tenant, amount, { cause, metered });
          if (amount > model.plan + model.topUps && !metered) expect(result.outcome).toBe('insufficient');
          else {
            const paid = spend(amount);
            model.overshoot += amount - paid.plan - paid.topUps;
          }
        } else {
          await release(tenant, `h${wish.name}`, cause);
          giveBack(wish.name);
        }
        const held = [...holds.values()].reduce((sum, { plan, topUps }) => sum + plan + topUps, 0);
        expect((await balance(tenant)) ?? [0, 0, 0]).toEqual([
          model.plan + model.topUps,
          held,
          model.overshoot,
        ]);
      }
    }),
    { numRuns: 40 },
  );
});
