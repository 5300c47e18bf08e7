/** Metrics of the whole fleet from the database, so every replica of the API exports the same. */
import { Gauge, type Registry } from 'prom-client';
import { countHealth, type HealthCount } from '../automation/health/index.ts';
import type { Queryable } from '../automation/store/database.ts';
import {
  countFailingSyncs,
  countSubscriptions,
  listEndingSubscriptions,
  listUnconvergedAttempts,
  type SubscriptionCount,
} from '../automation/store/fleet.ts';

/** How far ahead ends of subscriptions are reported. */
const endsWithinDays = 7;
/** Most series of one scrape: more are one problem, not hundreds. */
const mostSeries = 500;

/** Statuses in which Stripe charges for a subscription. */
const paying: ReadonlySet<string> = new Set(['active', 'past_due']);

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
      const ending = await listEndingSubscriptions(database, endsWithinDays, mostSeries);
      this.reset();
      for (const { endsAt, ...labels } of ending) this.set(labels, endsAt);
    },
  });
  new Gauge({
    name: 'tenantry_tenant_unconverged_attempts',
    help: 'Failed tries so far of tenants that are not what they should be, the oldest ones',
    labelNames: ['tenant', 'product'],
    registers: [registry],
    async collect() {
      const unconverged = await listUnconvergedAttempts(database, mostSeries);
      this.reset();
      for (const { attempts, ...labels } of unconverged) this.set(labels, attempts);
    },
  });
  observeHealth(registry, database);
  new Gauge({
    name: 'tenantry_subscription_syncs_failing',
    help: 'Subscriptions whose last fetch from Stripe failed',
    registers: [registry],
    async collect() {
      this.set(await countFailingSyncs(database));
    },
  });
}

/** What runs of the tenants that are provisioned. */
function observeHealth(registry: Registry, database: Queryable): void {
  let asked: Promise<readonly HealthCount[]> | undefined;
  const counts = () => {
    asked ??= countHealth(database).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const labelNames = ['product', 'plan', 'cell', 'health'];
  new Gauge({
    name: 'tenantry_tenant_health',
    help: 'Provisioned tenants by what runs of them; unknown where nobody watches the cell',
    labelNames,
    registers: [registry],
    async collect() {
      const rows = await counts();
      this.reset();
      for (const { product, plan, cell, state, count } of rows)
        this.set({ product, plan, cell, health: state }, count);
    },
  });
  new Gauge({
    name: 'tenantry_tenant_not_running_seconds',
    help: 'How long the longest of the provisioned tenants has had fewer pods ready than wanted, by why',
    labelNames,
    registers: [registry],
    async collect() {
      const rows = await counts();
      this.reset();
      for (const { product, plan, cell, state, notRunningSeconds } of rows)
        if (notRunningSeconds > 0 && state !== 'unknown')
          this.set({ product, plan, cell, health: state }, notRunningSeconds);
    },
  });
}
