import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Queryable } from '../automation/store/database.ts';
import { countBacklog, countReadySlots, countTenants } from '../automation/store/fleet.ts';
import { observeBudgets } from './budget-metrics.ts';
import { observeFigures } from './figures-metrics.ts';
import { observeFleet } from './fleet-metrics.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly webhooks: Counter<'outcome'>;
  readonly webhookSeconds: Histogram;
}

/** Prometheus metrics of this process, and of the whole fleet from the database. */
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
      const counts = await countTenants(database);
      this.reset();
      for (const { count, ...labels } of counts) this.set(labels, count);
    },
  });
  new Gauge({
    name: 'tenantry_slots_ready',
    help: 'Warm slots that can be handed out, by product',
    labelNames: ['product'],
    registers: [registry],
    async collect() {
      const counts = await countReadySlots(database);
      this.reset();
      for (const { count, ...labels } of counts) this.set(labels, count);
    },
  });
  new Gauge({
    name: 'tenantry_backlog',
    help: 'Subscriptions to sync and tenants to converge',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      for (const { kind, count } of await countBacklog(database)) this.set({ kind }, count);
    },
  });
  observeBudgets(registry, database);
  observeFleet(registry, database);
  observeFigures(registry, database);
  return { registry, webhooks, webhookSeconds };
}
