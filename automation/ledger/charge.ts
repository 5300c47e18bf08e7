import { emit } from '../notify/index.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import type { Database, Queryable } from '../store/database.ts';
import { ringBrake } from './brake-rows.ts';
import {
  alertPercents,
  alertsDue,
  dollars,
  effectiveLimit,
  monthOf,
  planBudgetMicros,
  reaches,
  throttleAtPercent,
} from './budget.ts';
import {
  type ApiCall,
  type BudgetKind,
  insertCall,
  lockMonth,
  noteAlerted,
  raiseSpend,
  readBudgets,
  reserve,
  setBudget,
  settleCall,
} from './budget-rows.ts';
import type { Braked } from './means.ts';

export type ChargeOutcome =
  | 'done'
  /** The call was counted before with the same figure; nothing changed. */
  | 'repeated'
  /** The call was counted before with another figure. */
  | 'conflict'
  /** The month's limit does not allow it. */
  | 'exhausted';

class Exhausted extends Error {}

/**
 * Admits an API call before it is made by reserving the most that it may cost. The limit holds exactly over all running and
 * ended calls, however many callers ask at once.
 * @param estimateMicros the most that the call can cost, in micro-dollars
 */
export async function reserveApiCost(
  database: Database,
  tenant: Braked,
  call: Omit<ApiCall, 'month' | 'tenantId'>,
  estimateMicros: number,
): Promise<ChargeOutcome> {
  try {
    return await database.transaction(async (client) => {
      const outcome = await admitApiCost(client, tenant, call, estimateMicros);
      if (outcome === 'exhausted') throw new Exhausted();
      return outcome;
    });
  } catch (error) {
    if (error instanceof Exhausted) return 'exhausted';
    throw error;
  }
}

/** `reserveApiCost` in the caller's transaction, which the caller rolls back on `exhausted`. */
export async function admitApiCost(
  client: Queryable,
  tenant: Braked,
  call: Omit<ApiCall, 'month' | 'tenantId'>,
  estimateMicros: number,
): Promise<ChargeOutcome> {
  const full: ApiCall = { ...call, tenantId: tenant.id, month: monthOf(call.at) };
  const known = await insertCall(client, full, estimateMicros);
  if (known) return known.estimateMicros === estimateMicros ? 'repeated' : 'conflict';
  await lockMonth(client, tenant.id, 'api', full.month);
  const { limitMicros } = await limitOf(client, tenant, 'api', full.month);
  return (await reserve(client, full, estimateMicros, limitMicros)) ? 'done' : 'exhausted';
}

/**
 * Counts the cost of an API call, once by its id, in place of its reservation. Counts it even beyond the limit, because the
 * money is spent; the brake stops further calls.
 */
export async function settleApiCost(
  database: Database,
  tenant: Braked,
  call: Omit<ApiCall, 'month' | 'tenantId'>,
  costMicros: number,
): Promise<ChargeOutcome> {
  return database.transaction(async (client) => {
    const { outcome, alerts } = await countApiCost(client, tenant, call, costMicros);
    await record(client, ...alerts);
    return outcome;
  });
}

/**
 * `settleApiCost` in the caller's transaction.
 * @returns also what to record, last in the transaction
 */
export async function countApiCost(
  client: Queryable,
  tenant: Braked,
  call: Omit<ApiCall, 'month' | 'tenantId'>,
  costMicros: number,
): Promise<{ readonly outcome: ChargeOutcome; readonly alerts: readonly NewAuditEntry[] }> {
  const full: ApiCall = { ...call, tenantId: tenant.id, month: monthOf(call.at) };
  const known = await insertCall(client, full, null);
  if (known?.costMicros != null)
    return { outcome: known.costMicros === costMicros ? 'repeated' : 'conflict', alerts: [] };
  const stored = known ?? { estimateMicros: null, month: full.month };
  await lockMonth(client, tenant.id, 'api', stored.month);
  const spent = await settleCall(client, full, stored, costMicros);
  return { outcome: 'done', alerts: await follow(client, tenant, 'api', stored.month, spent) };
}

/**
 * Records a tenant's charges for metered use in a month so far, in micro-dollars. Takes a total, so that late and repeated
 * reports are harmless.
 */
