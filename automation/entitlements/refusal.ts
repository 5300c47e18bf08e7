import type { Plan, Product } from '../../tenants/catalog/types.ts';

export type RefusalCode =
  | 'suspended'
  | 'subscription_ended'
  /** The plan does not allow it at all. */
  | 'not_in_plan'
  /** It would be allowed at another time. */
  | 'plan_limit_reached'
  | 'insufficient_credits'
  | 'budget_exhausted';

export interface Refusal {
  readonly code: RefusalCode;
  /** Tells the tenant what is wrong and what to do. */
  readonly message: string;
  /** The entitlement that refuses, or `credits` or `apiBudget`; null when the tenant's state does. */
  readonly limit: string | null;
  /** Null where the limit has no number. */
  readonly allowed: number | null;
  readonly left: number | null;
  readonly requested: number | null;
  /** When there is more again; null where waiting does not help. */
  readonly resetsAt: Date | null;
  /** The cheapest plan that has more of it. */
  readonly planWithMore: { readonly id: string; readonly name: string } | null;
}

/** Throwing it rolls back the transaction that reserves. */
export class UseRefused extends Error {
  override readonly name = 'UseRefused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** The request itself is wrong, whatever the plan. */
export class CheckProblem extends Error {
  override readonly name = 'CheckProblem';
  readonly code: 'invalid_request' | 'not_found' | 'cause_reused' | 'hold_closed';
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  /** @param message continues the name of the field, as in "amount: must be a whole number" */
  constructor(code: CheckProblem['code'], field: string, message: string) {
    super(`${field}: ${message}`);
    this.code = code;
    this.errors = [{ field, message }];
  }
}

/** The product's cheapest other plan for which `has` is true; null when there is none. */
export function cheapestPlan(
  { plans }: Product,
  { id }: Plan,
  has: (plan: Plan) => boolean,
): Refusal['planWithMore'] {
  const found = plans.find((plan) => plan.id !== id && has(plan));
  return found ? { id: found.id, name: found.name } : null;
}

/** True when the plan's entitlement is unlimited or a number above `than`. */
export function hasMore(plan: Plan, entitlement: string, than: number): boolean {
  const value = plan.entitlements[entitlement];
  return value === null || (typeof value === 'number' && value > than);
}

/** Ends a message: when there is more, and which plan has more. */
export function adviceOf({ resetsAt, planWithMore }: Pick<Refusal, 'resetsAt' | 'planWithMore'>): string {
  const when = resetsAt ? ` It resets at ${resetsAt.toISOString()}.` : '';
  return planWithMore ? `${when} The plan ${planWithMore.name} has more.` : when;
}
