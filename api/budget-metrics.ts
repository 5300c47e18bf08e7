/** Metrics of tenants' budgets from the database; every replica of the API exports the same. */
import { Gauge, type Registry } from 'prom-client';
import { alertPercents } from '../automation/ledger/index.ts';
import type { Queryable } from '../automation/store/database.ts';

/** Most budgets of one scrape: the ones closest to their limit. */
const mostBudgets = 200;

interface Reached {
  readonly tenant: string;
  readonly product: string;
  readonly kind: string;
  /** The highest share that the owner was notified of. */
  readonly told: number;
}

/** Each share of this month's budget that a tenant has reached: one series for each that its owner hears about. */
export function observeBudgets(registry: Registry, database: Queryable): void {
  new Gauge({
    name: 'tenantry_budget_reached',
    help: `Shares of this month's budget that a tenant has reached: ${alertPercents.join(', ')} percent`,
    labelNames: ['tenant', 'product', 'kind', 'percent'],
    registers: [registry],
    async collect() {
      const { rows } = await database.query<Reached>(
        `select t.id as tenant, t.product, m.kind, m.alerted_percent as told
         from tenantry.budget_month m join tenantry.tenant t on t.id = m.tenant_id
         where m.month = date_trunc('month', now() at time zone 'utc')::date
           and m.alerted_percent > 0 and t.phase <> 'deleted'
         order by m.alerted_percent desc, t.id limit ${mostBudgets}`,
      );
      this.reset();
      for (const { told, ...labels } of rows)
        for (const percent of alertPercents) if (percent <= told) this.set({ ...labels, percent }, 1);
    },
  });
}
