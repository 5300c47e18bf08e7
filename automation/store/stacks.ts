import { firstRow, onlyRow, type Queryable } from './database.ts';
import type { StackSettings } from './tenants.ts';

export interface ReservedStack {
  readonly tenantId: string;
  readonly stackSettings: StackSettings;
}

/** Takes a tenant id whose stack is initialised; null when none is left. */
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

export async function addReservedStack(db: Queryable, cell: string, stack: ReservedStack): Promise<void> {
  await db.query(
    'insert into tenantry.reserved_stack (tenant_id, cell, stack_settings) values ($1, $2, $3)',
    [stack.tenantId, cell, JSON.stringify(stack.stackSettings)],
  );
}

export async function countReservedStacks(db: Queryable, cell: string): Promise<number> {
  return onlyRow(
    await db.query<{ count: number }>('select count(*) from tenantry.reserved_stack where cell = $1', [cell]),
  ).count;
}
