/** Metrics of the whole fleet from the database; every replica of the API exports the same. */
import { Gauge, type Registry } from 'prom-client';
import type { Queryable } from '../automation/store/database.ts';

/** Later ends of subscriptions are not reported. */
const endsWithinDays = 7;
/** Most series of one scrape: more than this is one problem, not hundreds. */
const mostSeries = 500;

/** Statuses in which Stripe charges for a subscription. */
const paying: ReadonlySet<string> = new Set(['active', 'past_due']);

interface SubscriptionCount {
  readonly product: string;
  readonly plan: string;
  readonly status: string;
  readonly count: number;
  readonly seats: number;
}

/** Subscriptions by plan, imminent ends, and stuck ones; `figures-metrics.ts` reports what they bring. */
export function observeFleet(registry: Registry, database: Queryable): void {
  let asked: Promise<readonly SubscriptionCount[]> | undefined;
  /** One query for all gauges of a scrape. */
  const subscriptions = () => {
    asked ??= countSubscriptions(database).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  new Gauge({
    name: 'tenantry_subscriptions',
    help: 'Subscriptions by product, plan and status',
    labelNames: ['product', 'plan', 'status'],
    registers: [registry],
    async collect() {
      const rows = await subscriptions();
      this.reset();
      for (const { product, plan, status, count } of rows) this.set({ product, plan, status }, count);
    },
  });
  new Gauge({
    name: 'tenantry_subscription_seats',
    help: 'Seats of paying subscriptions',
    labelNames: ['product', 'plan'],
    registers: [registry],
    async collect() {
      const rows = await subscriptions();
      this.reset();
      for (const { product, plan, status, seats } of rows)
        if (paying.has(status)) this.inc({ product, plan }, seats);
    },
  });
  new Gauge({
    name: 'tenantry_subscription_end_timestamp_seconds',
    help: `When cancelled subscriptions end, of those that end within ${endsWithinDays} days`,
    labelNames: ['tenant', 'product', 'plan'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ tenant: string; product: string; plan: string; at: number }>(
        `select t.id as tenant, s.product, s.plan, extract(epoch from s.current_period_end)::float8 as at
         from tenantry.subscription s join tenantry.tenant t on t.subscription_id = s.id
         where s.cancel_at_period_end and s.status in ('active', 'trialing', 'past_due')
           and s.current_period_end between now() and now() + make_interval(days => ${endsWithinDays})
         order by s.current_period_end limit ${mostSeries}`,
      );
      this.reset();
      for (const { tenant, product, plan, at } of rows) this.set({ tenant, product, plan }, at);
    },
  });
  new Gauge({
    name: 'tenantry_tenant_unconverged_attempts',
    help: 'Failed tries so far of tenants that are not what they should be, the oldest ones',
    labelNames: ['tenant', 'product'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ tenant: string; product: string; attempts: number }>(
        `select id as tenant, product, attempts from tenantry.tenant
         where observed_generation <> desired_generation order by updated_at limit ${mostSeries}`,
      );
      this.reset();
      for (const { tenant, product, attempts } of rows) this.set({ tenant, product }, attempts);
    },
  });
  new Gauge({
    name: 'tenantry_subscription_syncs_failing',
    help: 'Subscriptions whose last fetch from Stripe failed',
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ count: number }>(
        'select count(*) from tenantry.subscription where attempts > 0',
      );
      this.set(rows[0]?.count ?? 0);
    },
  });
}

async function countSubscriptions(database: Queryable): Promise<readonly SubscriptionCount[]> {
  const { rows } = await database.query<SubscriptionCount>(
    `select product, plan, status, count(*), sum(coalesce(seats, 1)) as seats
     from tenantry.subscription where product is not null and plan is not null and status is not null
     group by product, plan, status`,
  );
  return rows;
}
