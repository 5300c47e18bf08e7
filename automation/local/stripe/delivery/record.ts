/** A delivery as it is stored and shown, and when its next attempt is due. */

export type Form = 'snapshot' | 'thin';

export interface Destination {
  readonly url: string;
  readonly secret: string;
  readonly form: Form;
  /** Event types as Stripe's `enabled_events`; everything when absent. */
  readonly events?: readonly string[];
}

export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly eventType: string;
  readonly destination: string;
  /** `dropped` by a fault, `failed` when given up. */
  readonly state: 'pending' | 'delivered' | 'dropped' | 'failed';
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly deliveredAt: string | null;
  readonly faults: readonly string[];
  readonly responseStatus: number | null;
  readonly error: string | null;
}

/** The row as SQLite gives it. */
export interface Row {
  id: string;
  event: string;
  event_type: string;
  destination: string;
  state: Delivery['state'];
  attempts: number;
  next_ms: number;
  created_ms: number;
  delivered_ms: number | null;
  fault: string | null;
  response_status: number | null;
  error: string | null;
}

const minute = 60_000;
/** Stripe's live-mode waits: minutes at first, then hours, then twice a day until three days have passed. */
const waitsMs = [5 * minute, 30 * minute, 120 * minute, 300 * minute, 600 * minute];
const laterWaitMs = 720 * minute;
const giveUpMs = 3 * 24 * 60 * minute;

/** The wait before attempt `attempts + 1`, or null when the three days since the first are over. */
export function retryWaitMs(attempts: number, sinceFirstMs: number, timeScale: number): number | null {
  const wait = (waitsMs[attempts - 1] ?? laterWaitMs) / timeScale;
  return sinceFirstMs + wait > giveUpMs / timeScale ? null : wait;
}

export function toDelivery(row: Row): Delivery {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: row.id,
    event: row.event,
    eventType: row.event_type,
    destination: row.destination,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.state === 'pending' ? iso(row.next_ms) : null,
    createdAt: new Date(row.created_ms).toISOString(),
    deliveredAt: iso(row.delivered_ms),
    faults: row.fault === null ? [] : row.fault.split(','),
    responseStatus: row.response_status,
    error: row.error,
  };
}
