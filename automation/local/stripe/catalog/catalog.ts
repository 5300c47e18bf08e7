/** The catalog, written into products, prices, meters and coupons when the simulator starts. */

import type {
  WantedCatalog,
  WantedMeter,
  WantedPrice,
  WantedProduct,
} from '../../../billing/catalog/index.ts';
import { type Context, saveChanged } from '../context.ts';
import type { MeterDoc, PriceDoc, ProductDoc } from '../documents.ts';
import { stableId } from '../ids.ts';
import { makeCoupon, makePromotionCode } from './coupons.ts';
import { blankPrice, releaseLookupKey } from './prices.ts';
import { blankProduct } from './products.ts';

/**
 * Brings products, prices and meters in line with the catalog; running it again changes nothing.
 * A price's amount cannot change in Stripe: a new amount makes a new price that takes over the lookup key,
 * and subscriptions on the old one keep it.
 */
export function seedCatalog(context: Context, catalog: WantedCatalog): void {
  const meters = new Map(catalog.meters.map((meter) => [meter.key, seedMeter(context, meter).id]));
  for (const product of catalog.products) seedProduct(context, product);
  for (const price of catalog.prices) seedPrice(context, price, meters);
  for (const coupon of catalog.coupons) {
    if (context.store.get('coupon', coupon.key)) continue;
    makeCoupon(context, {
      id: coupon.key,
      name: coupon.name,
      percentOff: coupon.percentOff,
      amountOff: null,
      duration: coupon.months === null ? 'forever' : 'repeating',
      months: coupon.months,
      maxRedemptions: null,
      redeemBy: null,
      metadata: { ...coupon.metadata },
    });
  }
  for (const { key: code, coupon, metadata } of catalog.promotionCodes) {
    const id = stableId('promotion_code', `${code}:${coupon}`);
    if (context.store.get('promotion_code', id)) continue;
    const open = { active: true, customer: null, expiresAt: null, maxRedemptions: null };
    makePromotionCode(context, { ...open, id, code, coupon, metadata: { ...metadata } });
  }
}

const productIdOf = (key: string): string => stableId('product', key);

function seedProduct(context: Context, wanted: WantedProduct): void {
  const product: ProductDoc = {
    ...blankProduct(productIdOf(wanted.key), context.now()),
    name: wanted.name,
    description: wanted.description,
    marketing_features: wanted.features.map((name) => ({ name })),
    unit_label: wanted.unitLabel,
    metadata: { ...wanted.metadata },
  };
  const present = context.store.get('product', product.id);
  if (!present) {
    context.store.put('product', product);
    context.emit('product.created', product);
    return;
  }
  const { created, updated } = present;
  const after = { ...product, default_price: present.default_price, created, updated };
  saveChanged(context, 'product', present, after, 'product.updated');
}

function seedPrice(context: Context, wanted: WantedPrice, meters: ReadonlyMap<string, string>): void {
  const productId = productIdOf(wanted.product);
  const blank = blankPrice(stableId('price', `${wanted.key}:${wanted.cents}`), productId, context.now());
  const price: PriceDoc = {
    ...blank,
    lookup_key: wanted.key,
    nickname: wanted.nickname,
    unit_amount: wanted.cents.includes('.') ? null : Number(wanted.cents),
    unit_amount_decimal: wanted.cents,
    recurring: {
      interval: 'month',
      interval_count: 1,
      meter: wanted.meter === null ? null : (meters.get(wanted.meter) ?? null),
      trial_period_days: null,
      usage_type: wanted.meter === null ? 'licensed' : 'metered',
    },
    metadata: { ...wanted.metadata },
  };
  const present = context.store.get('price', price.id);
  if (present?.lookup_key === price.lookup_key && present.active) return;
  releaseLookupKey(context, price.lookup_key, true);
  const after = present ? { ...present, active: true, lookup_key: price.lookup_key } : price;
  context.store.put('price', after);
  context.emit(present ? 'price.updated' : 'price.created', after);
  const product = context.store.get('product', price.product);
  if (product) context.store.put('product', { ...product, default_price: price.id });
}

function seedMeter(context: Context, { key, name }: WantedMeter): MeterDoc {
  const present = context.store.all('meter', { keyIn: [key] })[0];
  if (present) return present;
  const meter: MeterDoc = {
    id: stableId('meter', key),
    object: 'billing.meter',
    created: context.now(),
    customer_mapping: { event_payload_key: 'stripe_customer_id', type: 'by_id' },
    default_aggregation: { formula: 'sum' },
    display_name: name,
    event_name: key,
    event_time_window: null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: context.now(),
    value_settings: { event_payload_key: 'value' },
  };
  context.store.put('meter', meter);
  context.emit('billing.meter.created', meter);
  return meter;
}
