/** Handles Stripe's events again: those in our inbox, and missed ones from Stripe's list. */
import Stripe from 'stripe';
import type { Database } from '../../store/database.ts';
import { meaningOf, needsHandling } from './meanings.ts';
import { readEvent } from './read-event.ts';
import { receiveEvents } from './received-events.ts';
import {
  type EventSelection,
  knownEvents,
  replayEvents,
  type StoredEvent,
  selectEvents,
} from './stored-events.ts';

export interface MissedEvent {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  /** As Stripe has it. */
  readonly body: string;
}

export interface ReplayPlan {
  /** In our inbox, oldest first. */
  readonly stored: readonly StoredEvent[];
  /** In Stripe's list but not in our inbox, oldest first. */
  readonly missed: readonly MissedEvent[];
  /** True when there are more; these are the oldest. */
  readonly isCut: boolean;
}

/** Stripe lists the events of the last 30 days (https://docs.stripe.com/api/events). */
const stripeKeepsMs = 30 * 24 * 3_600_000;

/** Most events that one replay takes. */
export const mostReplayed = 10_000;

/** How many events one transaction takes. */
const batchSize = 500;

/** Finds the selected events here and at Stripe. Changes nothing. */
export async function planReplay(
  database: Database,
  stripe: Stripe,
  selection: EventSelection,
  now: Date,
): Promise<ReplayPlan> {
  const stored = await selectEvents(database, selection, mostReplayed + 1);
  // Failed events have arrived, so there is nothing to ask Stripe for.
  const listed = selection.failed ? [] : await listAtStripe(stripe, selection, stored.length, now);
  const known = await knownEvents(
    database,
    listed.map(({ id }) => id),
  );
  const missed = listed.filter(({ id }) => !known.has(id)).reverse();
  return {
    stored: stored.slice(0, mostReplayed),
    missed: missed.slice(0, mostReplayed),
    isCut: stored.length > mostReplayed || missed.length > mostReplayed,
  };
}

async function listAtStripe(
  stripe: Stripe,
  { id, since, type }: EventSelection,
  storedHere: number,
  now: Date,
): Promise<MissedEvent[]> {
  if (id !== undefined) {
    if (storedHere > 0) return [];
    const event = await retrieveEvent(stripe, id);
    return event ? [missedEvent(event)] : [];
  }
  const from = Math.max(since?.getTime() ?? 0, now.getTime() - stripeKeepsMs);
  const found: MissedEvent[] = [];
  for await (const event of stripe.events.list({
    created: { gte: Math.floor(from / 1000) },
    ...(type !== undefined && { type }),
    limit: 100,
  })) {
    found.push(missedEvent(event));
  }
  return found;
}

async function retrieveEvent(stripe: Stripe, id: string): Promise<Stripe.Event | null> {
  try {
    return await stripe.events.retrieve(id);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return null;
    throw error;
  }
}

function missedEvent(event: Stripe.Event): MissedEvent {
  const createdAt = new Date(event.created * 1000);
  return { id: event.id, type: event.type, createdAt, body: JSON.stringify(event) };
}

/**
 * Carries out a plan: handles events of our inbox as if they came now, and receives missed ones. Handling asks Stripe for the
 * present state, so doing it twice, or while others arrive, does no harm.
 */
export async function replay(database: Database, { stored, missed }: ReplayPlan): Promise<void> {
  for (const batch of inBatches(stored)) {
    const events = batch.map(({ id, type, resolvedAt }) => ({
      id,
      handle: needsHandling(type) || resolvedAt === null,
      catalog: meaningOf(type)?.effect === 'catalog',
    }));
    await database.transaction((client) => replayEvents(client, events));
  }
  for (const batch of inBatches(missed)) {
    await receiveEvents(
      database,
      batch.map(({ body }) => readEvent(body)),
    );
  }
}

function* inBatches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += batchSize) yield all.slice(at, at + batchSize);
}
