import { type BrakeReason, isBrakeReason, type Restraint, throttledSpec } from '../desired/index.ts';
import type { DesiredChange, Tenant } from '../store/tenants.ts';
import { reaches, throttleAtPercent } from './budget.ts';

/**
 * The credit brake: what keeps a tenant from going on although its subscription is in order.
 *
 * - `throttled`: while the last credits are held by work that runs, that work may end and new work is refused. From 90 %
 *   of a limit on, the workload keeps to its smallest size, so that the last tenth is spent slowly.
 * - `paused`: the tenant is suspended like one that did not pay: scaled to zero, data kept.
 *
 * It goes when its cause goes: credits are granted, a limit is raised, a month begins.
 */
export type Brake =
  | { readonly level: 'none'; readonly reason: null }
  | { readonly level: 'throttled' | 'paused'; readonly reason: BrakeReason };

export const noBrake: Brake = { level: 'none', reason: null };

/** What the brake is decided from. */
export interface Means {
  /** Null where the plan is not on credits, or none were ever granted. */
  readonly credits: { readonly available: number; readonly held: number } | null;
  readonly budgets: readonly Budget[];
}

export interface Budget {
  readonly kind: 'api' | 'spend';
  /** Null is without a limit. */
  readonly limitMicros: number | null;
  readonly spentMicros: number;
  /** What calls that run may still cost at most. */
  readonly reservedMicros: number;
}

const exhausted: Record<Budget['kind'], BrakeReason> = {
  api: 'api_budget_exhausted',
  spend: 'spend_cap_reached',
};

/** The brake that means call for: the strongest of all causes, the first named among equals. Pure. */
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
 * What the brake keeps a tenant from. Credits do not keep the workload small: pods that go would take running work along.
 */
export function restraintOf({ level, reason }: Brake): Restraint {
  return {
    pauses: level === 'paused' ? reason : null,
    throttles: level === 'throttled' && reason !== 'credits_exhausted',
  };
}

/**
 * What to want of a tenant whose brake has changed while its subscription has not, or null when that is wanted already.
 * Pure. A tenant that its subscription suspends stays as it is: only the brake's own suspensions end with the brake.
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
