import pThrottle from 'p-throttle';

/** So often a second's share is given out: calls do not come in a rush at the beginning of each second. */
const portionMs = 200;

/**
 * Lets calls through at no more than so many per second; the others wait for their turn, in order. What it lets through
 * is exact over time, also for a rate that cannot be divided into equal portions.
 * @param perSecond greater than 0
 */
export function paced<Arguments extends readonly unknown[], Result>(
  perSecond: number,
  work: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  const limit = Math.max(1, Math.floor((perSecond * portionMs) / 1000));
  return pThrottle({ limit, interval: (limit * 1000) / perSecond })(work);
}
