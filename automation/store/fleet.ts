import { onlyRow, type Queryable } from './database.ts';

/** Counts over all tenants and subscriptions, for metrics. */

interface OfPlan {
  readonly product: string;
  readonly plan: string;
}

export interface SubscriptionCount extends OfPlan {
  readonly status: string;
  readonly count: number;
  readonly seats: number;
}

export async function countSubscriptions(db: Queryable): Promise<SubscriptionCount[]> {
  const { rows } = await db.query<SubscriptionCount>(
    `select product, plan, status, count(*), sum(coalesce(seats, 1)) as seats
     from tenantry.subscription where product is not null and plan is not null and status is not null
     group by product, plan, status`,
  );
  return rows;
}

/** Counts subscriptions whose last fetch from Stripe failed. */
export async function countFailingSyncs(db: Queryable): Promise<number> {
  const row = onlyRow(
    await db.query<{ count: number }>('select count(*) from tenantry.subscription where attempts > 0'),
  );
  return row.count;
}

/** Lists cancelled subscriptions that end within a number of days, soonest first. `endsAt` is in seconds since 1970. */
export async function listEndingSubscriptions(
  db: Queryable,
  withinDays: number,
  limit: number,
): Promise<(OfPlan & { readonly tenant: string; readonly endsAt: number })[]> {
  const { rows } = await db.query<OfPlan & { tenant: string; endsAt: number }>(
    `select t.id as tenant, s.product, s.plan, extract(epoch from s.current_period_end)::float8 as "endsAt"
     from tenantry.subscription s join tenantry.tenant t on t.subscription_id = s.id
     where s.cancel_at_period_end and s.status in ('active', 'trialing', 'past_due')
       and s.current_period_end between now() and now() + make_interval(days => $1)
     order by s.current_period_end limit $2`,
    [withinDays, limit],
  );
  return rows;
}

/** Lists the failed tries of tenants that differ from their desired state, oldest change first. */
export async function listUnconvergedAttempts(
  db: Queryable,
  limit: number,
): Promise<{ readonly tenant: string; readonly product: string; readonly attempts: number }[]> {
  const { rows } = await db.query<{ tenant: string; product: string; attempts: number }>(
    `select id as tenant, product, attempts from tenantry.tenant
     where observed_generation <> desired_generation order by updated_at limit $1`,
    [limit],
  );
  return rows;
}

export async function countTenants(
  db: Queryable,
): Promise<{ readonly product: string; readonly phase: string; readonly count: number }[]> {
  const { rows } = await db.query<{ product: string; phase: string; count: number }>(
    'select product, phase, count(*) from tenantry.tenant where not slot group by product, phase',
  );
  return rows;
}

/** Counts the slots that a customer could get, 0 for a pool whose slots are all in the making or failed. */
export async function countReadySlots(
  db: Queryable,
): Promise<{ readonly product: string; readonly count: number }[]> {
  const { rows } = await db.query<{ product: string; count: number }>(
    `select product, count(*) filter (where phase = 'active') as count from tenantry.tenant
     where slot and phase <> 'deleted' group by product`,
  );
  return rows;
}

/** Counts subscriptions to sync and tenants to converge. */
export async function countBacklog(
  db: Queryable,
): Promise<{ readonly kind: 'subscriptions' | 'tenants'; readonly count: number }[]> {
  const { rows } = await db.query<{ kind: 'subscriptions' | 'tenants'; count: number }>(
    `select 'subscriptions' as kind, count(*) from tenantry.subscription_mark where seq > settled_seq
     union all select 'tenants', count(*) from tenantry.tenant where observed_generation <> desired_generation`,
  );
  return rows;
}
