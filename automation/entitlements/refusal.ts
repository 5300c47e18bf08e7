import type { Plan, Product } from '../../tenants/catalog/types.ts';

/** Why a use is not admitted. */
export type RefusalCode =
  | 'suspended'
  | 'subscription_ended'
  /** The plan never allows it. */
  | 'not_in_plan'
  /** It would be allowed at another time. */
  | 'plan_limit_reached'
  | 'insufficient_credits'
  | 'budget_exhausted';

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for the tenant, with what to do. */
  readonly message: string;
  /** The entitlement that says no, `credits` or `apiBudget`; null where the tenant's state does. */
  readonly limit: string | null;
  /** What the limit is; null where it has no number. */
  readonly allowed: number | null;
  /** How much of it is left. */
  readonly left: number | null;
  readonly requested: number | null;
  /** When there is more of it again; null where time alone gives nothing back. */
  readonly resetsAt: Date | null;
  /** The cheapest plan that has more of it. */
  readonly planWithMore: { readonly id: string; readonly name: string } | null;
}

/** Thrown within the transaction that reserves, which is thereby rolled back. */
export class UseRefused extends Error {
  override readonly name = 'UseRefused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What is wrong with a question that no plan could admit. */
export class CheckProblem extends Error {
  override readonly name = 'CheckProblem';
  readonly code: 'invalid_request' | 'not_found' | 'cause_reused' | 'hold_closed';
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  /** @param field the field at fault; `message` goes on from its name */
  constructor(code: CheckProblem['code'], field: string, message: string) {
    super(`${field}: ${message}`);
    this.code = code;
    this.errors = [{ field, message }];
  }
}

/** The cheapest other plan of the product that has what is asked for; null when none does. */
export function cheapestPlan(
  { plans }: Product,
  { id }: Plan,
  has: (plan: Plan) => boolean,
): Refusal['planWithMore'] {
  const found = plans.find((plan) => plan.id !== id && has(plan));
  return found ? { id: found.id, name: found.name } : null;
}

/** True when the plan has more of a numeric entitlement than `than`; null is without a limit. */
export function hasMore(plan: Plan, entitlement: string, than: number): boolean {
  const value = plan.entitlements[entitlement];
  return value === null || (typeof value === 'number' && value > than);
}

/** What to do about it, as the end of a message. */
export function adviceOf({ resetsAt, planWithMore }: Pick<Refusal, 'resetsAt' | 'planWithMore'>): string {
  const when = resetsAt ? ` It resets at ${resetsAt.toISOString()}.` : '';
  return planWithMore ? `${when} The plan ${planWithMore.name} has more.` : when;
}
