/** Notices: what events mean beyond their subscriptions. Entries in timelines, and alerts that wait for an operator. */
import { firstRow, type Queryable, storable } from '../../store/database.ts';

export interface StripeNotice {
  /** One for each reported state: `refund:re_…:succeeded`. */
  readonly key: string;
  readonly kind: string;
  readonly severity: 'alert' | 'note';
  /** The object at Stripe. */
  readonly subject: string;
  readonly message: string;
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  /** The outcome that ended an alert; null while it is open. */
  readonly closedBecause: string | null;
}

export interface StoredNotice extends StripeNotice {
  readonly createdAt: Date;
  readonly closedAt: Date | null;
}

/**
 * Writes a notice unless it is known in this form. A notice that an operator closed stays closed until it changes.
 * @returns true when it is new or has changed
 */
export async function writeNotice(
  db: Queryable,
  notice: StripeNotice,
  eventId: string | null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenantry.stripe_notice as known (key, kind, severity, subject, message, customer_id, subscription_id,
       data, event_id, closed_at, closed_because)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, case when $10::text is not null then now() end, $10)
     on conflict (key) do update set message = excluded.message, data = excluded.data, severity = excluded.severity,
       customer_id = excluded.customer_id, subscription_id = excluded.subscription_id, event_id = excluded.event_id,
       changed_at = now(), closed_at = excluded.closed_at, closed_because = excluded.closed_because
     where known.message <> excluded.message
       or known.closed_at is null and excluded.closed_at is not null
       or known.closed_at is not null and excluded.closed_at is null and known.closed_because <> 'operator'`,
    [
      notice.key,
      notice.kind,
      notice.severity,
      notice.subject,
      storable(notice.message),
      notice.customerId,
      notice.subscriptionId,
      JSON.stringify(notice.data, (_key, value) => (typeof value === 'string' ? storable(value) : value)),
      eventId,
      notice.closedBecause,
    ],
  );
  return rowCount === 1;
}

const columns = `key, kind, severity, subject, message, customer_id as "customerId", subscription_id as "subscriptionId",
  data, created_at as "createdAt", closed_at as "closedAt", closed_because as "closedBecause"`;

/** Lists open alerts, oldest first. */
export async function listOpenAlerts(db: Queryable, limit: number): Promise<StoredNotice[]> {
  const { rows } = await db.query<StoredNotice>(
    `select ${columns} from tenantry.stripe_notice where severity = 'alert' and closed_at is null
     order by created_at, key limit $1`,
    [limit],
  );
  return rows;
}

export async function countOpenAlerts(
  db: Queryable,
): Promise<{ readonly kind: string; readonly count: number }[]> {
  const { rows } = await db.query<{ kind: string; count: number }>(
    `select kind, count(*)::int from tenantry.stripe_notice where severity = 'alert' and closed_at is null
     group by kind order by kind`,
  );
  return rows;
}

/** Closes an alert for an operator; null when none of this key is open. */
export async function closeAlert(db: Queryable, key: string): Promise<StoredNotice | null> {
  return firstRow(
    await db.query<StoredNotice>(
      `update tenantry.stripe_notice set closed_at = now(), closed_because = 'operator', changed_at = now()
       where key = $1 and severity = 'alert' and closed_at is null returning ${columns}`,
      [key],
    ),
  );
}

/** Deletes old notices that are closed or were only entries, at most `limit`. */
export async function forgetNotices(db: Queryable, before: Date, limit: number): Promise<void> {
  await db.query(
    `delete from tenantry.stripe_notice where key in (
       select key from tenantry.stripe_notice
       where changed_at < $1 and (severity = 'note' or closed_at is not null) order by changed_at limit $2)`,
    [before, limit],
  );
}

/** Lists the subscriptions of a Stripe customer, from our rows. */
export async function subscriptionsOfCustomer(db: Queryable, customerId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id from tenantry.subscription where customer_id = $1 order by id',
    [customerId],
  );
  return rows.map(({ id }) => id);
}

/** Finds the tenant that a subscription pays for. */
export async function tenantOfSubscription(db: Queryable, subscriptionId: string): Promise<string | null> {
  const row = firstRow(
    await db.query<{ id: string }>('select id from tenantry.tenant where subscription_id = $1', [
      subscriptionId,
    ]),
  );
  return row?.id ?? null;
}

/** Records that Stripe was compared with the catalog. */
export async function noteCatalogCheck(db: Queryable, at: Date): Promise<void> {
  await db.query(
    `insert into tenantry.catalog_check (checked_at) values ($1)
     on conflict (only_row) do update set checked_at = excluded.checked_at`,
    [at],
  );
}

/** Requests a comparison unless there has been one since, for changes whose events never came. */
export async function ringCatalogCheck(db: Queryable, since: Date): Promise<void> {
  await db.query(
    `select tenantry.ring_catalog_check()
     where not exists (select from tenantry.catalog_check where checked_at > $1)
       and not exists (select from graphile_worker.jobs where key = 'check-catalog')`,
    [since],
  );
}
