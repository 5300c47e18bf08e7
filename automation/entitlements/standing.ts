import type { Plan, Product } from '../../tenants/catalog/types.ts';
import type { BudgetRow, CreditBalance } from '../ledger/index.ts';
import {
  type CountedEntitlement,
  countedEntitlements,
  type Month,
  monthNamed,
  readUsed,
  sampledDimensions,
  startOfDay,
} from '../metering/index.ts';
import type { CheckNeed } from '../service.ts';
import { onlyRow, type Queryable } from '../store/database.ts';
import { adviceOf, cheapestPlan, hasMore, type Refusal } from './refusal.ts';

/** What a tenant has used and what its open reservations hold of what the plan grants. */
export interface Standing {
  readonly at: Date;
  readonly month: Month;
  /** What the meters counted this month, in millionths of their units. */
  readonly metered: ReadonlyMap<string, number>;
  /** What open reservations hold, in millionths, by entitlement. */
  readonly held: {
    readonly limit: ReadonlyMap<string, number>;
    readonly concurrency: ReadonlyMap<string, number>;
  };
  /** When the paid period ends; null where nobody pays. */
  readonly periodEnd: Date | null;
}

/** Takes one round trip, however many entitlements there are, and a second one where a limit counts sampled meters. */
export async function readStanding(db: Queryable, tenant: StandingOf, at: Date): Promise<Standing> {
  const month = monthNamed(at.toISOString());
  const row = onlyRow(
    await db.query<StandingRow>('select * from tenantry.standing($1, $2, $3)', [
      tenant.id,
      month.firstDay,
      at,
    ]),
  );
  return standingOf(db, tenant, { at, month, row });
}

/** The same with the tenant's money, in the same round trip. The balance is null when nothing was ever booked. */
export async function readStandingWithMoney(
  db: Queryable,
  tenant: StandingOf,
  at: Date,
): Promise<{
  readonly standing: Standing;
  readonly balance: CreditBalance | null;
  readonly budgets: readonly BudgetRow[];
}> {
  const month = monthNamed(at.toISOString());
  const row = onlyRow(
    await db.query<StandingRow & { balance: CreditBalance | null; budgets: BudgetRow[] }>(
      'select * from tenantry.standing_with_money($1, $2, $3)',
      [tenant.id, month.firstDay, at],
    ),
  );
  const { balance, budgets } = row;
  return { standing: await standingOf(db, tenant, { at, month, row }), balance, budgets };
}

interface StandingOf {
  readonly id: string;
  readonly product: Product;
}

interface StandingRow {
  readonly metered: Readonly<Record<string, number>>;
  readonly held: readonly {
    readonly kind: 'limit' | 'concurrency';
    readonly entitlement: string;
    readonly amount: number;
  }[];
  readonly period_end: Date | null;
}

async function standingOf(
  db: Queryable,
  tenant: StandingOf,
  { at, month, row }: { at: Date; month: Month; row: StandingRow },
): Promise<Standing> {
  const sampled = sampledDimensions([tenant.product]);
  const days = sampled.size > 0 ? await readUsed(db, tenant.id, month, new Map()) : [];
  const heldOf = (kind: 'limit' | 'concurrency') =>
    new Map(
      row.held.filter((one) => one.kind === kind).map(({ entitlement, amount }) => [entitlement, amount]),
    );
  return {
    at,
    month,
    metered: new Map([
      ...Object.entries(row.metered),
      ...days
        .filter(({ dimension }) => sampled.has(dimension))
        .map(({ dimension, microUnits }) => [dimension, microUnits] as const),
    ]),
    held: { limit: heldOf('limit'), concurrency: heldOf('concurrency') },
    periodEnd: row.period_end,
  };
}

/** What the month's meters counted of an entitlement, in millionths. */
export function usedOf({ metered }: Standing, { dimensions }: CountedEntitlement): number {
  return dimensions.reduce((sum, dimension) => sum + (metered.get(dimension) ?? 0), 0);
}

/** When the month's allowances reset. */
export function resetOf({ month }: Standing): Date {
  return startOfDay(month.nextFirstDay);
}

export const microsPerUnit = 1_000_000;

/** What began within a period that ends now. */
export interface Begun {
  readonly microUnits: number;
  /** Null when nothing began. */
  readonly firstAt: Date | null;
}

export type PlanNeed = Extract<CheckNeed, { of: 'limit' | 'concurrency' | 'rate' }>;

/** How much of a plan's number is left. */
export interface Room {
  readonly allowed: number;
  readonly leftMicroUnits: number;
  /** When there is more again; null where only the end of other uses brings more. */
  readonly resetsAt: Date | null;
}

interface Measured {
  readonly product: Product;
  readonly plan: Plan;
  readonly standing: Standing;
}

/**
 * How much is left for a need before it is taken; null where the plan sets no number and so no limit. Pure.
 * @param begun for a rate: what began of the entitlement within the need's period
 */
export function roomFor(
  need: PlanNeed,
  { product, plan, standing }: Measured,
  begun: Begun | null,
): Room | null {
  const { entitlement } = need;
  const allowed = plan.entitlements[entitlement];
  if (allowed === undefined)
    throw new Error(`a need names ${entitlement}, which is no entitlement of ${product.id}`);
  if (typeof allowed !== 'number') return null;
  return { allowed, leftMicroUnits: Math.max(0, allowed * microsPerUnit - taken()), resetsAt: resetsAt() };

  function taken(): number {
    if (need.of === 'rate') return begun?.microUnits ?? 0;
    const held = standing.held[need.of].get(entitlement) ?? 0;
    if (need.of === 'concurrency') return held;
    const counted = countedEntitlements(product).find((one) => one.entitlement === entitlement);
    if (!counted)
      throw new Error(`no meter counts ${entitlement} of ${product.id}, so it cannot be held to its limit`);
    return held + usedOf(standing, counted);
  }
  function resetsAt(): Date | null {
    if (need.of === 'limit') return resetOf(standing);
    if (need.of === 'concurrency' || !begun?.firstAt) return null;
    return new Date(begun.firstAt.getTime() + need.periodSeconds * 1000);
  }
}

/** Refuses a need for which there is no room; null when there is. Pure. */
export function refusalOfNeed(
  need: PlanNeed,
  { product, plan }: Pick<Measured, 'product' | 'plan'>,
  { allowed, leftMicroUnits, resetsAt }: Room,
): Refusal | null {
  const { entitlement, amount } = need;
  if (Math.round(amount * microsPerUnit) <= leftMicroUnits) return null;
  const name =
    countedEntitlements(product).find((one) => one.entitlement === entitlement)?.name ?? entitlement;
  const left = leftMicroUnits / microsPerUnit;
  const rest = {
    limit: entitlement,
    allowed,
    left,
    requested: amount,
    resetsAt: allowed === 0 ? null : resetsAt,
    planWithMore: cheapestPlan(product, plan, (other) => hasMore(other, entitlement, allowed)),
  };
  return allowed === 0
    ? { ...rest, code: 'not_in_plan', message: `The plan ${plan.name} includes no ${name}.${adviceOf(rest)}` }
    : {
        ...rest,
        code: 'plan_limit_reached',
        message: `${left} of ${allowed} ${name} are left, ${amount} were asked for.${adviceOf(rest)}`,
      };
}
