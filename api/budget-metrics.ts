/** Metrics of tenants' budgets from the database, so every replica of the API exports the same. */
import { Gauge, type Registry } from 'prom-client';
import { alertPercents, listReachedBudgets } from '../automation/ledger/index.ts';
import type { Queryable } from '../automation/store/database.ts';

/** Most budgets of one scrape: those closest to their limit. */
const mostBudgets = 200;

/** One series for each share of this month's budget that its owner has been notified of. */
export function observeBudgets(registry: Registry, database: Queryable): void {
  new Gauge({
    name: 'tenantry_budget_reached',
    help: `Shares of this month's budget that a tenant has reached: ${alertPercents.join(', ')} percent`,
    labelNames: ['tenant', 'product', 'kind', 'percent'],
    registers: [registry],
    async collect() {
      const reached = await listReachedBudgets(database, mostBudgets);
      this.reset();
      for (const { alertedPercent, ...labels } of reached)
        for (const percent of alertPercents)
          if (percent <= alertedPercent) this.set({ ...labels, percent }, 1);
    },
  });
}
