/** The catalog, written into products, prices and meters when the simulator starts. */

import type { Product } from '../../../tenants/catalog/types.ts';
import { type Context, saveChanged } from './context.ts';
import type { MeterDoc, PriceDoc, ProductDoc } from './documents.ts';
import { stableId } from './ids.ts';
import { centsFromMicros } from './money.ts';
import { blankPrice, releaseLookupKey } from './prices.ts';
import { blankProduct } from './products.ts';

/** `tenantry:<product>:<plan>`, the key by which a plan's price is found. */
export const planPriceKey = (product: string, plan: string): string => `tenantry:${product}:${plan}`;
/** `tenantry-meter:<product>:<dimension>`; another prefix, so that it is never taken for a plan. */
export const meterPriceKey = (product: string, meter: string): string => `tenantry-meter:${product}:${meter}`;

/**
 * Brings products, prices and meters in line with the catalog; running it again changes nothing.
 * A price's amount cannot change in Stripe: a new amount makes a new price that takes over the lookup key,
 * and subscriptions on the old one keep it.
 */
export function seedCatalog(context: Context, catalog: readonly Product[]): void {
  for (const product of catalog) {
    for (const plan of product.plans) {
      const productId = stableId('product', `${product.id}:${plan.id}`);
      seedProduct(context, {
        ...blankProduct(productId, context.now()),
        name: `${product.name}: ${plan.name}`,
        description: product.description === '' ? null : product.description,
        marketing_features: plan.features.slice(0, 15).map((name) => ({ name: name.slice(0, 80) })),
        unit_label: plan.price.kind === 'perSeat' ? 'seat' : null,
        metadata: { tenantry_product: product.id, tenantry_plan: plan.id },
      });
      if (plan.price.kind === 'custom') continue;
      const key = planPriceKey(product.id, plan.id);
      const cents = plan.price.priceCents;
      seedPrice(context, {
        ...blankPrice(stableId('price', `${key}:${cents}`), productId, context.now()),
        lookup_key: key,
        nickname: plan.name,
        unit_amount: cents,
        unit_amount_decimal: String(cents),
        metadata: { tenantry_product: product.id, tenantry_plan: plan.id, tenantry_per: plan.price.kind },
      });
    }
    for (const dimension of product.meters) {
      const meter = seedMeter(context, dimension.id, dimension.name);
      if (dimension.unitPriceMicros === null) continue;
      const productId = stableId('product', `${product.id}:meter:${dimension.id}`);
      const key = meterPriceKey(product.id, dimension.id);
      const labels = { tenantry_product: product.id, tenantry_meter: dimension.id };
      seedProduct(context, {
        ...blankProduct(productId, context.now()),
        name: `${product.name}: ${dimension.name}`,
        unit_label: dimension.unit.slice(0, 12),
        metadata: labels,
      });
      const unit = centsFromMicros(dimension.unitPriceMicros);
      seedPrice(context, {
        ...blankPrice(stableId('price', `${key}:${unit}`), productId, context.now()),
        lookup_key: key,
        nickname: dimension.name,
        unit_amount: unit.includes('.') ? null : Number(unit),
        unit_amount_decimal: unit,
        recurring: {
          interval: 'month',
          interval_count: 1,
          meter: meter.id,
          trial_period_days: null,
          usage_type: 'metered',
        },
        metadata: labels,
      });
    }
  }
}

function seedProduct(context: Context, wanted: ProductDoc): void {
  const present = context.store.get('product', wanted.id);
  if (!present) {
    context.store.put('product', wanted);
    context.emit('product.created', wanted);
    return;
  }
  const { created, updated } = present;
  const after = { ...wanted, default_price: present.default_price, created, updated };
  saveChanged(context, 'product', present, after, 'product.updated');
}

function seedPrice(context: Context, wanted: PriceDoc): void {
  const present = context.store.get('price', wanted.id);
  if (present?.lookup_key === wanted.lookup_key && present.active) return;
  releaseLookupKey(context, wanted.lookup_key, true);
  const after = present ? { ...present, active: true, lookup_key: wanted.lookup_key } : wanted;
  context.store.put('price', after);
  context.emit(present ? 'price.updated' : 'price.created', after);
  const product = context.store.get('product', wanted.product);
  if (product) context.store.put('product', { ...product, default_price: wanted.id });
}

function seedMeter(context: Context, eventName: string, displayName: string): MeterDoc {
  const present = context.store.all('meter', { keyIn: [eventName] })[0];
  if (present) return present;
  const meter: MeterDoc = {
    id: stableId('meter', eventName),
    object: 'billing.meter',
    created: context.now(),
    customer_mapping: { event_payload_key: 'stripe_customer_id', type: 'by_id' },
    default_aggregation: { formula: 'sum' },
    display_name: displayName,
    event_name: eventName,
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