export async function reportSpend(
  database: Database,
  tenant: Braked,
  at: Date,
  totalMicros: number,
): Promise<void> {
  const month = monthOf(at);
  await database.transaction(async (client) => {
    await lockMonth(client, tenant.id, 'spend', month);
    const spent = await raiseSpend(client, tenant.id, month, totalMicros);
    await record(client, ...(await follow(client, tenant, 'spend', month, spent)));
  });
}

/** Changes the owner's cap or the agreed limit. Notices start over where the new limit leaves room. */
export async function changeBudget(
  database: Database,
  tenant: Braked,
  change: {
    readonly kind: BudgetKind;
    readonly agreedMicros?: number | null;
    readonly capMicros?: number | null;
    /** Who changed it. */
    readonly by: string;
    /** True when an operator changed it: then only operators see who it was. */
    readonly byOperator?: boolean;
    readonly at: Date;
  },
): Promise<void> {
  const { kind, by, byOperator = false, at, ...limits } = change;
  const month = monthOf(at);
  await database.transaction(async (client) => {
    await lockMonth(client, tenant.id, kind, month);
    await setBudget(client, tenant.id, kind, limits);
    const { limitMicros, spentMicros, alertedPercent } = await limitOf(client, tenant, kind, month);
    const reached = alertPercents.filter(
      (percent) => limitMicros !== null && reaches(spentMicros, limitMicros, percent),
    );
    await noteAlerted(client, { tenantId: tenant.id, kind, month }, reached.at(-1) ?? 0);
    if (limitMicros !== null && reached.includes(100) && alertedPercent < 100)
      await tellReached(client, tenant, { kind, month, spentMicros, limitMicros });
    await ringBrake(client, tenant.id);
    await record(client, {
      tenantId: tenant.id,
      kind: 'budget.changed',
      message: `The ${nameOf(kind)} is ${limitMicros === null ? 'without a limit' : dollars(limitMicros)} a month now`,
      data: { kind, ...limits, [byOperator ? 'operator' : 'by']: by },
    });
  });
}

async function limitOf(db: Queryable, { id, product, plan }: Braked, kind: BudgetKind, month: string) {
  const budget = (await readBudgets(db, id, month)).find((row) => row.kind === kind);
  if (!budget) throw new Error(`there is no budget ${kind}`);
  const planMicros = kind === 'api' ? planBudgetMicros(product, plan) : null;
  return { ...budget, limitMicros: effectiveLimit({ ...budget, planMicros }) };
}

/**
 * Notifies of newly reached shares, each once a month, and rings the brake near the limit. The month must be locked.
 * @returns what to record
 */
async function follow(
  client: Queryable,
  tenant: Braked,
  kind: BudgetKind,
  month: string,
  spentMicros: number,
): Promise<NewAuditEntry[]> {
  const { limitMicros, alertedPercent } = await limitOf(client, tenant, kind, month);
  if (limitMicros === null) return [];
  const due = alertsDue(spentMicros, limitMicros, alertedPercent);
  const highest = due.at(-1);
  if (highest !== undefined) await noteAlerted(client, { tenantId: tenant.id, kind, month }, highest);
  if (highest === 100) await tellReached(client, tenant, { kind, month, spentMicros, limitMicros });
  if (reaches(spentMicros, limitMicros, throttleAtPercent)) await ringBrake(client, tenant.id);
  return due.map((percent) => ({
    tenantId: tenant.id,
    kind: 'budget.alert',
    message: `${percent} % of this month's ${nameOf(kind)} is used: ${dollars(spentMicros)} of ${dollars(limitMicros)}`,
    data: { kind, percent, month, spentMicros, limitMicros },
  }));
}

/** @param budget.month its first day */
async function tellReached(
  client: Queryable,
  { id: tenantId }: Braked,
  budget: {
    readonly kind: BudgetKind;
    readonly month: string;
    readonly spentMicros: number;
    readonly limitMicros: number;
  },
): Promise<void> {
  const { kind, month, spentMicros, limitMicros } = budget;
  await emit(
    client,
    'budget.reached',
    { tenantId },
    { tenantId, month: month.slice(0, 7), budget: kind, spentMicros, limitMicros },
  );
}

function nameOf(kind: BudgetKind): string {
  return kind === 'api' ? 'API budget' : 'spend cap';
}
