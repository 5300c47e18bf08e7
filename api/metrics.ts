import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Queryable } from '../automation/store/database.ts';
import { observeBudgets } from './budget-metrics.ts';
import { observeFigures } from './figures-metrics.ts';
import { observeFleet } from './fleet-metrics.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly webhooks: Counter<'outcome'>;
  readonly webhookSeconds: Histogram;
}

/** Prometheus metrics of this process, and of the whole fleet as the database has it. */
export function createMetrics(database: Queryable): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const webhooks = new Counter({
    name: 'tenantry_webhooks_total',
    help: 'Stripe events that were verified and stored, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const webhookSeconds = new Histogram({
    name: 'tenantry_webhook_seconds',
    help: 'Time from a webhook to its commit',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers: [registry],
  });
  new Gauge({
    name: 'tenantry_tenants',
    help: 'Tenants by product and phase',
    labelNames: ['product', 'phase'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ product: string; phase: string; count: number }>(
        'select product, phase, count(*) from tenantry.tenant where not slot group by product, phase',
      );
      this.reset();
      for (const { product, phase, count } of rows) this.set({ product, phase }, count);
    },
  });
  new Gauge({
    name: 'tenantry_slots_ready',
    help: 'Warm slots that can be handed out, by product',
    labelNames: ['product'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ product: string; count: number }>(
        // Those that are being made or failed count for nothing, but say that there is a pool.
        `select product, count(*) filter (where phase = 'active') as count from tenantry.tenant
         where slot and phase <> 'deleted' group by product`,
      );
      this.reset();
      for (const { product, count } of rows) this.set({ product }, count);
    },
  });
  new Gauge({
    name: 'tenantry_backlog',
    help: 'Subscriptions to sync and tenants to converge',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<{ kind: string; count: number }>(
        `select 'subscriptions' as kind, count(*) from tenantry.subscription_mark where seq > settled_seq
         union all select 'tenants', count(*) from tenantry.tenant where observed_generation <> desired_generation`,
      );
      for (const { kind, count } of rows) this.set({ kind }, count);
    },
  });
  observeBudgets(registry, database);
  observeFleet(registry, database);
  observeFigures(registry, database);
  return { registry, webhooks, webhookSeconds };
}
