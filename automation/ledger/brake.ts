import { type BrakeReason, isBrakeReason, type Restraint, throttledSpec } from '../desired/index.ts';
import type { DesiredChange, Tenant } from '../store/tenants.ts';
import { reaches, throttleAtPercent } from './budget.ts';

/**
 * The credit brake holds a tenant back although its subscription is in order.
 *
 * - `throttled`: while running work holds the last credits, that work may finish, but new work is refused. From 90 % of a
 *   limit on, the workload stays at its smallest size, so that the last tenth is spent slowly.
 * - `paused`: the tenant is suspended like one that did not pay: scaled to zero, data kept.
 *
 * It ends with its cause: credits are granted, a limit is raised, a month begins.
 */
export type Brake =
  | { readonly level: 'none'; readonly reason: null }
  | { readonly level: 'throttled' | 'paused'; readonly reason: BrakeReason };

export const noBrake: Brake = { level: 'none', reason: null };

/** What a tenant has left to spend. */
export interface Means {
  /** Null where the plan is not on credits, or none were ever granted. */
  readonly credits: { readonly available: number; readonly held: number } | null;
  readonly budgets: readonly Budget[];
}

export interface Budget {
  readonly kind: 'api' | 'spend';
  /** Null for no limit. */
  readonly limitMicros: number | null;
  readonly spentMicros: number;
  /** The most that running calls may still cost. */
  readonly reservedMicros: number;
}

const exhausted: Record<Budget['kind'], BrakeReason> = {
  api: 'api_budget_exhausted',
  spend: 'spend_cap_reached',
};

/** Decides the brake: the strongest that any cause calls for, and the first among equals. Pure. */
export function brakeFor({ credits, budgets }: Means): Brake {
  const wanted = [...(credits ? [creditBrake(credits)] : []), ...budgets.map(budgetBrake)];
  return (
    wanted.find(({ level }) => level === 'paused') ??
    wanted.find(({ level }) => level === 'throttled') ??
    noBrake
  );
}

function creditBrake({ available, held }: { available: number; held: number }): Brake {
  if (available > 0) return noBrake;
  return { level: held > 0 ? 'throttled' : 'paused', reason: 'credits_exhausted' };
}

function budgetBrake({ kind, limitMicros, spentMicros, reservedMicros }: Budget): Brake {
  if (limitMicros === null) return noBrake;
  const reason = exhausted[kind];
  if (reaches(spentMicros, limitMicros, 100)) return { level: 'paused', reason };
  if (reaches(spentMicros + reservedMicros, limitMicros, throttleAtPercent))
    return { level: 'throttled', reason };
  return noBrake;
}

/**
 * How the brake restrains a tenant. Exhausted credits do not shrink the workload: removed pods would take running work along.
 */
export function restraintOf({ level, reason }: Brake): Restraint {
  return {
    pauses: level === 'paused' ? reason : null,
    throttles: level === 'throttled' && reason !== 'credits_exhausted',
  };
}

/**
 * The new desired state of a tenant whose brake has changed while its subscription has not; null when nothing changes. A
 * tenant that its subscription suspends stays suspended: the brake ends only its own suspensions. Pure.
 */
export function changeByBrake(tenant: Tenant, brake: Brake): DesiredChange | null {
  const { desiredState, desiredSpec, suspendReason, deleteAfter } = tenant;
  const isOurs = desiredState === 'active' || isBrakeReason(suspendReason);
  if (desiredState === 'deleted' || !isOurs || deleteAfter !== null || tenant.slot) return null;
  const { pauses: reason, throttles: throttled } = restraintOf(brake);
  const state = reason === null ? 'active' : 'suspended';
  if (state === desiredState && throttled === (desiredSpec.throttled ?? false) && reason === suspendReason)
    return null;
  const spec = { ...throttledSpec(desiredSpec, throttled), state } as const;
  return { state, spec, suspendReason: reason, deleteAfter: null };
}
