/** Billing periods, as Stripe counts them: from an anchor, in whole intervals, the day clipped to the month's last. */

export interface Interval {
  readonly interval: string;
  readonly count: number;
}

const daySeconds = 86_400;

/** The instant `steps` intervals after the anchor; 31 January plus one month is the last day of February. */
export function fromAnchor(anchor: number, { interval, count }: Interval, steps: number): number {
  const n = steps * count;
  if (interval === 'day') return anchor + n * daySeconds;
  if (interval === 'week') return anchor + n * 7 * daySeconds;
  const at = new Date(anchor * 1000);
  const month = at.getUTCMonth() + n * (interval === 'year' ? 12 : 1);
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return (
    Date.UTC(
      at.getUTCFullYear(),
      month,
      Math.min(at.getUTCDate(), lastDay),
      at.getUTCHours(),
      at.getUTCMinutes(),
      at.getUTCSeconds(),
    ) / 1000
  );
}

/** The first period boundary after `instant`. */
export function nextBoundary(anchor: number, interval: Interval, instant: number): number {
  const approximateSeconds =
    { day: 1, week: 7, month: 28, year: 365 }[interval.interval as 'day' | 'week' | 'month' | 'year'] *
    daySeconds;
  let step = Math.max(0, Math.floor((instant - anchor) / (approximateSeconds * interval.count * 1.12)) - 1);
  while (fromAnchor(anchor, interval, step) <= instant) step += 1;
  return fromAnchor(anchor, interval, step);
}
