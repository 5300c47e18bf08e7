import { platform } from '../../tenants/catalog/index.ts';

/** Metering's clock. Days and months are UTC; a slot is the time of one sample and begins at a multiple of its length. */

const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** The length of a slot: 5 minutes. */
export const slotMs = platform.metering.sampleMinutes * minuteMs;
export const slotSeconds = slotMs / 1000;
export const slotsPerHour = hourMs / slotMs;
/** Days are reported to Stripe, each once it is over. */
export const reportMs = platform.metering.reportHours * hourMs;

export function slotOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / slotMs) * slotMs);
}

export function hourOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / hourMs) * hourMs);
}

/** The slot's index in its hour's arrays, which PostgreSQL counts from 1. */
export function placeOf(slot: Date): number {
  return Math.floor((slot.getTime() % hourMs) / slotMs) + 1;
}

/** `2026-11-21`. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Midnight at the beginning of a day. */
export function startOfDay(day: string): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

/** A calendar month. */
export interface Month {
  /** `2026-11`. */
  readonly id: string;
  readonly firstDay: string;
  readonly nextFirstDay: string;
  readonly days: number;
  readonly seconds: number;
}

/** The month of a day or a month: `2026-11-21` or `2026-11`. */
export function monthNamed(text: string): Month {
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const first = Date.UTC(year, month - 1, 1);
  const next = Date.UTC(year, month, 1);
  const days = Math.round((next - first) / dayMs);
  return {
    id: text.slice(0, 7),
    firstDay: dayOf(new Date(first)),
    nextFirstDay: dayOf(new Date(next)),
    days,
    seconds: days * (dayMs / 1000),
  };
}
