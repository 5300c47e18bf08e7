import { randomBytes } from 'node:crypto';
import type { Plan, Product } from '../../tenants/catalog/types.ts';
import { type SuspendReason, suspendMessages } from '../desired/index.ts';
import {
  admitApiCost,
  creditAllowance,
  creditRule,
  dollars,
  effectiveLimit,
  monthOf,
  operateLedger,
  planBudgetMicros,
  readBudgets,
} from '../ledger/index.ts';
import type { CheckDecision, CheckNeed, PlanRefusal, ServiceCheck } from '../service.ts';
import type { Database, Queryable } from '../store/database.ts';
import { findTenant, type Tenant } from '../store/tenants.ts';
import { decideEntitlement, decideMeter } from './decision.ts';
import { adviceOf, CheckProblem, cheapestPlan, type Refusal, UseRefused } from './refusal.ts';
import {
  findByKey,
  insertReservation,
  lockReservations,
  type Reservation,
  readBegun,
} from './reservation-rows.ts';
import { microsPerUnit, type PlanNeed, readStanding, refusalOfNeed, resetOf, roomFor } from './standing.ts';
import { catalogOf } from './view.ts';

/** Each product's checks: by the product's id, then by the check's name. */
export type ProductChecks = ReadonlyMap<string, Readonly<Record<string, ServiceCheck>>>;

/** A use that the caller wants to begin. */
export interface UseRequest {
  /** The caller's id of the use. One key reserves once, however often it is sent. */
  readonly key: string;
  readonly of:
    | { readonly kind: 'meter' | 'entitlement' | 'check'; readonly name: string }
    /** Only budget for API calls. */
    | { readonly kind: 'cost' };
  /** In the meter's unit, with at most six decimals. */
  readonly amount: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** The most that the use's API calls may cost, held from the tenant's API budget; null to hold none. */
  readonly costMicros: number | null;
  readonly holdSeconds: number;
}

export interface Reserved {
  readonly reservation: Reservation;
  /** True when an earlier request made the reservation. */
  readonly repeated: boolean;
  readonly remaining: readonly Remaining[];
}

/** What the reservation leaves of a limit. */
export interface Remaining {
  readonly limit: string;
  /** Null when unlimited. */
  readonly left: number | null;
  readonly resetsAt: Date | null;
}

/** The ledger's upkeep releases budget held for an API call after this time, so a longer reservation would lose it. */
export const mostCostHoldSeconds = 3600;

/**
 * Admits a use and holds everything that it needs, or nothing: plan limits, credits and API budget, in one transaction
 * under the lock of the tenant's reservations. Open and settled uses together never exceed a limit, however many callers
 * ask at once.
 * @throws UseRefused when there is not enough; CheckProblem when the request itself is wrong
 */
export function reserveUse(
  database: Database,
  checks: ProductChecks,
  tenantId: string,
  request: UseRequest,
  at: Date,
): Promise<Reserved> {
  return database.transaction(async (client) => {
    await lockReservations(client, tenantId);
    const { key, ...asked } = request;
    const known = await findByKey(client, tenantId, key, asked);
    if (known && !known.isSame)
      throw new CheckProblem('cause_reused', 'key', 'was used before for another request');
    if (known) return { reservation: known, repeated: true, remaining: [] };
    const tenant = await findTenant(client, tenantId);
    if (!tenant) throw new Error(`there is no tenant ${tenantId}`);
    assertActive(tenant);
    const context = { tenant, ...catalogOf(tenant), at };
    const decision = await decide(client, checks, request, context);
    if (!decision.admitted) throw new UseRefused(refusalOfPlan(decision.refusal, context, request.amount));
    const needs = [
      ...decision.needs,
      ...(request.costMicros === null ? [] : [{ of: 'budget', costMicros: request.costMicros } as const]),
    ];
    return take(client, context, request, { ...decision, needs });
  });
}

interface Context {
  readonly tenant: Tenant;
  readonly product: Product;
  readonly plan: Plan;
  readonly at: Date;
}

function assertActive({ desiredState, suspendReason }: Tenant): void {
  if (desiredState === 'active') return;
  const isDeleted = desiredState === 'deleted';
  const reason = suspendReason as SuspendReason | null;
  throw new UseRefused({
    code: isDeleted || reason === 'subscription_ended' ? 'subscription_ended' : 'suspended',
    message: isDeleted
      ? 'The subscription has ended.'
      : reason === null
        ? 'The tenant is suspended.'
        : suspendMessages[reason],
    limit: null,
    allowed: null,
    left: null,
    requested: null,
    resetsAt: null,
    planWithMore: null,
  });
}

