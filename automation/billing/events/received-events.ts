import { randomUUID } from 'node:crypto';
import { type Database, firstRow, type Queryable, storable } from '../../store/database.ts';

/** A verified Stripe event, reduced to what decides whom it concerns. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
  readonly subscriptionId: string | null;
  /** True when the payload does not name the subscription, so that the object must be fetched. */
  readonly needsLookup: boolean;
  /** The raw JSON as received. */
  readonly body: string;
  /** For a thin notification: the id of the snapshot of the same event. */
  readonly snapshotId?: string | null;
}

/**
 * Stores events, marks their subscriptions and rings, all in one statement.
 * @returns the ids of new events
 */
export async function receiveEvents(db: Queryable, events: readonly ReceivedEvent[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'select tenantry.receive_events($1, $2, $3, $4, $5, $6, $7, $8) as id',
    [
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ objectType }) => objectType),
      events.map(({ objectId }) => objectId),
      events.map(({ subscriptionId }) => subscriptionId),
      events.map(({ needsLookup }) => needsLookup),
      events.map(({ body }) => body),
      events.map(({ snapshotId }) => snapshotId ?? null),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Receives one event; false for a duplicate. */
export async function receiveEvent(db: Queryable, event: ReceivedEvent): Promise<boolean> {
  return (await receiveEvents(db, [event])).has(event.id);
}

/**
 * Does what receiving an event does, up to a commit that notifies, and stores none. So it fails where the database
 * answers queries but takes no events: read-only after a failover, its disk or its queue of notifications full.
 * @throws whatever would keep an event from being stored
 */
export async function rehearseReceiving(database: Database): Promise<void> {
  await database.transaction(async (client) => {
    await client.query('savepoint rehearsal');
    await receiveEvent(client, {
      // One of its own, so that nobody waits for another's.
      id: `evt_rehearsal_${randomUUID()}`,
      type: 'rehearsal',
      objectType: null,
      objectId: null,
      subscriptionId: null,
      needsLookup: true,
      body: '{}',
    });
    await client.query('rollback to savepoint rehearsal');
    // Nobody listens. What waits in a transaction fails at its commit when the queue is full.
    await client.query('notify tenantry_rehearsal');
  });
}

export interface UnresolvedEvent {
  readonly id: string;
  readonly type: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
  /** As its payload says. */
  readonly subscriptionId: string | null;
}

export async function findUnresolvedEvent(db: Queryable, id: string): Promise<UnresolvedEvent | null> {
  return firstRow(
    await db.query<UnresolvedEvent>(
      `select id, type, object_type as "objectType", object_id as "objectId", subscription_id as "subscriptionId"
       from tenantry.stripe_event where id = $1 and resolved_at is null`,
      [id],
    ),
  );
}

/**
 * Records whose event it was (null for nobody's), which ends its handling.
 * @returns true when the audit trail still lacks the event: its payload named no subscription, and this is the first time
 *   that it was handled or that a subscription was found
 */
export async function resolveEvent(
  db: Queryable,
  id: string,
  subscriptionId: string | null,
): Promise<boolean> {
  const resolved = firstRow(
    await db.query<{ untold: boolean }>(
      `update tenantry.stripe_event e set resolved_at = now(), subscription_id = $2, problem = null
       from (select resolved_at, subscription_id, replayed_at, problem from tenantry.stripe_event
             where id = $1 for update) was
       where e.id = $1
       returning was.resolved_at is null and was.subscription_id is null
         and ($2::text is not null or was.replayed_at is null or was.problem is not null) as untold`,
      [id, subscriptionId],
    ),
  );
  return resolved?.untold ?? false;
}

/** Records why handling an event failed; the event stays unresolved. */
export async function noteEventFailure(db: Queryable, id: string, problem: string): Promise<void> {
  await db.query(
    `update tenantry.stripe_event set attempts = attempts + 1, problem = $2 where id = $1 and resolved_at is null`,
    [id, storable(problem)],
  );
}

/** Rings for unresolved events, whose job may be lost. Returns how many there are, at most `limit`. */
export async function ringUnresolvedEvents(db: Queryable, limit: number): Promise<number> {
  const { rows } = await db.query<{ id: string }>(
    'select id from tenantry.stripe_event where resolved_at is null order by received_at limit $1',
    [limit],
  );
  await db.query('select tenantry.ring_events($1)', [rows.map(({ id }) => id)]);
  return rows.length;
}
