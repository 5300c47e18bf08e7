import type { OpenedCheckout } from '../figures/conversion.ts';
import type { Receipt } from '../figures/report.ts';
import type { Segment } from '../figures/segments.ts';
import type { Queryable } from './database.ts';

/** Reads what business figures are told of. */

/** Everything that had begun by an instant; what is foreseen to end later has no end yet. */
export async function listSegments(db: Queryable, until: Date): Promise<Segment[]> {
  const { rows } = await db.query<Segment>(
    `select subscription_id as "subscriptionId", from_at as "from", case when to_at < $1 then to_at end as "to",
       standing, account, checkout_id as "checkoutId", product, plan, seats, currency, micros
     from tenantry.figures_segment where from_at < $1 order by from_at`,
    [until],
  );
  return rows;
}

/** Money of a stretch of time, with the plan that its subscription had then. */
export async function listReceipts(db: Queryable, from: Date, until: Date): Promise<Receipt[]> {
  const { rows } = await db.query<Receipt>(
    `select p.at, p.kind, p.currency, p.cents, s.product, s.plan
     from tenantry.figures_payment p
       left join tenantry.figures_payment i on i.id = p.invoice_id and i.kind = 'invoice'
       left join lateral (select product, plan from tenantry.figures_segment s
         where s.subscription_id = coalesce(p.subscription_id, i.subscription_id)
         order by s.from_at > coalesce(i.at, p.at), abs(extract(epoch from s.from_at - coalesce(i.at, p.at))) limit 1) s on true
     where p.at >= $1 and p.at < $2
       and not exists (select from tenantry.figures_credit_note_refund l
         where p.kind = 'refund' and l.refund_id = split_part(p.id, ':', 1))
     order by p.at`,
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

/** MRR and paying customers at an instant, which may be past, by plan. */
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

/** Every currency that was ever subscribed or paid in, in order. */
export async function listCurrencies(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ currency: string }>(
    `select distinct currency from tenantry.figures_segment
     union select distinct currency from tenantry.figures_payment order by currency`,
  );
  return rows.map(({ currency }) => currency);
}
