import type { Queryable } from '../store/database.ts';
import { creditAllowance } from './allowance.ts';
import { type Brake, brakeFor, type Means } from './brake.ts';
import { writeBrake } from './brake-rows.ts';
import { effectiveLimit, monthOf, planBudgetMicros } from './budget.ts';
import { readBudgets } from './budget-rows.ts';
import { readBalance, wasEverGranted } from './read.ts';

export interface Braked {
  readonly id: string;
  readonly product: string;
  readonly plan: string;
}

/** Reads what a tenant has left to spend. */
export async function readMeans(db: Queryable, tenant: Braked, now: Date): Promise<Means> {
  const onCredits = (creditAllowance(tenant.product, tenant.plan) ?? 0) > 0;
  const budgets = await readBudgets(db, tenant.id, monthOf(now));
  return {
    credits: onCredits && (await wasEverGranted(db, tenant.id)) ? await readBalance(db, tenant.id) : null,
    budgets: budgets.map(({ kind, agreedMicros, capMicros, spentMicros, reservedMicros }) => ({
      kind,
      limitMicros: effectiveLimit({
        planMicros: kind === 'api' ? planBudgetMicros(tenant.product, tenant.plan) : null,
        agreedMicros,
        capMicros,
      }),
      spentMicros,
      reservedMicros,
    })),
  };
}

/** Decides the present state of a tenant's brake and records it. The tenant's row must be locked. */
export async function settleBrake(
  db: Queryable,
  tenant: Braked,
  now: Date,
): Promise<{ readonly brake: Brake; readonly changed: boolean }> {
  const brake = brakeFor(await readMeans(db, tenant, now));
  return { brake, changed: await writeBrake(db, tenant.id, brake) };
}