async function decide(
  client: Queryable,
  checks: ProductChecks,
  { of, amount, attributes }: UseRequest,
  context: Context,
): Promise<CheckDecision> {
  const { product } = context;
  switch (of.kind) {
    case 'cost':
      return { admitted: true, needs: [], estimatedCostMicros: 0 };
    case 'meter':
      return decideMeter({ ...context, amount }, of.name);
    case 'entitlement':
      return decideEntitlement({ ...context, amount }, of.name, textOf(attributes.value));
    case 'check': {
      const own = checks.get(product.id) ?? {};
      const check = Object.hasOwn(own, of.name) ? own[of.name] : undefined;
      if (!check)
        throw new CheckProblem(
          'invalid_request',
          'check',
          `must be a check of ${product.id}: ${Object.keys(own).join(', ') || 'it has none'}`,
        );
      if (!Number.isInteger(amount))
        throw new CheckProblem('invalid_request', 'amount', 'must be a whole number for a check');
      const parsed = check.attributes.safeParse(attributes);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const field = ['attributes', ...(issue?.path ?? [])].join('.');
        throw new CheckProblem('invalid_request', field, issue?.message ?? 'is not what the check takes');
      }
      return check.decide({ ...context, amount, attributes: parsed.data }, client);
    }
  }
}

function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

type AdmittedDecision = Extract<CheckDecision, { admitted: true }>;

/** Takes everything that a use needs: in the order of locks, credits come before the budget. */
async function take(
  client: Queryable,
  context: Context,
  request: UseRequest,
  { needs, meter, estimatedCostMicros }: AdmittedDecision,
): Promise<Reserved> {
  const { tenant, product, plan, at } = context;
  const { planNeeds, credits, costMicros } = sumsOf(needs, product, plan);
  if (costMicros > 0 && request.holdSeconds > mostCostHoldSeconds)
    throw new CheckProblem(
      'invalid_request',
      'holdSeconds',
      `must be at most ${mostCostHoldSeconds} where API budget is held`,
    );
  const standing = await readStanding(client, { id: tenant.id, product }, at);
  const remaining: Remaining[] = [];
  for (const need of planNeeds) {
    const begun =
      need.of === 'rate'
        ? await readBegun(
            client,
            tenant.id,
            need.entitlement,
            new Date(at.getTime() - need.periodSeconds * 1000),
          )
        : null;
    const room = roomFor(need, { product, plan, standing }, begun);
    const refusal = room && refusalOfNeed(need, context, room);
    if (refusal) throw new UseRefused(refusal);
    remaining.push({
      limit: need.entitlement,
      left: room && room.leftMicroUnits / microsPerUnit - need.amount,
      resetsAt: room?.resetsAt ?? null,
    });
  }
  const { key, holdSeconds, ...asked } = request;
  const reservation: Reservation = {
    id: `res_${randomBytes(12).toString('hex')}`,
    tenantId: tenant.id,
    key,
    microUnits: Math.round(request.amount * microsPerUnit),
    meter: meter ?? null,
    credits: credits > 0 ? credits : null,
    costMicros: costMicros > 0 ? costMicros : null,
    estimatedCostMicros: Math.max(costMicros, estimatedCostMicros),
    createdAt: at,
    expiresAt: new Date(at.getTime() + holdSeconds * 1000),
    state: 'open',
    settledMicroUnits: null,
    settledCostMicros: null,
  };
  await insertReservation(client, { ...reservation, request: { ...asked, holdSeconds } }, planNeeds);
  if (credits > 0) remaining.push(await holdCredits(client, context, reservation, standing.periodEnd));
  if (costMicros > 0) remaining.push(await holdBudget(client, context, reservation, resetOf(standing)));
  return { reservation, repeated: false, remaining };
}

interface Sums {
  /** One for each kind and entitlement. */
  readonly planNeeds: readonly PlanNeed[];
  readonly credits: number;
  readonly costMicros: number;
}

/**
 * Adds up what a use needs. An allowance that the product grants as credits is limited by the credits alone; a plan where
 * it is unlimited grants no credits and takes none.
 */
