import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { task } from '../../automation/work/index.ts';
import { beginQueues } from '../../automation/worker/queues.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { until } from '../support/wait.ts';

let control: ControlDatabase;
let ofQueues: Database;
const releasers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  control = await controlDatabase();
  ofQueues = openDatabase(control.url, { name: 'queues-under-test', maxConnections: 8 });
});
afterAll(async () => {
  for (const release of releasers.reverse()) await release();
  await ofQueues?.close();
  await control?.drop();
});

const ring = (name: string) =>
  control.database.query("select graphile_worker.add_job('note', json_build_object('name', $1::text))", [
    name,
  ]);

/** Keeps the queue from writing how the job ended, until its session waits for that and is ended. */
async function endSessionAtTheEndOf(name: string): Promise<void> {
  const holder = await control.database.pool.connect();
  await holder.query('begin');
  await holder.query("select from graphile_worker._private_jobs where payload->>'name' = $1 for update", [
    name,
  ]);
  const ended = until(async () => {
    const { rowCount } = await control.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'queues-under-test' and wait_event_type = 'Lock'`,
    );
    return rowCount;
  });
  ending = ended.finally(async () => {
    await holder.query('rollback');
    holder.release();
  });
}
let ending: Promise<unknown> = Promise.resolve();

test('a queue whose session ends while it writes how a job ended goes on, and leaves no job locked', async () => {
  const unhandled: unknown[] = [];
  const notice = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', notice);
  const noted: string[] = [];
  const note = task(z.object({ name: z.string() }), async ({ name }) => {
    if (name.startsWith('cut')) await endSessionAtTheEndOf(name);
    noted.push(name);
    if (name === 'cut and fail') throw new Error('this job fails');
  });
  await beginQueues(
    {
      relaxedDatabase: ofQueues,
      runners: { close: async () => {} } as never,
      log: pino({ level: 'silent' }),
    },
    { runners: 1 },
    // Runs one job at once: a worker that ended with its session would be missed.
    [{ tasks: { doorbells: { note } } }],
    (release) => releasers.push(release),
  );
  for (const name of ['cut', 'cut and fail', 'after']) {
    await ring(name);
    await until(() => noted.includes(name), { what: `the job ${name}` });
    await ending;
  }
  await until(async () => {
    const { rows } = await control.database.query<{ locked: number }>(
      'select count(*)::int as locked from graphile_worker._private_jobs where locked_at is not null',
    );
    return rows[0]?.locked === 0;
  });
  expect(unhandled).toEqual([]);
  process.off('unhandledRejection', notice);
});
