import { catalog, findProduct } from '../../tenants/catalog/index.ts';
import type { Product } from '../../tenants/catalog/types.ts';
import { decimalOf } from './amounts.ts';
import { toldAs } from './dimensions.ts';

/** Plans' limits on metered use, and the notices about them. Pure. */

/** Shares of a limit, in percent, that cause a notice. */
export const noticePercents = [80, 100] as const;
/** Causes the overage notice: use exceeds the limit. */
export const overagePercent = 101;

/** An entitlement that a product's meters count. */
export interface CountedEntitlement {
  readonly entitlement: string;
  /** What messages to the tenant call it. */
  readonly name: string;
  readonly dimensions: readonly string[];
  /** Whether the limit is on the month's sum or on the most at once. */
  readonly take: 'sum' | 'peak';
}

/** The entitlements that a product's meters count, whatever a plan grants of them. */
export function countedEntitlements({ limits, meters }: Product): readonly CountedEntitlement[] {
  return limits.map(({ entitlement, name, meters: dimensions }) => ({
    entitlement,
    name,
    dimensions,
    take: meters.some(({ id, measure }) => measure.as === 'peak' && dimensions.includes(id)) ? 'peak' : 'sum',
  }));
}

/** Meters that a limit counts and the sampler measures; their sums end with the last hour that was rolled up. */
export function sampledDimensions(products: readonly Product[] = catalog): ReadonlySet<string> {
  return new Set(
    products.flatMap((product) => {
      const counted = new Set(countedEntitlements(product).flatMap(({ dimensions }) => dimensions));
      return product.meters
        .filter((meter) => counted.has(meter.id) && toldAs(meter) === null)
        .map(({ id }) => id);
    }),
  );
}

/** A limit of a plan, in millionths of its unit, and what counts against it. */
export interface LimitRow {
  readonly product: string;
  readonly plan: string;
  /** The entitlement. */
  readonly id: string;
  readonly dimensions: readonly string[];
  readonly take: 'sum' | 'peak';
  readonly limitMicroUnits: number;
}

/** The limits of every plan. An entitlement without a number is no limit. */
export function limitRows(products: readonly Product[] = catalog): readonly LimitRow[] {
  return products.flatMap((product) =>
    countedEntitlements(product).flatMap(({ entitlement, dimensions, take }) =>
      product.plans.flatMap((plan) => {
        const limit = plan.entitlements[entitlement];
        if (typeof limit !== 'number' || limit === 0) return [];
        return [
          {
            product: product.id,
            plan: plan.id,
            id: entitlement,
            dimensions,
            take,
            limitMicroUnits: limit * 1_000_000,
          },
        ];
      }),
    ),
  );
}

/** The notices that are due, lowest first: every share that is reached, and `overagePercent` beyond the limit. */
export function noticesDue(used: number, limit: number): readonly number[] {
  const reached = noticePercents.filter((percent) => BigInt(used) * 100n >= BigInt(limit) * BigInt(percent));
  return used > limit ? [...reached, overagePercent] : reached;
}

export function noticeText(
  productId: string,
  limitId: string,
  percent: number,
  used: number,
  limit: number,
): string {
  const limits = findProduct(productId)?.limits ?? [];
  const name = limits.find(({ entitlement }) => entitlement === limitId)?.name ?? limitId;
  const figures = `${decimalOf(used)} of ${decimalOf(limit)}`;
  return percent === overagePercent
    ? `Beyond the plan's ${name}: ${figures}`
    : `${percent} % of the plan's ${name} is used: ${figures}`;
}
