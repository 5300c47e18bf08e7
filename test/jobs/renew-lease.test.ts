import { afterAll, beforeAll, expect, test } from 'vitest';
import { convergeTenant } from '../../automation/jobs/converge-tenant.ts';
import type { Database } from '../../automation/store/database.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';
import { playedRunners } from '../support/played-runners.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 4 });
  database = control.database;
});
afterAll(() => control?.drop());

test('a renewal that is under way when an operation ends does not reach whoever has the runner next', async () => {
  const { id } = await addTenant(database, { set: { stack_settings: { encryptedkey: 'none' } } });
  const told: string[] = [];
  const unlock = Promise.withResolvers<void>();
  let locked: Promise<void> | undefined;
  const context = jobContext({ database, stripe: null as never, policy: { leaseTtlMs: 1000 } });
  await convergeTenant(
    {
      ...context,
      runners: playedRunners(
        async () => {
          locked = database.transaction(async (client) => {
            await client.query('select 1 from tenantry.lease where tenant_id = $1 for update', [id]);
            await unlock.promise;
          });
          await until(renewalWaits, { what: 'a renewal that waits' });
          return { outcome: 'succeeded', outputs: null, stackSettings: null, changes: {}, durationMs: 1 };
        },
        {
          permit: () => void told.push('permitted'),
          kill: () => void told.push('killed'),
          release: () => {
            told.push('released');
            unlock.resolve();
          },
        },
      ),
    },
    id,
  );
  await locked;
  expect(told.at(-1)).toBe('released');
});

async function renewalWaits(): Promise<boolean> {
  const { rowCount } = await database.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
       and query like 'update tenantry.lease set expires_at%'`,
  );
  return rowCount !== 0;
}
