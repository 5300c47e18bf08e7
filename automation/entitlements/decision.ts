import type { EntitlementValue, Plan, Product } from '../../tenants/catalog/types.ts';
import { countedEntitlements, toldAs } from '../metering/index.ts';
import type { CheckDecision, CheckNeed } from '../service.ts';
import { CheckProblem, hasMore } from './refusal.ts';

/** Decides from the catalog alone what a use of a meter or an entitlement needs. Pure. */

export interface Wanted {
  readonly product: Product;
  readonly plan: Plan;
  /** In the meter's unit. */
  readonly amount: number;
}

/** @throws CheckProblem when the product has no such meter, or one that is sampled */
export function decideMeter({ product, plan, amount }: Wanted, meterId: string): CheckDecision {
  const dimension = product.meters.find(({ id }) => id === meterId);
  if (!dimension)
    throw new CheckProblem(
      'invalid_request',
      'meter',
      `must be a meter of ${product.id}: ${tellable(product).join(', ')}`,
    );
  if (toldAs(dimension) === null)
    throw new CheckProblem(
      'invalid_request',
      'meter',
      'is sampled from the cluster, so nothing of it can be reserved',
    );
  const needs: CheckNeed[] = [];
  for (const { entitlement, dimensions, take } of countedEntitlements(product)) {
    if (!dimensions.includes(meterId)) continue;
    const refusal = refusalOfValue(plan, entitlement);
    if (refusal) return { admitted: false, refusal };
    needs.push({ of: take === 'peak' ? 'concurrency' : 'limit', entitlement, amount });
  }
  const estimatedCostMicros = Math.ceil((dimension.unitCostMicros ?? 0) * amount);
  return { admitted: true, needs, meter: meterId, estimatedCostMicros };
}

/**
 * @param value the item to look for in an entitlement that is a list
 * @throws CheckProblem when a check cannot be about this entitlement
 */
export function decideEntitlement(
  wanted: Wanted,
  entitlement: string,
  value: string | undefined,
): CheckDecision {
  const { product, plan } = wanted;
  const granted = plan.entitlements[entitlement];
  if (granted === undefined)
    throw new CheckProblem(
      'invalid_request',
      'entitlement',
      `must be an entitlement of ${product.id}: ${Object.keys(plan.entitlements).join(', ')}`,
    );
  const included: CheckDecision = { admitted: true, needs: [], estimatedCostMicros: 0 };
  if (Array.isArray(granted) && value === undefined)
    throw new CheckProblem('invalid_request', 'attributes.value', `must name one of ${entitlement}`);
  const refusal = refusalOfValue(plan, entitlement, value);
  if (refusal) return { admitted: false, refusal };
  if (typeof granted === 'boolean' || Array.isArray(granted)) return included;
  const counted = countedEntitlements(product).find((one) => one.entitlement === entitlement);
  const [meter, ...others] = counted?.dimensions ?? [];
  if (meter === undefined)
    throw new CheckProblem(
      'invalid_request',
      'entitlement',
      `is counted by no meter; these are: ${countedNames(product)}`,
    );
  if (others.length > 0)
    throw new CheckProblem(
      'invalid_request',
      'entitlement',
      `is counted by several meters; send one of them as meter: ${[meter, ...others].join(', ')}`,
    );
  return decideMeter(wanted, meter);
}

/** Refuses when the plan has nothing of the entitlement; null when it has some. */
function refusalOfValue(plan: Plan, entitlement: string, value?: string) {
  const lacks = (granted: EntitlementValue | undefined) =>
    granted === false ||
    granted === 0 ||
    (Array.isArray(granted) && value !== undefined && !granted.includes(value));
  if (!lacks(plan.entitlements[entitlement])) return null;
  const what = value === undefined ? entitlement : `${value} in ${entitlement}`;
  return {
    entitlement,
    message: `The plan ${plan.name} does not include ${what}.`,
    has: (other: Plan) =>
      plan.entitlements[entitlement] === 0
        ? hasMore(other, entitlement, 0)
        : !lacks(other.entitlements[entitlement]),
  };
}

function tellable({ meters }: Product): readonly string[] {
  return meters.filter((dimension) => toldAs(dimension) !== null).map(({ id }) => id);
}

function countedNames(product: Product): string {
  return (
    countedEntitlements(product)
      .map(({ entitlement }) => entitlement)
      .join(', ') || 'none'
  );
}
