/** The mix of plans and each plan's typical tenant, from the catalog. */
import { catalog, type Plan, type Product, type TypicalMonth } from '../../tenants/catalog/index.ts';

export interface TypicalTenant {
  readonly product: Product;
  readonly plan: Plan;
  readonly usage: TypicalMonth;
  /** Share of all tenants; the shares add up to 10,000. */
  readonly shareBasisPoints: number;
}

/** Every plan with its typical tenant. */
export function typicalTenants(products: readonly Product[] = catalog): readonly TypicalTenant[] {
  const plans = products.flatMap((product) => product.plans.map((plan) => ({ product, plan })));
  const all = plans.reduce((sum, { plan }) => sum + plan.typicalMonth.share, 0);
  return plans.map(({ product, plan }) => ({
    product,
    plan,
    usage: plan.typicalMonth,
    shareBasisPoints: (plan.typicalMonth.share * 10_000) / all,
  }));
}
