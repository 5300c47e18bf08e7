import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import { cursorOf } from './usage.ts';

/** Meter events for Stripe. Each is a row before it is sent. */

/** A day's amount of one dimension where Stripe's figure differs. */
export interface Reportable {
  readonly tenantId: string;
  readonly day: string;
  readonly dimension: string;
  readonly microUnits: number;
  readonly reported: number;
  /** Who pays; null where nobody does. */
  readonly customerId: string | null;
  /** When the paid period ends; null unless that is soon. */
  readonly periodEnd: Date | null;
}

/**
 * Lists days that ended before a time and differ at Stripe, and today for tenants whose paid period is about to end.
 * Ordered by tenant, day, dimension.
 */
export async function listReportable(
  db: Queryable,
  options: { endedBefore: Date; now: Date; periodEndsBefore: Date; after: Reportable | null; limit: number },
): Promise<Reportable[]> {
  const [tenantId = '', day = '0001-01-01', dimension = ''] = options.after
    ? cursorOf(options.after).split(' ')
    : [];
  const { rows } = await db.query<Reportable>(
    `select d.tenant_id as "tenantId", d.day::text, d.dimension, d.micro_units as "microUnits", d.reported,
       coalesce(s.customer_id, t.desired_spec ->> 'billingAccount') as "customerId",
       case when d.day = ($2::timestamptz at time zone 'UTC')::date then s.current_period_end end as "periodEnd"
     from tenantry.usage_day d
     left join tenantry.tenant t on t.id = d.tenant_id
     left join tenantry.subscription s on s.id = t.subscription_id
     where d.billable and d.micro_units <> d.reported and (d.tenant_id, d.day, d.dimension) > ($4, $5::date, $6)
       and (d.day < ($1::timestamptz at time zone 'UTC')::date
         or (d.day = ($2::timestamptz at time zone 'UTC')::date
           and s.current_period_end > $2 and s.current_period_end <= $3))
     order by d.tenant_id, d.day, d.dimension limit $7`,
    [options.endedBefore, options.now, options.periodEndsBefore, tenantId, day, dimension, options.limit],
  );
  return rows;
}

/** One meter event. */
export interface ReportPart {
  readonly tenantId: string;
  readonly day: string;
  readonly dimension: string;
  readonly part: number;
  readonly identifier: string;
  readonly customerId: string;
  readonly microUnits: number;
  readonly usedAt: Date;
  readonly firstTriedAt: Date;
  readonly sentAt: Date | null;
}

const columns = `tenant_id as "tenantId", day::text, dimension, part, identifier, customer_id as "customerId",
  micro_units as "microUnits", used_at as "usedAt", first_tried_at as "firstTriedAt", sent_at as "sentAt"`;

/** Finds the day's event whose fate is unknown. */
export async function findOpenPart(
  db: Queryable,
  of: Pick<Reportable, 'tenantId' | 'day' | 'dimension'>,
): Promise<ReportPart | null> {
  return firstRow(
    await db.query<ReportPart>(
      `select ${columns} from tenantry.usage_report
       where tenant_id = $1 and day = $2 and dimension = $3 and sent_at is null order by part limit 1`,
      [of.tenantId, of.day, of.dimension],
    ),
  );
}

/**
 * Begins a day's next event, with the amount that Stripe lacks. Locks the day's row meanwhile.
 * @returns null when there is nothing to send, or when an event is under way
 */
export async function beginPart(
  db: Queryable,
  of: Pick<Reportable, 'tenantId' | 'day' | 'dimension'>,
  event: { readonly customerId: string; readonly usedAt: Date; readonly at: Date },
): Promise<ReportPart | null> {
  return firstRow(
    await db.query<ReportPart>(
      `with owed as (
         select micro_units - reported as amount from tenantry.usage_day
         where tenant_id = $1 and day = $2 and dimension = $3 for update),
       last as (
         select coalesce(max(part), 0) as part, coalesce(bool_or(sent_at is null), false) as open
         from tenantry.usage_report where tenant_id = $1 and day = $2 and dimension = $3)
       insert into tenantry.usage_report
         (tenant_id, day, dimension, part, identifier, customer_id, micro_units, used_at, first_tried_at)
       select $1, $2, $3, last.part + 1, concat_ws(':', 'tenantry', $1::text, $2::text, $3::text, last.part + 1), $4,
         owed.amount, $5, $6
       from owed, last where owed.amount > 0 and not last.open
       on conflict do nothing
       returning ${columns}`,
      [of.tenantId, of.day, of.dimension, event.customerId, event.usedAt, event.at],
    ),
  );
}

