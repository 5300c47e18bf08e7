/** What every operation on the simulated account gets: memory, time, the event log and the request's origin. */

import type { Documents, DocumentType } from './documents.ts';
import { noSuch } from './http/errors.ts';
import type { Store } from './store.ts';

/** What happens to a subscription whose renewal stays unpaid, as Stripe's billing settings say. */
export interface Dunning {
  /** Days from one failed attempt to the next; after the last one, `afterwards` happens. */
  readonly retryAfterDays: readonly number[];
  readonly afterwards: 'cancel' | 'unpaid' | 'past_due';
}

export interface Context {
  readonly store: Store;
  readonly dunning: Dunning;
  /** Base address of the simulator, without a trailing slash. */
  readonly url: string;
  /** The movable clock, in whole seconds. */
  now(): number;
  /** The request that causes the changes; both null when the clock does. */
  readonly origin: { readonly requestId: string | null; readonly idempotencyKey: string | null };
  /** Records an event and its deliveries; `previous` holds the former values of changed fields. */
  emit(type: string, object: object, previous?: Record<string, unknown>): void;
}

const names: Partial<Record<DocumentType, string>> = {
  checkout_session: 'checkout.session',
  portal_session: 'billing_portal.session',
  portal_configuration: 'configuration',
  payment_method: 'PaymentMethod',
  meter: 'meter',
};

/** @throws StripeError resource_missing; `param` is the field that held the id */
export function find<T extends DocumentType>(
  context: Context,
  type: T,
  id: string,
  param?: string,
): Documents[T] {
  const found = context.store.get(type, id);
  if (!found) throw noSuch(names[type] ?? type, id, param);
  return found;
}

/** Stores a changed object and emits `<event>` with its former values, unless nothing changed. */
export function saveChanged<T extends DocumentType>(
  context: Context,
  type: T,
  before: Documents[T],
  after: Documents[T],
  event: string,
): void {
  const previous = changedFields(before, after);
  if (previous === null) return;
  context.store.put(type, after);
  context.emit(event, after, previous);
}

/** Former values of the fields that differ, nested objects reduced to what changed in them; null when none do. */
export function changedFields(before: object, after: object): Record<string, unknown> | null {
  const old = before as Record<string, unknown>;
  const current = after as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(current)])) {
    if (JSON.stringify(old[key]) === JSON.stringify(current[key])) continue;
    const [was, is] = [old[key], current[key]];
    const nested = isRecord(was) && isRecord(is) && was.object === undefined;
    changed[key] = nested ? changedFields(was, is) : (was ?? null);
  }
  return Object.keys(changed).length === 0 ? null : changed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
