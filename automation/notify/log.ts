import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';
import { numberKey, type Page, pageQuery } from '../store/pages.ts';
import { lockEndpoint } from './deliveries.ts';
import type { EndpointScope } from './endpoints.ts';
import type { EventType } from './events.ts';

/** How long events and their deliveries are kept. */
export const keptMs = 30 * 24 * 3_600_000;

/** An event and the state of its delivery to one endpoint. */
export interface LoggedDelivery {
  readonly id: number;
  readonly endpointId: string;
  readonly eventId: string;
  readonly type: EventType;
  readonly tenantId: string | null;
  readonly organizationId: string | null;
  readonly at: Date;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly endedAt: Date | null;
  /** Of the last attempt. */
  readonly status: number | null;
  readonly problem: string | null;
}

export interface LoggedAttempt {
  readonly attempt: number;
  readonly at: Date;
  readonly durationMs: number;
  readonly status: number | null;
  readonly problem: string | null;
  /** The beginning of the answer's body. */
  readonly answer: string | null;
}

const columns = `d.id, d.endpoint_id as "endpointId", v.id as "eventId", v.type, v.tenant_id as "tenantId",
  v.organization_id as "organizationId", v.at, d.state, d.attempts, d.next_attempt_at as "nextAttemptAt",
  d.ended_at as "endedAt", last.status, last.problem`;

const from = `tenantry.notify_delivery d
  join tenantry.notify_event v on v.id = d.event_id
  join tenantry.notify_endpoint e on e.id = d.endpoint_id
  left join lateral (select a.status, a.problem from tenantry.notify_attempt a
    where a.delivery_id = d.id order by a.attempt desc limit 1) last on true`;

export interface LogFilter {
  readonly scope: EndpointScope;
  readonly endpointId?: string | undefined;
  readonly state?: LoggedDelivery['state'] | undefined;
  readonly type?: string | undefined;
  /** Beginning of the id of the event, of its tenant or of its organization; in any case. */
  readonly q?: string | undefined;
}

const order = { id: numberKey('d.id'), by: { id: numberKey('d.id') } };

