/**
 * Business figures as Prometheus metrics, from the database, so every replica of the API exports the same.
 * docs/business-figures.md defines them.
 */
import { Gauge, type Registry } from 'prom-client';
import {
  askFigures,
  booksNow,
  type FiguresRow,
  lastDays,
  listCurrencies,
  microsPerCent,
  movementKinds,
  type PlanRevenue,
  revenueAt,
} from '../automation/figures/index.ts';
import type { Queryable } from '../automation/store/database.ts';

/** How long figures from whole histories are cached. MRR takes one indexed query and is not. */
const keptMs = 5 * 60_000;

interface ProductFigures {
  readonly currency: string;
  readonly row: FiguresRow;
}

/** Present MRR and customers, and figures of the last 30 days, by product and (where they add up) by plan. */
export function observeFigures(
  registry: Registry,
  database: Queryable,
  now: () => Date = () => new Date(),
): void {
  const current = shared(0, async () => revenueAt(database, await booksNow(database, now())));
  const month = shared(keptMs, async (): Promise<readonly ProductFigures[]> => {
    const found: ProductFigures[] = [];
    const asOf = await booksNow(database, now());
    for (const currency of await listCurrencies(database)) {
      const { rows } = await askFigures(database, { ...lastDays(asOf), by: 'product', currency }, asOf);
      found.push(...rows.map((row) => ({ currency, row })));
    }
    return found;
  });

  const ofPlan = (name: string, help: string, value: (plan: PlanRevenue) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['product', 'plan', 'currency'],
      registers: [registry],
      async collect() {
        const plans = await current();
        this.reset();
        for (const plan of plans)
          this.set({ product: plan.product, plan: plan.plan, currency: plan.currency }, value(plan));
      },
    });
  ofPlan('tenantry_mrr_cents', 'Monthly recurring revenue', ({ micros }) => micros / microsPerCent);
  ofPlan('tenantry_paying_customers', 'Customers who count into MRR', ({ customers }) => customers);

  const ofProduct = (name: string, help: string, value: (row: FiguresRow) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['product', 'currency'],
      registers: [registry],
      async collect() {
        const found = await month();
        this.reset();
        for (const { currency, row } of found) {
          const figure = value(row);
          if (figure !== null) this.set({ product: row.product ?? '', currency }, figure);
        }
      },
    });
  ofProduct(
    'tenantry_customer_churn_ratio_30d',
    'Customers lost in 30 days, of those at their start',
    (row) => row.logoChurnRate,
  );
  ofProduct(
    'tenantry_revenue_churn_ratio_30d',
    'MRR lost by churn and contraction in 30 days, of that at their start',
    (row) => row.revenueChurnRate,
  );
  ofProduct('tenantry_ltv_cents', 'What a customer brings before leaving, at the churn of 30 days', (row) =>
    row.ltvMicros === null ? null : row.ltvMicros / microsPerCent,
  );
  ofProduct(
    'tenantry_revenue_cents_30d',
    'Paid in 30 days, less credit notes and refunds',
    (row) => row.revenueCents,
  );
  ofProduct('tenantry_customers_lost_30d', 'Customers lost in 30 days', (row) => row.lostCustomers);
  ofProduct(
    'tenantry_customers_30d_ago',
    'Customers who counted into MRR 30 days ago',
    (row) => row.openingCustomers,
  );
  const ofKinds = <Kind extends string>(
    name: string,
    help: string,
    kinds: readonly Kind[],
    value: (row: FiguresRow, kind: Kind) => number | null,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['product', 'kind', 'currency'],
      registers: [registry],
      async collect() {
        const found = await month();
        this.reset();
        for (const { currency, row } of found)
          for (const kind of kinds) {
            const figure = value(row, kind);
            if (figure !== null) this.set({ product: row.product ?? '', kind, currency }, figure);
          }
      },
    });
  ofKinds(
    'tenantry_mrr_movement_cents_30d',
    'What moved MRR in 30 days; churn and contraction are below zero',
    movementKinds.filter((kind) => kind !== 'moved'),
    (row, kind) => row.movementsMicros[kind] / microsPerCent,
  );
  ofKinds(
    'tenantry_conversion_ratio_30d',
    'Of the chances of 30 days (trials that ended, free plans begun, checkouts opened), those that were paid',
    ['trial', 'free', 'checkout'] as const,
    (row, kind) => row.conversions[kind].rate,
  );
}

/** Shares one answer between all who ask during its computation and for this long afterwards. */
function shared<T>(keepMs: number, find: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= find().then(
      (found) => {
        if (keepMs > 0) setTimeout(forget, keepMs).unref();
        else forget();
        return found;
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    return answer;
  };
  function forget(): void {
    answer = undefined;
  }
}
