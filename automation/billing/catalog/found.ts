/** The catalog's objects in a Stripe account, read with a handful of paged lists. */
import type Stripe from 'stripe';
import { catalogMetadata } from '../../../tenants/catalog/plan-of-price.ts';
import type { WantedCatalog } from './wanted.ts';

export interface FoundCatalog {
  readonly meters: readonly Stripe.Billing.Meter[];
  /** Including archived ones. */
  readonly products: readonly Stripe.Product[];
  /** Including archived ones. */
  readonly prices: readonly Stripe.Price[];
  readonly coupons: readonly Stripe.Coupon[];
  readonly promotionCodes: readonly Stripe.PromotionCode[];
}

/** Reads our objects. Ignores everything else in the account, so that nothing else is ever changed. */
export async function readFoundCatalog(stripe: Stripe, wanted: WantedCatalog): Promise<FoundCatalog> {
  const [meters, products, prices, coupons, promotionCodes] = await Promise.all([
    all(stripe.billing.meters.list({ limit: 100 })),
    all(stripe.products.list({ limit: 100 })),
    all(stripe.prices.list({ limit: 100 })),
    all(stripe.coupons.list({ limit: 100 })),
    all(stripe.promotionCodes.list({ limit: 100 })),
  ]);
  const names = {
    meters: keys(wanted.meters),
    products: new Set(wanted.products.map(({ id }) => id)),
    prices: keys(wanted.prices),
    coupons: keys(wanted.coupons),
    promotionCodes: keys(wanted.promotionCodes),
  };
  return {
    meters: meters.filter(({ event_name }) => names.meters.has(event_name)),
    products: products.filter(
      ({ id, metadata }) => names.products.has(id) || metadata[catalogMetadata.product],
    ),
    prices: prices.filter(
      ({ lookup_key: key, metadata }) => names.prices.has(key ?? '') || metadata[catalogMetadata.product],
    ),
    coupons: coupons.filter(({ id }) => names.coupons.has(id)),
    promotionCodes: promotionCodes.filter(
      ({ code, metadata }) =>
        names.promotionCodes.has(code) || Boolean(metadata?.[catalogMetadata.promotion]),
    ),
  };
}

const keys = (wanted: readonly { readonly key: string }[]) => new Set(wanted.map(({ key }) => key));

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}

/** Finds which of the prices a live subscription uses. */
export async function pricesInUse(stripe: Stripe, priceIds: readonly string[]): Promise<Set<string>> {
  const used = new Set<string>();
  for (const price of priceIds) {
    for await (const { status } of stripe.subscriptions.list({ price, status: 'all', limit: 100 })) {
      if (status === 'canceled' || status === 'incomplete_expired') continue;
      used.add(price);
      break;
    }
  }
  return used;
}
