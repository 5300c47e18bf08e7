import { findPlan, findProduct, platform } from '../../tenants/catalog/index.ts';

/** Shares of a budget, in percent, at which its owner is notified. */
export const alertPercents = [50, 80, 100] as const;

/** Share of a budget, in percent, from which a tenant is throttled. */
export const throttleAtPercent = 90;

const microsPerCent = 10_000;

/** The largest possible limit: a hundred million dollars, in micro-dollars. */
export const maxLimitMicros = 100_000_000_000_000;

/**
 * The most that a tenant's API calls may cost in a month, in micro-dollars; null where the plan sets no limit. A hard limit.
 */
export function planBudgetMicros(productId: string, planId: string): number | null {
  const rule = findProduct(productId)?.budget;
  const cents = rule && findPlan(productId, planId)?.entitlements[rule.entitlement];
  return typeof cents === 'number' ? cents * microsPerCent : null;
}

/** How many days the calls of a product's tenants are kept. */
export function callsKeptDays(productId: string): number {
  return findProduct(productId)?.budget?.callsKeptDays ?? platform.callsKeptDays;
}

/** The agreed limit, else the plan's; or the owner's if that is lower. */
export function effectiveLimit(limits: {
  readonly planMicros: number | null;
  readonly agreedMicros: number | null;
  readonly capMicros: number | null;
}): number | null {
  const limit = limits.agreedMicros ?? limits.planMicros;
  if (limit === null || limits.capMicros === null) return limit ?? limits.capMicros;
  return Math.min(limit, limits.capMicros);
}

/** True when the spend has reached a share of the limit. Uses BigInt, because the products exceed a double's integers. */
export function reaches(spentMicros: number, limitMicros: number, percent: number): boolean {
  return BigInt(spentMicros) * 100n >= BigInt(limitMicros) * BigInt(percent);
}

/** The shares that are reached and not yet notified, lowest first. */
export function alertsDue(
  spentMicros: number,
  limitMicros: number | null,
  alertedPercent: number,
): readonly number[] {
  if (limitMicros === null) return [];
  return alertPercents.filter(
    (percent) => percent > alertedPercent && reaches(spentMicros, limitMicros, percent),
  );
}

/** The first day of a time's month (UTC), as SQL writes dates. */
export function monthOf(at: Date): string {
  return `${at.toISOString().slice(0, 7)}-01`;
}

/** Writes micro-dollars for people, rounded up to the cent: `$0.02`. */
export function dollars(micros: number): string {
  const cents = (BigInt(micros) + BigInt(microsPerCent - 1)) / BigInt(microsPerCent);
  return `$${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}
