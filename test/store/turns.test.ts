import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../automation/store/database.ts';
import { withTurn } from '../../automation/store/turns.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { until } from '../support/wait.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase();
  database = control.database;
});
afterAll(() => control?.drop());

const turn = (name: string, holder: string, ttlMs = 60_000) => ({ name, holder, ttlMs });
const held = async (name: string) =>
  (await database.query('select holder from tenantry.turn where name = $1', [name])).rows[0]?.holder;

test('one process at a time has the turn, and the next has it once that one is done or has failed', async () => {
  const others: (string | null)[] = [];
  const done = await withTurn(database, turn('round', 'first'), async () => {
    others.push(await withTurn(database, turn('round', 'second'), async () => 'second'));
    others.push(await withTurn(database, turn('another', 'second'), async () => 'another'));
    return 'first';
  });
  expect([done, ...others]).toEqual(['first', null, 'another']);
  const failing = withTurn(database, turn('round', 'second'), () =>
    Promise.reject(new Error('the disk is full')),
  );
  await expect(failing).rejects.toThrow('the disk is full');
  expect(await withTurn(database, turn('round', 'third'), async () => 'third')).toBe('third');
});

test('a turn lasts as long as its work, however long that is', async () => {
  const ttlMs = 300;
  await withTurn(database, turn('long', 'slow', ttlMs), async () => {
    const { rows } = await database.query('select expires_at from tenantry.turn where name = $1', ['long']);
    await until(
      async () =>
        (
          await database.query(
            `select 1 from tenantry.turn where name = $1 and expires_at > $2::timestamptz + interval '400 ms'`,
            ['long', rows[0]?.expires_at],
          )
        ).rowCount === 1,
    );
    expect(await withTurn(database, turn('long', 'hasty'), async () => 'hasty')).toBeNull();
  });
});

test('the turn of a process that was stopped goes to the next, and its late end takes it from nobody', async () => {
  let wake = () => {};
  const sleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  // Prolonged by nobody, as in a stopped process.
  const stopped = {
    query: ((sql: string, values: unknown[]) =>
      sql.startsWith('update') ? Promise.reject(new Error('stopped')) : database.query(sql, values)) as never,
  };
  const late = withTurn(stopped, turn('stop', 'sleeper', 50), () => sleep);
  const next = await until(() =>
    withTurn(database, turn('stop', 'next'), async () => {
      wake();
      await late;
      return held('stop');
    }),
  );
  expect(next).toBe('next');
});
