import pThrottle from 'p-throttle';

/** The second is divided into so many parts: calls do not rush at its beginning. */
const portionMs = 200;

/**
 * Lets through at most so many calls per second; the others wait for their turn, in order. The rate is exact over
 * time, even where it does not divide into equal portions.
 * @param perSecond greater than 0
 */
export function paced<Arguments extends readonly unknown[], Result>(
  perSecond: number,
  work: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  const limit = Math.max(1, Math.floor((perSecond * portionMs) / 1000));
  return pThrottle({ limit, interval: (limit * 1000) / perSecond })(work);
}
