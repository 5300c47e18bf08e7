import type { Queryable } from '../store/database.ts';
import type { OpenedCheckout } from './conversion.ts';
import type { Receipt } from './report.ts';
import type { Segment } from './segments.ts';

/** Reads what business figures are made of. */

/** Lists segments that began before an instant; a later end counts as none. */
export async function listSegments(db: Queryable, until: Date): Promise<Segment[]> {
  const { rows } = await db.query<Segment>(
    `select subscription_id as "subscriptionId", from_at as "from", case when to_at < $1 then to_at end as "to",
       standing, account, checkout_id as "checkoutId", product, plan, seats, currency, micros
     from tenantry.figures_segment where from_at < $1 order by from_at`,
    [until],
  );
  return rows;
}

/** Sums the money of each UTC day and kind, with the plan that the subscription had when it was paid. */
export async function listReceipts(db: Queryable, from: Date, until: Date): Promise<Receipt[]> {
  const { rows } = await db.query<Receipt>(
    `select date_trunc('day', p.at, 'UTC') as at, p.kind, p.currency, sum(p.cents)::bigint as cents,
       coalesce(s.product, f.product) as product, coalesce(s.plan, f.plan) as plan
     from tenantry.figures_payment p
       left join tenantry.figures_payment i on p.kind <> 'invoice' and i.id = p.invoice_id and i.kind = 'invoice'
       left join lateral (select product, plan from tenantry.figures_segment
         where subscription_id = coalesce(p.subscription_id, i.subscription_id) and from_at <= coalesce(i.at, p.at)
         order by from_at desc limit 1) s on true
       -- The payment that begins a subscription may be a moment older than the subscription.
       left join lateral (select product, plan from tenantry.figures_segment
         where s.product is null and subscription_id = coalesce(p.subscription_id, i.subscription_id)
         order by from_at limit 1) f on true
     where p.at >= $1 and p.at < $2
       and not exists (select from tenantry.figures_credit_note_refund l
         where p.kind = 'refund' and l.refund_id = split_part(p.id, ':', 1))
     group by 1, 2, 3, 5, 6 order by 1, 5, 6, 2`,
    [from, until],
  );
  return rows;
}

export async function listCheckouts(db: Queryable, from: Date, until: Date): Promise<OpenedCheckout[]> {
  const { rows } = await db.query<OpenedCheckout>(
    'select id, at, product, plan from tenantry.figures_checkout where at >= $1 and at < $2 order by at',
    [from, until],
  );
  return rows;
}

export interface PlanRevenue {
  readonly product: string;
  readonly plan: string;
  readonly currency: string;
  readonly micros: number;
  readonly customers: number;
}

/** MRR and paying customers at a present or past instant, by plan. */
export async function revenueAt(db: Queryable, at: Date): Promise<PlanRevenue[]> {
  const { rows } = await db.query<PlanRevenue>(
    `select product, plan, currency, sum(micros)::bigint as micros, count(distinct account) as customers
     from tenantry.figures_segment
     where standing = 'paying' and from_at <= $1 and (to_at > $1 or to_at is null)
     group by product, plan, currency order by product, plan, currency`,
    [at],
  );
  return rows;
}

/** Every currency ever used in subscriptions or payments, in order. */
export async function listCurrencies(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ currency: string }>(
    `select distinct currency from tenantry.figures_segment
     union select distinct currency from tenantry.figures_payment order by currency`,
  );
  return rows.map(({ currency }) => currency);
}

/** Our time, or Stripe's latest instant where that is later: a simulated account's clock may be ahead. */
export async function booksNow(db: Queryable, now: Date): Promise<Date> {
  const { rows } = await db.query<{ at: Date | null }>(
    `select greatest((select max(at) from tenantry.figures_observation),
       (select max(at) from tenantry.figures_payment)) as at`,
  );
  const latest = rows[0]?.at;
  return latest && latest > now ? latest : now;
}

/** A product's present state, for the admin view. */
export interface Standings {
  readonly product: string;
  /** Requests for a tenant: subscriptions that reached us. */
  readonly applications: number;
  /** Not paid yet, or paid while the tenant is still being made. */
  readonly pending: number;
  /** Those whose tenant has been active. */
  readonly approved: number;
}

export async function listApplications(db: Queryable): Promise<Standings[]> {
  const { rows } = await db.query<Standings>(
    `select s.product, count(*) as applications,
       count(*) filter (where t.active_at is null and s.status in ('incomplete', 'trialing', 'active', 'past_due')) as pending,
       count(*) filter (where t.active_at is not null) as approved
     from tenantry.subscription s left join tenantry.tenant t on t.subscription_id = s.id
     where s.product is not null group by s.product`,
  );
  return rows;
}

export async function listSubscriptionCounts(
  db: Queryable,
): Promise<{ product: string; plan: string; status: string; count: number; seats: number }[]> {
  const { rows } = await db.query<{
    product: string;
    plan: string;
    status: string;
    count: number;
    seats: number;
  }>(
    `select product, plan, status, count(*), sum(coalesce(seats, 1)) as seats
     from tenantry.subscription where product is not null and plan is not null and status is not null
     group by product, plan, status order by product, plan, status`,
  );
  return rows;
}

/** Active tenants by their plan, with the sum of their volumes. */
export async function listActiveTenants(
  db: Queryable,
): Promise<{ product: string; plan: string; count: number; volumeBytes: number }[]> {
  const { rows } = await db.query<{ product: string; plan: string; count: number; volumeBytes: number }>(
    `select product, coalesce(observed_spec, desired_spec)->>'plan' as plan, count(*),
       coalesce(sum((coalesce(observed_spec, desired_spec)->>'volumeBytes')::bigint), 0)::bigint as "volumeBytes"
     from tenantry.tenant where phase = 'active' and not slot group by 1, 2`,
  );
  return rows;
}
