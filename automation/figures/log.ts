import { firstRow, type Queryable } from '../store/database.ts';
import type { Observation } from './observation.ts';
import type { Payment } from './payments.ts';
import type { Coupon, Discount } from './recurring.ts';
import type { Segment } from './segments.ts';

/** The log of business figures and what is derived from it. Ids make every line unique. */

const observationColumns = `subscription_id as "subscriptionId", at, source, source_id as "sourceId", rank, status,
  account, checkout_id as "checkoutId", product, plan, seats, currency, rates`;

/** All observations of a subscription, in no order. */
export async function listObservations(db: Queryable, subscriptionId: string): Promise<Observation[]> {
  const { rows } = await db.query<Observation>(
    `select ${observationColumns} from tenantry.figures_observation where subscription_id = $1`,
    [subscriptionId],
  );
  return rows;
}

/** Every observed subscription. */
export async function listObservedSubscriptions(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select distinct subscription_id as id from tenantry.figures_observation',
  );
  return rows.map(({ id }) => id);
}

/** Adds observations; existing ones stay as they are. Returns how many are new. */
export async function addObservations(db: Queryable, observations: readonly Observation[]): Promise<number> {
  if (observations.length === 0) return 0;
  const { rowCount } = await db.query(
    `insert into tenantry.figures_observation (subscription_id, at, source, source_id, rank, status, account,
       checkout_id, product, plan, seats, currency, rates)
     select o->>'subscriptionId', (o->>'at')::timestamptz, o->>'source', o->>'sourceId', (o->>'rank')::smallint,
       o->>'status', o->>'account', o->>'checkoutId', o->>'product', o->>'plan', (o->>'seats')::bigint, o->>'currency',
       o->'rates'
     from jsonb_array_elements($1) o
     on conflict (subscription_id, source, source_id) do nothing`,
    [JSON.stringify(observations)],
  );
  return rowCount ?? 0;
}

/** Adds lines of money; existing ones stay as they are. Returns how many are new. */
export async function addPayments(db: Queryable, payments: readonly Payment[]): Promise<number> {
  if (payments.length === 0) return 0;
  const { rowCount } = await db.query(
    `insert into tenantry.figures_payment (id, kind, at, currency, cents, subscription_id, invoice_id, settles)
     select p->>'id', p->>'kind', (p->>'at')::timestamptz, p->>'currency', (p->>'cents')::bigint, p->>'subscriptionId',
       p->>'invoiceId', (p->>'settles')::boolean
     from jsonb_array_elements($1) p
     on conflict (id) do nothing`,
    [JSON.stringify(payments)],
  );
  return rowCount ?? 0;
}

/** Undoes a recorded refund that has failed in the meantime. */
export async function undoRefund(db: Queryable, refundId: string, at: Date): Promise<void> {
  await db.query(
    `insert into tenantry.figures_payment (id, kind, at, currency, cents, subscription_id, invoice_id)
     select id || ':undone', kind, $2, currency, -cents, subscription_id, invoice_id
     from tenantry.figures_payment where id = $1
     on conflict (id) do nothing`,
    [refundId, at],
  );
}

/** Records which refunds pay out a credit note. */
export async function linkRefunds(
  db: Queryable,
  creditNoteId: string,
  refundIds: readonly string[],
): Promise<void> {
  await db.query(
    `insert into tenantry.figures_credit_note_refund (refund_id, credit_note_id)
     select unnest($2::text[]), $1 on conflict (refund_id) do nothing`,
    [creditNoteId, refundIds],
  );
}

/** When a subscription first paid for anything; null while it has not. */
export async function findPaidSince(db: Queryable, subscriptionId: string): Promise<Date | null> {
  const row = firstRow(
    await db.query<{ at: Date | null }>(
      'select min(at) as at from tenantry.figures_payment where subscription_id = $1 and settles',
      [subscriptionId],
    ),
  );
  return row?.at ?? null;
}

