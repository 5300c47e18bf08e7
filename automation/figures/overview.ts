/** The admin view: the present state of each product. */
import { catalog, findPlan } from '../../tenants/catalog/index.ts';
import type { Queryable } from '../store/database.ts';
import { booksNow, listActiveTenants, listApplications, listSubscriptionCounts, revenueAt } from './read.ts';

export interface ProductOverview {
  readonly product: string;
  /** Subscriptions that reached us. Those that are neither pending nor approved ended before they had a tenant. */
  readonly applications: { readonly total: number; readonly pending: number; readonly approved: number };
  readonly subscriptions: readonly {
    readonly plan: string;
    readonly status: string;
    readonly count: number;
    readonly seats: number;
  }[];
  readonly mrr: readonly {
    readonly plan: string;
    readonly currency: string;
    readonly micros: number;
    readonly customers: number;
  }[];
  readonly activeTenants: number;
  /** The most that active tenants may use: the limits of one pod for each tenant, and the volumes. */
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
}

export async function overviewOf(
  db: Queryable,
  now: Date,
): Promise<{ asOf: Date; products: readonly ProductOverview[] }> {
  const asOf = await booksNow(db, now);
  const [applications, subscriptions, revenue, tenants] = [
    await listApplications(db),
    await listSubscriptionCounts(db),
    await revenueAt(db, asOf),
    await listActiveTenants(db),
  ];
  const products = catalog.map(({ id }): ProductOverview => {
    const asked = applications.find(({ product }) => product === id);
    const active = tenants.filter(({ product }) => product === id);
    const total = (of: 'cpuMillis' | 'memoryBytes') =>
      active.reduce((sum, { plan, count }) => sum + count * (findPlan(id, plan)?.compute?.[of] ?? 0), 0);
    return {
      product: id,
      applications: {
        total: asked?.applications ?? 0,
        pending: asked?.pending ?? 0,
        approved: asked?.approved ?? 0,
      },
      subscriptions: subscriptions
        .filter(({ product }) => product === id)
        .map(({ plan, status, count, seats }) => ({ plan, status, count, seats })),
      mrr: revenue
        .filter(({ product }) => product === id)
        .map(({ plan, currency, micros, customers }) => ({ plan, currency, micros, customers })),
      activeTenants: active.reduce((sum, { count }) => sum + count, 0),
      cpuMillis: total('cpuMillis'),
      memoryBytes: total('memoryBytes'),
      storageBytes: active.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0),
    };
  });
  return { asOf, products };
}
