import { microUnitsOf } from './amounts.ts';
import { findDimension, toldAs } from './dimensions.ts';
import { usageRetention } from './policy.ts';
import { dayMs, slotMs, slotOf } from './time.ts';

/** Use that somebody tells, as it came in. */
export interface GivenUse {
  readonly dimension: string;
  readonly at: Date;
  /** A decimal number. */
  readonly quantity: string;
}

/** Use that can count. */
export interface ReadUse {
  readonly microUnits: number;
  /** The five minutes that it counts for. */
  readonly slot: Date;
  /** It says how much there is, of which the greatest counts, instead of how much was used, which is added up. */
  readonly isLevel: boolean;
}

/** What is wrong with it: the field, and a message that follows the field's name. */
export interface UseProblem {
  readonly reason: 'unknown_meter' | 'sampled_meter' | 'invalid_quantity' | 'in_future' | 'too_late';
  readonly field: 'dimension' | 'at' | 'quantity';
  readonly message: string;
}

/**
 * What somebody tells of a tenant, checked: a meter of its product that is told and not sampled, a quantity that fits,
 * and a time that can still count. Pure.
 */
export function readUse(productId: string, given: GivenUse, now: Date): ReadUse | UseProblem {
  const found = findDimension(given.dimension);
  const unknown = `is none that is told of a tenant of ${productId}`;
  if (!found || found.product.id !== productId)
    return { reason: 'unknown_meter', field: 'dimension', message: unknown };
  const as = toldAs(found.dimension);
  if (as === null)
    return {
      reason: 'sampled_meter',
      field: 'dimension',
      message: `${unknown}: it is sampled from the cluster`,
    };
  const microUnits = microUnitsOf(given.quantity);
  if (microUnits === null)
    return {
      reason: 'invalid_quantity',
      field: 'quantity',
      message: 'must be a decimal number from 0 on, of at most six places',
    };
  const slot = slotOf(given.at);
  if (slot.getTime() > now.getTime() + slotMs)
    return { reason: 'in_future', field: 'at', message: 'lies in the future' };
  const mostDays = usageRetention.samples - 1;
  if (slot.getTime() < now.getTime() - mostDays * dayMs)
    return { reason: 'too_late', field: 'at', message: `is longer ago than ${mostDays} days` };
  return { microUnits, slot, isLevel: as !== 'count' };
}
