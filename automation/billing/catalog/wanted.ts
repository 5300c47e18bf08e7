/** What Stripe should have: meters, products, prices, coupons and promotion codes. Pure. */

import { planLookupKey } from '../../../tenants/catalog/index.ts';
import { catalogMetadata } from '../../../tenants/catalog/plan-of-price.ts';
import type { Promotion } from '../../../tenants/catalog/promotions.ts';
import type { MeteredDimension, Plan, Product } from '../../../tenants/catalog/types.ts';

/** `tenantry-meter:<product>:<dimension>`, with a prefix of its own so that it cannot pass for a plan. */
export const meterLookupKey = (product: string, meter: string): string =>
  `tenantry-meter:${product}:${meter}`;

export interface WantedMeter {
  /** The name of its events. */
  readonly key: string;
  readonly name: string;
}

export interface WantedProduct {
  /** `<product>:<plan>` or `<product>:meter:<dimension>`. */
  readonly key: string;
  /** The id that we create it with. A product that was made otherwise is recognised by its metadata. */
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly features: readonly string[];
  readonly unitLabel: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WantedPrice {
  /** The lookup key. */
  readonly key: string;
  readonly product: string;
  readonly nickname: string;
  /** US cents for one unit (in a month), as a decimal string: 500 micro-dollars are `0.05`. */
  readonly cents: string;
  /** The meter whose events it charges for; null for a price that is paid in advance. */
  readonly meter: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WantedCoupon {
  /** Contains the coupon's terms, because these cannot change: other terms need another coupon. */
  readonly key: string;
  readonly name: string;
  readonly percentOff: number;
  readonly months: number | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WantedPromotionCode {
  readonly key: string;
  readonly coupon: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WantedCatalog {
  readonly meters: readonly WantedMeter[];
  readonly products: readonly WantedProduct[];
  readonly prices: readonly WantedPrice[];
  readonly coupons: readonly WantedCoupon[];
  readonly promotionCodes: readonly WantedPromotionCode[];
}

/** Stripe's limits on a product's features, their characters, and the characters of a unit's label. */
const maxFeatures = 15;
const maxFeatureLength = 80;
const maxUnitLength = 12;

export function wantedCatalog(
  catalog: readonly Product[],
  promotions: readonly Promotion[] = [],
): WantedCatalog {
  const dimensions = catalog.flatMap((product) => product.meters.map((meter) => ({ product, meter })));
  const charged = dimensions.filter(({ meter }) => meter.unitPriceMicros !== null);
  const plans = catalog.flatMap((product) => product.plans.map((plan) => ({ product, plan })));
  return {
    meters: dimensions.map(({ meter }) => ({ key: meter.id, name: meter.name })),
    products: [
      ...plans.map(({ product, plan }) => planProduct(product, plan)),
      ...charged.map(({ product, meter }) => meterProduct(product, meter)),
    ],
    prices: [
      ...plans.flatMap(({ product, plan }) => planPrice(product, plan) ?? []),
      ...charged.flatMap(({ product, meter }) => meterPrice(product, meter) ?? []),
    ],
    coupons: promotions.map(coupon),
    promotionCodes: promotions.map((promotion) => ({
      key: promotion.code,
      coupon: couponId(promotion),
      metadata: { [catalogMetadata.promotion]: promotion.id },
    })),
  };
}

function planProduct(product: Product, plan: Plan): WantedProduct {
  return {
    key: `${product.id}:${plan.id}`,
    id: `tenantry_${product.id}_${plan.id}`,
    name: `${product.name}: ${plan.name}`,
    description: product.description === '' ? null : product.description,
    features: plan.features.slice(0, maxFeatures).map((name) => name.slice(0, maxFeatureLength)),
    unitLabel: plan.price.kind === 'perSeat' ? 'seat' : null,
    metadata: { [catalogMetadata.product]: product.id, [catalogMetadata.plan]: plan.id },
  };
}

function meterProduct(product: Product, meter: MeteredDimension): WantedProduct {
  return {
    key: `${product.id}:meter:${meter.id}`,
    id: `tenantry_${product.id}_meter_${meter.id}`,
    name: `${product.name}: ${meter.name}`,
    description: null,
    features: [],
    unitLabel: meter.unit.slice(0, maxUnitLength),
    metadata: { [catalogMetadata.product]: product.id, [catalogMetadata.meter]: meter.id },
  };
}

/** Null for a plan whose prices are agreed by hand. */
function planPrice(product: Product, plan: Plan): WantedPrice | null {
  if (plan.price.kind === 'custom') return null;
  return {
    key: planLookupKey(product.id, plan.id),
    product: `${product.id}:${plan.id}`,
    nickname: plan.name,
    cents: String(plan.price.priceCents),
    meter: null,
    metadata: {
      [catalogMetadata.product]: product.id,
      [catalogMetadata.plan]: plan.id,
      [catalogMetadata.per]: plan.price.kind,
    },
  };
}

function meterPrice(product: Product, meter: MeteredDimension): WantedPrice | null {
  if (meter.unitPriceMicros === null) return null;
  return {
    key: meterLookupKey(product.id, meter.id),
    product: `${product.id}:meter:${meter.id}`,
    nickname: meter.name,
    cents: centsFromMicros(meter.unitPriceMicros),
    meter: meter.id,
    metadata: { [catalogMetadata.product]: product.id, [catalogMetadata.meter]: meter.id },
  };
}

function coupon(promotion: Promotion): WantedCoupon {
  return {
    key: couponId(promotion),
    name: promotion.name,
    percentOff: promotion.discountBasisPoints / 100,
    months: promotion.months,
    metadata: { [catalogMetadata.promotion]: promotion.id },
  };
}

function couponId({ id, discountBasisPoints, months }: Promotion): string {
  return `tenantry_${id}_${discountBasisPoints}_${months === null ? 'forever' : `${months}m`}`;
}

/** Micro-dollars as a decimal number of cents, without trailing zeros. */
export function centsFromMicros(micros: number): string {
  const whole = Math.trunc(micros / 10_000);
  const rest = String(Math.abs(micros % 10_000))
    .padStart(4, '0')
    .replace(/0+$/, '');
  return rest === '' ? String(whole) : `${whole}.${rest}`;
}
