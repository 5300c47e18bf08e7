import { microUnitsOf } from './amounts.ts';
import { findDimension, toldAs } from './dimensions.ts';
import { usageRetention } from './policy.ts';
import { dayMs, slotMs, slotOf } from './time.ts';

/** Use that a caller tells, before it is checked. */
export interface GivenUse {
  readonly dimension: string;
  readonly at: Date;
  /** A decimal number. */
  readonly quantity: string;
}

/** Use that passed the checks. */
export interface ReadUse {
  readonly microUnits: number;
  /** The slot that it counts for. */
  readonly slot: Date;
  /** True when it says how much exists (the greatest counts), false when it says how much was used (amounts add up). */
  readonly isLevel: boolean;
}

/** @property message follows the name of the field */
export interface UseProblem {
  readonly reason: 'unknown_meter' | 'sampled_meter' | 'invalid_quantity' | 'in_future' | 'too_late';
  readonly field: 'dimension' | 'at' | 'quantity';
  readonly message: string;
}

/**
 * Checks use that a caller tells of a tenant: its product must have such a meter and not sample it, the quantity must fit,
 * and the time must be recent enough to count. Pure.
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
