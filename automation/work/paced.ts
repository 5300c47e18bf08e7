import pThrottle from 'p-throttle';

/** Spreads the calls over the second, so that they do not all rush at its beginning. */
const portionMs = 200;

/**
 * Lets through `perSecond` calls at most; the others wait their turn, in order. The rate is exact over time, even where it
 * does not divide into equal portions.
 * @param perSecond greater than 0
 */
export function paced<Arguments extends readonly unknown[], Result>(
  perSecond: number,
  work: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  const limit = Math.max(1, Math.floor((perSecond * portionMs) / 1000));
  return pThrottle({ limit, interval: (limit * 1000) / perSecond })(work);
}
