import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../automation/store/database.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh?.drop());

test('a transaction that its process does not go on with lets go of its locks', async () => {
  const stopped = openDatabase(fresh.url, { abandonAfterMs: 100 });
  const other = openDatabase(fresh.url);
  await other.query('create table line as select 1 as id');
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  let wake = () => {};
  const sleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const late = stopped.transaction(async (client) => {
    await client.query('update line set id = 2');
    locked();
    await sleep;
    await client.query('update line set id = 3');
  });
  const refused = expect(late).rejects.toThrow(/connection|terminat/);
  await isLocked;
  await other.query('update line set id = id + 10');
  wake();
  await refused;
  expect((await other.query('select id from line')).rows).toEqual([{ id: 11 }]);
  // The pool goes on with another connection.
  expect((await stopped.query('select id from line')).rows).toEqual([{ id: 11 }]);
  await Promise.all([stopped.close(), other.close()]);
});
