import { firstRow, onlyRow, type Queryable } from './database.ts';

/** A verified Stripe event, reduced to what decides whose it is. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
  readonly subscriptionId: string | null;
  /** The payload does not say which subscription it is about; the object must be fetched to know. */
  readonly needsLookup: boolean;
  /** The raw JSON as received. */
  readonly body: string;
}

/** Makes the event durable, marks its subscription and rings, in one transaction. False for a duplicate. */
export async function receiveEvent(db: Queryable, event: ReceivedEvent): Promise<boolean> {
  const row = onlyRow(
    await db.query<{ fresh: boolean }>('select tenantry.receive_event($1, $2, $3, $4, $5, $6, $7) as fresh', [
      event.id,
      event.type,
      event.objectType,
      event.objectId,
      event.subscriptionId,
      event.needsLookup,
      event.body,
    ]),
  );
  return row.fresh;
}

export interface UnresolvedEvent {
  readonly id: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
}

export async function findUnresolvedEvent(db: Queryable, id: string): Promise<UnresolvedEvent | null> {
  return firstRow(
    await db.query<UnresolvedEvent>(
      `select id, object_type as "objectType", object_id as "objectId" from tenantry.stripe_event
       where id = $1 and resolved_at is null`,
      [id],
    ),
  );
}

/** Notes whose event it was (nobody's: null); the event needs no more looking up. */
export async function resolveEvent(db: Queryable, id: string, subscriptionId: string | null): Promise<void> {
  await db.query('update tenantry.stripe_event set resolved_at = now(), subscription_id = $2 where id = $1', [
    id,
    subscriptionId,
  ]);
}

/** Rings again for events whose looking up was lost. */
export async function ringUnresolvedEvents(db: Queryable, limit: number): Promise<number> {
  const result = await db.query(
    `select graphile_worker.add_job('resolve-event', json_build_object('eventId', id),
       job_key => 'resolve-event:' || id, max_attempts => 3)
     from (select id from tenantry.stripe_event where resolved_at is null order by received_at limit $1) waiting`,
    [limit],
  );
  return result.rowCount ?? 0;
}
