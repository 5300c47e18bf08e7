/** The inbox for operators: finds events, has them handled again, deletes old ones. */
import type { Queryable } from '../../store/database.ts';

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
  readonly subscriptionId: string | null;
  readonly receivedAt: Date;
  readonly resolvedAt: Date | null;
  readonly attempts: number;
  /** Why its last handling failed. */
  readonly problem: string | null;
}

/** Selects events; what is left out does not matter. */
export interface EventSelection {
  readonly id?: string;
  readonly since?: Date;
  /** Without the `v1.` of thin notifications; `invoice.*` matches every type below `invoice.`. */
  readonly type?: string;
  /** Only those whose handling failed. */
  readonly failed?: boolean;
}

/** Lists events of the inbox, oldest first. */
export async function selectEvents(
  db: Queryable,
  selection: EventSelection,
  limit: number,
): Promise<StoredEvent[]> {
  const { id, since, type, failed } = selection;
  const prefix = type?.endsWith('.*') ? type.slice(0, -1) : null;
  const { rows } = await db.query<StoredEvent>(
    `select id, type, object_type as "objectType", object_id as "objectId", subscription_id as "subscriptionId",
       received_at as "receivedAt", resolved_at as "resolvedAt", attempts, problem
     from tenantry.stripe_event
     where ($1::text is null or id = $1 or snapshot_id = $1)
       and ($2::timestamptz is null or received_at >= $2)
       and ($3::text is null or regexp_replace(type, '^v1\\.', '') = $3)
       and ($4::text is null or starts_with(regexp_replace(type, '^v1\\.', ''), $4))
       and (not $5 or resolved_at is null and problem is not null)
     order by received_at, id limit $6`,
    [id ?? null, since ?? null, prefix === null ? (type ?? null) : null, prefix, failed ?? false, limit],
  );
  return rows;
}

/** Finds which of the ids have already arrived, in either form. */
export async function knownEvents(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select asked.id from unnest($1::text[]) asked(id)
     where exists (select from tenantry.stripe_event e where e.id = asked.id)
       or exists (select from tenantry.stripe_event e where e.snapshot_id = asked.id)`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Has events of the inbox handled again as if they came now: marks their subscriptions, rings a job for those that need one
 * or failed, and has the catalog compared if one concerned it. Call it in a transaction.
 */
export async function replayEvents(
  db: Queryable,
  events: readonly { readonly id: string; readonly handle: boolean; readonly catalog: boolean }[],
): Promise<void> {
  const ids = events.map(({ id }) => id).sort();
  const handled = events.filter(({ handle }) => handle).map(({ id }) => id);
  await db.query('select 1 from tenantry.stripe_event where id = any($1) order by id for update', [ids]);
  await db.query(
    `update tenantry.stripe_event set replayed_at = now(),
       resolved_at = case when id = any($2) then null else resolved_at end
     where id = any($1)`,
    [ids, handled],
  );
  await db.query(
    `select tenantry.mark_subscriptions(array(
       select subscription_id from tenantry.stripe_event where id = any($1) and subscription_id is not null))`,
    [ids],
  );
  await db.query(
    `select tenantry.ring_events(array(
       select id from tenantry.stripe_event where id = any($1) and resolved_at is null))`,
    [ids],
  );
  if (events.some(({ catalog }) => catalog)) await db.query('select tenantry.ring_catalog_check()');
}

/**
 * Deletes handled events that came before an instant, except those whose subscription has not been fetched since.
 * @returns how many, at most `limit`
 */
export async function forgetEvents(db: Queryable, before: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from tenantry.stripe_event where id in (
       select e.id from tenantry.stripe_event e
       where e.received_at < $1 and e.resolved_at is not null
         and not exists (select from tenantry.subscription_mark m
           where m.subscription_id = e.subscription_id and m.seq > m.settled_seq)
       order by e.received_at limit $2 for update skip locked)`,
    [before, limit],
  );
  return rowCount ?? 0;
}

/** Counts events that need handling: never tried, and failed. */
export async function countWaitingEvents(
  db: Queryable,
): Promise<{ readonly fresh: number; readonly failed: number }> {
  const { rows } = await db.query<{ fresh: number; failed: number }>(
    `select count(*) filter (where problem is null)::int as fresh,
       count(*) filter (where problem is not null)::int as failed
     from tenantry.stripe_event where resolved_at is null`,
  );
  return rows[0] ?? { fresh: 0, failed: 0 };
}