function sumsOf(needs: readonly CheckNeed[], product: Product, plan: Plan): Sums {
  const given = creditRule(product.id);
  const isUnlimited = given !== null && plan.entitlements[given.entitlement] === null;
  const rule = isUnlimited ? null : given;
  const namesCredits = needs.some((need) => need.of === 'credits');
  const byLimit = new Map<string, PlanNeed>();
  let credits = 0;
  let costMicros = 0;
  for (const need of needs) {
    if (need.of === 'credits') credits += isUnlimited ? 0 : need.credits;
    else if (need.of === 'budget') costMicros += need.costMicros;
    else if (need.of === 'limit' && need.entitlement === rule?.entitlement)
      credits += namesCredits ? 0 : Math.ceil(need.amount * rule.creditsPerUse);
    else {
      const name = `${need.of} ${need.entitlement}`;
      byLimit.set(name, { ...need, amount: need.amount + (byLimit.get(name)?.amount ?? 0) });
    }
  }
  return { planNeeds: [...byLimit.values()], credits, costMicros };
}

async function holdCredits(
  client: Queryable,
  { tenant, product, plan }: Context,
  { id, credits, expiresAt }: Reservation,
  periodEnd: Date | null,
): Promise<Remaining> {
  const requested = credits ?? 0;
  const { outcome, available } = await operateLedger(client, {
    op: 'hold',
    tenant: tenant.id,
    cause: id,
    amount: requested,
    // Later than the reservation's own expiry: only for a reservation that nothing ends.
    until: new Date(expiresAt.getTime() + 60_000),
  });
  if (outcome === 'done') return { limit: 'credits', left: available, resetsAt: periodEnd };
  if (outcome !== 'insufficient') throw new Error(`the ledger answers a new hold with ${outcome}`);
  const allowed = creditAllowance(product.id, plan.id);
  const rest = {
    limit: 'credits',
    allowed,
    left: available,
    requested,
    resetsAt: periodEnd,
    planWithMore: cheapestPlan(
      product,
      plan,
      (other) => (creditAllowance(product.id, other.id) ?? 0) > (allowed ?? 0),
    ),
  };
  throw new UseRefused({
    ...rest,
    code: 'insufficient_credits',
    message: `${available} credits are left, ${requested} were asked for. Top up, or wait.${adviceOf(rest)}`,
  });
}

async function holdBudget(
  client: Queryable,
  { tenant, product, plan, at }: Context,
  { id, costMicros }: Reservation,
  resetsAt: Date,
): Promise<Remaining> {
  const requested = costMicros ?? 0;
  const braked = { id: tenant.id, product: product.id, plan: plan.id };
  const outcome = await admitApiCost(client, braked, apiCallOf(id, at), requested);
  if (outcome !== 'done' && outcome !== 'exhausted')
    throw new Error(`the budget answers a new call with ${outcome}`);
  const budget = (await readBudgets(client, tenant.id, monthOf(at))).find(({ kind }) => kind === 'api');
  const planMicros = planBudgetMicros(product.id, plan.id);
  const limitMicros = budget === undefined ? null : effectiveLimit({ ...budget, planMicros });
  const usedMicros = budget === undefined ? 0 : budget.spentMicros + budget.reservedMicros;
  const left = limitMicros === null ? null : Math.max(0, limitMicros - usedMicros);
  if (outcome === 'done') return { limit: apiBudget, left, resetsAt };
  const rest = {
    limit: apiBudget,
    allowed: limitMicros,
    left,
    requested,
    resetsAt,
    // A limit that the owner set or that was agreed by hand stays the same on every plan.
    planWithMore:
      limitMicros === planMicros
        ? cheapestPlan(product, plan, (other) => {
            const micros = planBudgetMicros(product.id, other.id);
            return micros === null || micros > (planMicros ?? 0);
          })
        : null,
  };
  throw new UseRefused({
    ...rest,
    code: 'budget_exhausted',
    message: `${dollars(left ?? 0)} of this month's API budget are left, ${dollars(requested)} were asked for.${adviceOf(rest)}`,
  });
}

/** What the API budget is called among limits; its amounts are micro-dollars. */
const apiBudget = 'apiBudget';

/** The call that represents a reservation in the API budget. */
export function apiCallOf(reservationId: string, at: Date) {
  return { callId: reservationId, provider: 'reservation', operation: null, project: null, at };
}

/** Completes a product's own refusal with the cheapest plan that has what it refuses. */
function refusalOfPlan(
  { entitlement, message, has, left }: PlanRefusal,
  { product, plan }: Context,
  requested: number,
): Refusal {
  const planWithMore = cheapestPlan(product, plan, has);
  const granted = plan.entitlements[entitlement];
  return {
    code: 'not_in_plan',
    message: planWithMore
      ? `${message} The plan ${planWithMore.name} ${typeof granted === 'number' ? 'has more' : 'includes it'}.`
      : message,
    limit: entitlement,
    allowed: typeof granted === 'number' ? granted : null,
    left: typeof granted === 'number' ? (left ?? 0) : null,
    requested,
    resetsAt: null,
    planWithMore,
  };
}
