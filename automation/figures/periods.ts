/** Days, months and whole ranges of UTC time, the periods of figures. Pure. */
import { dayMs, dayOf } from './movements.ts';

export const steps = ['day', 'month', 'whole'] as const;
export type Step = (typeof steps)[number];

/** From the beginning of a UTC day up to, but not including, the beginning of another. */
export interface Period {
  /** `2026-11-21`, `2026-11`, or `2026-10-22/2026-11-21` (both inclusive). */
  readonly name: string;
  readonly fromDay: number;
  readonly toDay: number;
}

export const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/**
 * The periods in a range of days; months at its ends may be parts of months.
 * @param toDay the first day after it
 */
export function periodsOf(fromDay: number, toDay: number, step: Step): readonly Period[] {
  if (toDay <= fromDay) return [];
  if (step === 'whole') return [{ name: `${dateOf(fromDay)}/${dateOf(toDay - 1)}`, fromDay, toDay }];
  const periods: Period[] = [];
  for (let day = fromDay; day < toDay; ) {
    const next = step === 'day' ? day + 1 : Math.min(toDay, monthAfter(day));
    const name = dateOf(day).slice(0, step === 'day' ? 10 : 7);
    periods.push({ name, fromDay: day, toDay: next });
    day = next;
  }
  return periods;
}

function monthAfter(day: number): number {
  const date = new Date(day * dayMs);
  return dayOf(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)));
}
