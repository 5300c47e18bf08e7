import { firstRow, onlyRow, type Queryable } from './database.ts';
import type { StackSettings } from './tenants.ts';

export interface ReservedStack {
  readonly tenantId: string;
  readonly stackSettings: StackSettings;
}

/** Takes an initialised stack with its tenant id from the reserve; null when it is empty. */
export async function takeReservedStack(db: Queryable, cell: string): Promise<ReservedStack | null> {
  return firstRow(
    await db.query<ReservedStack>(
      `delete from tenantry.reserved_stack where tenant_id = (
         select tenant_id from tenantry.reserved_stack where cell = $1 order by created_at limit 1
         for update skip locked)
       returning tenant_id as "tenantId", stack_settings as "stackSettings"`,
      [cell],
    ),
  );
}

export async function addReservedStacks(
  db: Queryable,
  cell: string,
  stacks: Readonly<Record<string, StackSettings>>,
): Promise<void> {
  await db.query(
    `insert into tenantry.reserved_stack (tenant_id, cell, stack_settings)
     select key, $1, value from jsonb_each($2::jsonb)`,
    [cell, JSON.stringify(stacks)],
  );
}

export async function countReservedStacks(db: Queryable, cell: string): Promise<number> {
  return onlyRow(
    await db.query<{ count: number }>('select count(*) from tenantry.reserved_stack where cell = $1', [cell]),
  ).count;
}

/** The job that refills a cell's pools. Only workers of that cell take it. */
export function replenishJob(cell: string): string {
  return `replenish:${cell}`;
}

/** Requests a refill of a cell's stacks and slots, a little later, so that payments go first. */
export async function ringReplenish(db: Queryable, cell: string): Promise<void> {
  await db.query(
    `select graphile_worker.add_job($1, '{}'::json, job_key => $1, job_key_mode => 'preserve_run_at',
       run_at => now() + interval '2 seconds', priority => 10, max_attempts => 1)`,
    [replenishJob(cell)],
  );
}