/** Lists deliveries to a scope's endpoints. */
export async function listDeliveries(
  db: Queryable,
  filter: LogFilter,
  page: Page<'id'>,
): Promise<LoggedDelivery[]> {
  const { scope } = filter;
  const { rows } = await db.query<LoggedDelivery>(
    ...pageQuery(
      `select ${columns} from ${from}
       where ($1::text is null or e.product = $1) and ($2::text is null or e.tenant_id = $2)
         and ($3::text is null or d.endpoint_id = $3) and ($4::text is null or d.state = $4)
         and ($5::text is null or v.type = $5)
         and ($6::text is null or starts_with(lower(v.id), $6) or starts_with(v.tenant_id, $6)
           or starts_with(v.organization_id, $6))`,
      [
        scope.kind === 'product' ? scope.product : null,
        scope.kind === 'tenant' ? scope.tenantId : null,
        filter.endpointId ?? null,
        filter.state ?? null,
        filter.type ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

/** Finds a delivery with its event's body and all its attempts, oldest first. */
export async function findDelivery(
  db: Queryable,
  id: number,
): Promise<(LoggedDelivery & { readonly body: string; readonly tries: readonly LoggedAttempt[] }) | null> {
  const delivery = firstRow(
    await db.query<LoggedDelivery & { body: string }>(
      `select ${columns}, v.body from ${from} where d.id = $1`,
      [id],
    ),
  );
  if (!delivery) return null;
  const { rows } = await db.query<LoggedAttempt>(
    `select attempt, at, duration_ms as "durationMs", status, problem, answer from tenantry.notify_attempt
     where delivery_id = $1 order by attempt`,
    [id],
  );
  return { ...delivery, tries: rows };
}

/** What to replay: one event, or the events of a period. */
export type ReplayOf =
  | { readonly eventId: string }
  | {
      readonly since: Date;
      readonly until: Date | null;
      /** Replays delivered events, too. */
      readonly delivered: boolean;
    };

/** Most events that one replay sends. */
export const maxReplayed = 10_000;

/**
 * Sends events to an endpoint again, under their own ids. They may be older than the endpoint or from when it was disabled.
 * Call it in a transaction.
 * @returns how many; of more than `maxReplayed` it sends the oldest
 */
export async function replay(
  client: Queryable,
  endpointId: string,
  of: ReplayOf,
  now: Date,
): Promise<number> {
  if (!(await lockEndpoint(client, endpointId, 'changes'))) return 0;
  const one = 'eventId' in of;
  const row = onlyRow(
    await client.query<{ count: number }>(
      `with chosen as (
         select v.id from tenantry.notify_event v
         join tenantry.notify_endpoint e on e.id = $1 and e.state = 'enabled'
         left join tenantry.notify_delivery d on d.event_id = v.id and d.endpoint_id = e.id
         where tenantry.notify_concerns(e, v)
           and case when $2::text is not null then v.id = $2
             else v.at >= $3 and ($4::timestamptz is null or v.at < $4)
               and ($5 or d.id is null or d.state = 'failed') end
         order by v.at, v.id limit $6 for key share of v skip locked),
       again as (
         insert into tenantry.notify_delivery as known (event_id, endpoint_id, next_attempt_at)
           select id, $1, $7 from chosen order by id
         on conflict (event_id, endpoint_id) do update
           set state = 'pending', tries = 0, next_attempt_at = excluded.next_attempt_at, ended_at = null
         returning id)
       select count(*) as count, tenantry.ring_notifications(array[$1]) as rung from again`,
      [
        endpointId,
        one ? storable(of.eventId) : null,
        one ? null : of.since,
        one ? null : of.until,
        !one && of.delivered,
        maxReplayed,
        now,
      ],
    ),
  );
  return row.count;
}

/** Deletes expired events with their deliveries, `limit` at most. Waits for nobody: leaves what others have locked. */
export async function forgetEvents(db: Queryable, now: Date, limit: number): Promise<void> {
  const old = 'select id from tenantry.notify_event where at < $1 order by at limit $2';
  const until = new Date(now.getTime() - keptMs);
  await db.query(
    `delete from tenantry.notify_delivery where id in (
       select id from tenantry.notify_delivery where event_id in (${old}) for update skip locked)`,
    [until, limit],
  );
  await db.query(
    `delete from tenantry.notify_event v where id in (${old})
       and not exists (select from tenantry.notify_delivery d where d.event_id = v.id)`,
    [until, limit],
  );
}

/**
 * Deletes e-mail addresses of deleted tenants, unless a delivery that needs them is pending: the addresses of the tenants'
 * own endpoints, and events about the members of an organization whose tenants are all deleted.
 * @param options.limit events at most; null is all
 * @param options.tenantId only this tenant; null is all
 */
export async function forgetAddresses(
  db: Queryable,
  { limit = null, tenantId = null }: { readonly limit?: number | null; readonly tenantId?: string | null },
): Promise<void> {
  await db.query(
    `update tenantry.notify_endpoint e set email = null from tenantry.tenant t
     where t.id = e.tenant_id and t.phase = 'deleted' and e.email is not null and ($1::text is null or t.id = $1)
       and not exists (select from tenantry.notify_delivery d where d.endpoint_id = e.id and d.state = 'pending')`,
    [tenantId],
  );
  await db.query(
    `with ended as (
       select o.id, max(t.updated_at) as at
       from (select distinct organization_id as id from tenantry.notify_event where organization_id is not null) told
       join tenantry.organization o on o.id = told.id
       join tenantry.subscription s on s.customer_id = o.customer_id
       join tenantry.tenant t on t.subscription_id = s.id
       group by o.id having bool_and(t.phase = 'deleted') and ($2::text is null or bool_or(t.id = $2)))
     delete from tenantry.notify_event where id in (
       select v.id from tenantry.notify_event v join ended on ended.id = v.organization_id and v.at <= ended.at
       where not exists (select from tenantry.notify_delivery d where d.event_id = v.id and d.state = 'pending')
       limit $1 for update of v skip locked)`,
    [limit, tenantId],
  );
}

export interface NotifyFigures {
  /** For how long the oldest due delivery has been due; 0 when none is. */
  readonly overdueSeconds: number;
  /** How many endpoints are disabled. */
  readonly disabled: number;
}

/** Reads figures over all endpoints. */
export async function readFigures(db: Queryable, now: Date): Promise<NotifyFigures> {
  return onlyRow(
    await db.query<NotifyFigures>(
      `select greatest(0, coalesce(extract(epoch from $1::timestamptz - min(d.next_attempt_at)), 0))::float8
           as "overdueSeconds",
         (select count(*) from tenantry.notify_endpoint where state = 'disabled') as disabled
       from tenantry.notify_delivery d join tenantry.notify_endpoint e on e.id = d.endpoint_id and e.state = 'enabled'
       where d.state = 'pending'`,
      [now],
    ),
  );
}
