import { firstRow, type Queryable, storable } from '../store/database.ts';

/** An attempt that a worker has begun: what to send where, signed with which secrets. */
export interface BegunDelivery {
  readonly id: number;
  /** Number of the attempt; `noteAttempt` counts its answer only while no later attempt has begun. */
  readonly attempt: number;
  readonly tries: number;
  readonly eventId: string;
  readonly type: string;
  readonly body: string;
  readonly endpointId: string;
  readonly url: string;
  /** Newest first. */
  readonly secrets: readonly string[];
  readonly failingSince: Date | null;
}

/**
 * Begins the endpoint's longest-due attempt; null when none is due. If its worker dies, the delivery is due again after
 * `lostAfterMs`. The database's clock also decides what is due, because it wrote the times.
 */
export async function beginDelivery(
  db: Queryable,
  endpointId: string,
  now: Date,
  lostAfterMs: number,
): Promise<BegunDelivery | null> {
  return firstRow(
    await db.query<BegunDelivery>(
      `update tenantry.notify_delivery d set attempts = attempts + 1, tries = tries + 1,
         next_attempt_at = greatest($2, clock_timestamp()) + $3 * interval '1 ms'
       from (select id from tenantry.notify_delivery
             where endpoint_id = $1 and state = 'pending' and next_attempt_at <= greatest($2, clock_timestamp())
             order by next_attempt_at, id limit 1 for update skip locked) due,
         tenantry.notify_endpoint e, tenantry.notify_event v
       where d.id = due.id and e.id = d.endpoint_id and e.state = 'enabled' and v.id = d.event_id
       returning d.id, d.attempts as attempt, d.tries, v.id as "eventId", v.type, v.body, e.id as "endpointId", e.url,
         array_remove(array[e.secret, case when e.previous_secret_until > $2 then e.previous_secret end], null) as secrets,
         e.failing_since as "failingSince"`,
      [endpointId, now, lostAfterMs],
    ),
  );
}

export interface AttemptNote {
  readonly at: Date;
  readonly durationMs: number;
  readonly status: number | null;
  readonly problem: string | null;
  readonly answer: string | null;
}

/**
 * Records the outcome of an attempt and when the next one is due, if there is one. Call it in a transaction.
 * @returns false when the outcome does not count: a later attempt began meanwhile, or the delivery was ended or replayed
 */
export async function noteAttempt(
  client: Queryable,
  { id, attempt }: Pick<BegunDelivery, 'id' | 'attempt'>,
  note: AttemptNote,
  then: { readonly state: 'delivered' | 'failed' } | { readonly state: 'pending'; readonly nextAt: Date },
): Promise<boolean> {
  const nextAt = then.state === 'pending' ? then.nextAt : null;
  const { rowCount } = await client.query(
    `update tenantry.notify_delivery set state = $3, next_attempt_at = $4, ended_at = $5
     where id = $1 and attempts = $2 and state = 'pending'`,
    [id, attempt, then.state, nextAt, nextAt === null ? note.at : null],
  );
  await client.query(
    `insert into tenantry.notify_attempt (delivery_id, attempt, at, duration_ms, status, problem, answer)
     select $1, $2, $3, $4, $5, $6, $7 where exists (select from tenantry.notify_delivery where id = $1)
     on conflict do nothing`,
    [
      id,
      attempt,
      note.at,
      Math.round(note.durationMs),
      note.status,
      note.problem === null ? null : storable(note.problem),
      note.answer === null ? null : storable(note.answer),
    ],
  );
  return rowCount === 1;
}

/** Takes back an attempt that our own shutdown cut off: it is due again at once. */
export async function giveBack(
  db: Queryable,
  { id, attempt }: Pick<BegunDelivery, 'id' | 'attempt'>,
  now: Date,
): Promise<void> {
  await db.query(
    `update tenantry.notify_delivery set next_attempt_at = $3, tries = tries - 1
     where id = $1 and attempts = $2 and state = 'pending'`,
    [id, attempt, now],
  );
}

/**
 * Locks an endpoint until the end of the transaction. Lock an endpoint before its deliveries, because its removal deletes
 * them.
 * @param how `changes` keeps others from changing it, `stays` only from removing it
 * @returns false when it does not exist
 */
export async function lockEndpoint(
  client: Queryable,
  endpointId: string,
  how: 'changes' | 'stays',
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from tenantry.notify_endpoint where id = $1 for ${how === 'changes' ? 'no key update' : 'key share'}`,
    [endpointId],
  );
  return rowCount === 1;
}

/**
 * Records since when an endpoint has failed; null when it has just accepted a delivery. Call it before the transaction
 * locks deliveries.
 */
export async function noteFailing(
  db: Queryable,
  endpointId: string,
  failingSince: Date | null,
): Promise<void> {
  await db.query(
    `update tenantry.notify_endpoint set failing_since = case when $2::timestamptz is null then null
       else coalesce(failing_since, $2) end
     where id = $1 and ($2::timestamptz is null) <> (failing_since is null)`,
    [endpointId, failingSince],
  );
}

/** Wakes the endpoint's dispatcher, now or at a later time. */
export async function ringEndpoint(db: Queryable, endpointId: string, at: Date | null = null): Promise<void> {
  await db.query('select tenantry.ring_notifications(array[$1], $2)', [endpointId, at]);
}

/** Wakes the dispatcher for everything that is due, in case a doorbell was lost. */
export async function ringDueEndpoints(db: Queryable, now: Date): Promise<void> {
  await db.query(
    `select tenantry.ring_notifications(array(select distinct d.endpoint_id from tenantry.notify_delivery d
       join tenantry.notify_endpoint e on e.id = d.endpoint_id and e.state = 'enabled'
       where d.state = 'pending' and d.next_attempt_at <= greatest($1, clock_timestamp())))`,
    [now],
  );
}