/** Records that Stripe has an event. Call it in a transaction; repeating it changes nothing. */
export async function markSent(db: Queryable, part: ReportPart, at: Date): Promise<void> {
  const { rowCount } = await db.query(
    `update tenantry.usage_report set sent_at = $5, refusal = null
     where tenant_id = $1 and day = $2 and dimension = $3 and part = $4 and sent_at is null`,
    [part.tenantId, part.day, part.dimension, part.part, at],
  );
  if (rowCount === 1) await addReported(db, part, part.microUnits);
}

/** Records why Stripe refused an event. */
export async function markRefused(db: Queryable, part: ReportPart, refusal: string): Promise<void> {
  await db.query(
    `update tenantry.usage_report set refusal = $5
     where tenant_id = $1 and day = $2 and dimension = $3 and part = $4`,
    [part.tenantId, part.day, part.dimension, part.part, refusal.slice(0, 500)],
  );
}

/** Lists a day's events that began after a time and so can still be cancelled; newest first. */
export async function listCancellable(
  db: Queryable,
  of: Pick<Reportable, 'tenantId' | 'day' | 'dimension'>,
  begunAfter: Date,
): Promise<ReportPart[]> {
  const { rows } = await db.query<ReportPart>(
    `select ${columns} from tenantry.usage_report
     where tenant_id = $1 and day = $2 and dimension = $3 and sent_at is not null and cancelled_at is null
       and first_tried_at > $4 order by part desc`,
    [of.tenantId, of.day, of.dimension, begunAfter],
  );
  return rows;
}

/** Records that Stripe no longer counts an event. Call it in a transaction; repeating it changes nothing. */
export async function markCancelled(db: Queryable, part: ReportPart, at: Date): Promise<void> {
  const { rowCount } = await db.query(
    `update tenantry.usage_report set cancelled_at = $5
     where tenant_id = $1 and day = $2 and dimension = $3 and part = $4 and cancelled_at is null`,
    [part.tenantId, part.day, part.dimension, part.part, at],
  );
  if (rowCount === 1) await addReported(db, part, -part.microUnits);
}

async function addReported(db: Queryable, part: ReportPart, microUnits: number): Promise<void> {
  await db.query(
    `update tenantry.usage_day set reported = reported + $4
     where tenant_id = $1 and day = $2 and dimension = $3`,
    [part.tenantId, part.day, part.dimension, microUnits],
  );
}

/**
 * What Stripe must have counted for a customer's meter on a day: the sum of the events that we know arrived, in millionths
 * of the unit.
 */
export async function sumSent(
  db: Queryable,
  of: { readonly customerId: string; readonly dimension: string; readonly day: string },
): Promise<number> {
  const row = onlyRow(
    await db.query<{ sum: number }>(
      `select coalesce(sum(micro_units), 0)::bigint as sum from tenantry.usage_report
       where customer_id = $1 and dimension = $2 and day = $3 and sent_at is not null and cancelled_at is null`,
      [of.customerId, of.dimension, of.day],
    ),
  );
  return row.sum;
}

/** Lists the events of a customer's meter and day whose fate is unknown, in a stable order. */
export async function listOpenParts(
  db: Queryable,
  of: { readonly customerId: string; readonly dimension: string; readonly day: string },
): Promise<ReportPart[]> {
  const { rows } = await db.query<ReportPart>(
    `select ${columns} from tenantry.usage_report
     where customer_id = $1 and dimension = $2 and day = $3 and sent_at is null order by identifier`,
    [of.customerId, of.dimension, of.day],
  );
  return rows;
}

/** Lists surplus use at Stripe that can no longer be cancelled and that a person must refund, oldest first. */
export async function listOverreported(db: Queryable, limit: number): Promise<Reportable[]> {
  const { rows } = await db.query<Reportable>(
    `select tenant_id as "tenantId", day::text, dimension, micro_units as "microUnits", reported,
       null as "customerId", null as "periodEnd"
     from tenantry.usage_day where billable and micro_units <> reported and micro_units < reported
     order by day, tenant_id limit $1`,
    [limit],
  );
  return rows;
}