/** Replaces a subscription's segments. */
export async function replaceSegments(
  db: Queryable,
  subscriptionId: string,
  segments: readonly Segment[],
): Promise<void> {
  await db.query('delete from tenantry.figures_segment where subscription_id = $1', [subscriptionId]);
  if (segments.length === 0) return;
  await db.query(
    `insert into tenantry.figures_segment (subscription_id, from_at, to_at, standing, account, checkout_id, product,
       plan, seats, currency, micros)
     select s->>'subscriptionId', (s->>'from')::timestamptz, (s->>'to')::timestamptz, s->>'standing', s->>'account',
       s->>'checkoutId', s->>'product', s->>'plan', (s->>'seats')::bigint, s->>'currency', (s->>'micros')::bigint
     from jsonb_array_elements($1) s`,
    [JSON.stringify(segments)],
  );
}

/** An event of the inbox that is not yet in the log. */
export interface UntakenEvent {
  readonly id: string;
  /** As received. */
  readonly payload: string;
}

/** Lists events with snapshots of a subscription and its paid invoices. */
export async function listUntakenEvents(db: Queryable, subscriptionId: string): Promise<UntakenEvent[]> {
  const { rows } = await db.query<UntakenEvent>(
    `select e.id, e.payload from tenantry.stripe_event e
     where e.subscription_id = $1 and (
       e.object_type = 'subscription' and not exists (select from tenantry.figures_observation o
         where o.subscription_id = $1 and o.source = 'event' and o.source_id = e.id)
       or e.object_type = 'invoice' and e.type in ('invoice.paid', 'invoice.payment_succeeded')
         and not exists (select from tenantry.figures_payment p where p.id = e.object_id))
     order by e.received_at desc limit 500`,
    [subscriptionId],
  );
  return rows;
}

/** Lists events, as received, about a subscription's discounts with unknown terms. */
export async function listUntoldDiscounts(db: Queryable, subscriptionId: string): Promise<string[]> {
  const { rows } = await db.query<{ payload: string }>(
    `select e.payload from tenantry.stripe_event e
     where e.subscription_id = $1 and e.object_type = 'discount'
       and not exists (select from tenantry.figures_discount d where d.id = e.object_id)
     limit 50`,
    [subscriptionId],
  );
  return rows.map(({ payload }) => payload);
}

/** Lists credit notes and refunds from events that are not yet in the log. */
export async function listUntakenReturns(
  db: Queryable,
  limit: number,
): Promise<{ eventId: string; objectType: string; objectId: string }[]> {
  const { rows } = await db.query<{ eventId: string; objectType: string; objectId: string }>(
    `select e.id as "eventId", e.object_type as "objectType", e.object_id as "objectId" from tenantry.stripe_event e
     where e.object_type in ('credit_note', 'refund') and e.object_id is not null
       and not exists (select from tenantry.figures_event f where f.event_id = e.id)
     order by e.received_at limit $1`,
    [limit],
  );
  return rows;
}

export async function noteTaken(db: Queryable, eventId: string): Promise<void> {
  await db.query('insert into tenantry.figures_event (event_id) values ($1) on conflict do nothing', [
    eventId,
  ]);
}

/** The known terms of these discounts. */
export async function findDiscounts(db: Queryable, ids: readonly string[]): Promise<Map<string, Discount>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<{ id: string; endsAt: Date | null; coupon: Coupon }>(
    'select id, ends_at as "endsAt", coupon from tenantry.figures_discount where id = any($1)',
    [ids],
  );
  return new Map(
    rows.map(({ id, endsAt, coupon }) => [
      id,
      { id, coupon, end: endsAt === null ? null : Math.floor(endsAt.getTime() / 1000) },
    ]),
  );
}

/** Stores the terms of discounts, so that events that only name them are readable. */
export async function keepDiscounts(db: Queryable, discounts: readonly Discount[]): Promise<void> {
  if (discounts.length === 0) return;
  await db.query(
    `insert into tenantry.figures_discount (id, ends_at, coupon)
     select d->>'id', to_timestamp((d->>'end')::bigint), d->'coupon' from jsonb_array_elements($1) d
     on conflict (id) do nothing`,
    [JSON.stringify(discounts)],
  );
}

/** Records that a checkout of a plan with a price was opened. */
export async function addCheckout(
  db: Queryable,
  checkout: { readonly id: string; readonly product: string; readonly plan: string; readonly at?: Date },
): Promise<void> {
  await db.query(
    `insert into tenantry.figures_checkout (id, product, plan, at) values ($1, $2, $3, coalesce($4, now()))
     on conflict (id) do nothing`,
    [checkout.id, checkout.product, checkout.plan, checkout.at ?? null],
  );
}
