/** Metrics of Stripe's events that wait for an operator or a job. */
import { Gauge, type Registry } from 'prom-client';
import type { Queryable } from '../../store/database.ts';
import { countOpenAlerts } from './notices-rows.ts';
import { countWaitingEvents } from './stored-events.ts';

export function observeStripeEvents(registry: Registry, database: Queryable): void {
  new Gauge({
    name: 'tenantry_stripe_alerts_open',
    help: 'Alerts from events of Stripe that wait for an operator, by kind',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const counts = await countOpenAlerts(database);
      this.reset();
      for (const { kind, count } of counts) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'tenantry_stripe_events_waiting',
    help: 'Events of Stripe that are to be handled, and of these those that failed before',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const { fresh, failed } = await countWaitingEvents(database);
      this.set({ state: 'fresh' }, fresh);
      this.set({ state: 'failed' }, failed);
    },
  });
}
