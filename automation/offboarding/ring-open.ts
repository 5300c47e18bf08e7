import type { Queryable } from '../store/database.ts';
import { listOpenExports, ringExport } from './exports.ts';
import { listOpenOffboardings, ringOffboarding } from './journal.ts';

/** Rings for open ends and exports that no worker is working on, and for expired exports. */
export async function ringOpenEnds(
  db: Queryable,
  { cell, now, limit }: { cell: string; now: Date; limit: number },
): Promise<void> {
  for (const tenant of await listOpenOffboardings(db, { cell, now, limit }))
    await ringOffboarding(db, tenant);
  for (const wanted of await listOpenExports(db, cell, limit)) await ringExport(db, wanted);
  await db.query(
    `select graphile_worker.add_job('remove-exports:' || $1, '{}'::json, job_key => 'remove-exports:' || $1,
       max_attempts => 1)
     where exists (select from tenantry.tenant_export
       where cell = $1 and finished_at is not null and removed_at is null and expires_at <= now())`,
    [cell],
  );
}
