/** Makes the catalog's changes in Stripe, one request each. Each is safe to repeat. */
import { createHash } from 'node:crypto';
import { Stripe } from 'stripe';
import { type CatalogChange, productIdOf } from './difference.ts';
import type { FoundCatalog } from './found.ts';
import type { WantedCatalog, WantedPrice, WantedProduct } from './wanted.ts';

export interface ApplyOptions {
  readonly stripe: Stripe;
  readonly wanted: WantedCatalog;
  readonly found: FoundCatalog;
  readonly onChange: (change: CatalogChange) => void;
}

/**
 * Makes the changes in order. Puts a new price on sale before it archives the old one, so that a plan always has a price.
 */
export async function applyChanges(
  changes: readonly CatalogChange[],
  { stripe, wanted, found, onChange }: ApplyOptions,
): Promise<void> {
  const meterIds = new Map(
    [...found.meters]
      .sort((a, b) => Number(a.status === 'active') - Number(b.status === 'active'))
      .map(({ event_name, id }) => [event_name, id]),
  );
  const priceIds = new Map(
    found.prices.flatMap(({ lookup_key: key, id }) => (key === null ? [] : [[key, id]])),
  );
  const work = { stripe, wanted, found, meterIds, priceIds };
  for (const change of changes) {
    await makers[change.kind](work, change);
    onChange(change);
  }
}

interface Work {
  readonly stripe: Stripe;
  readonly wanted: WantedCatalog;
  readonly found: FoundCatalog;
  /** By event name, including those just made. */
  readonly meterIds: Map<string, string>;
  /** By lookup key, including those just made. */
  readonly priceIds: Map<string, string>;
}

const makers: Record<CatalogChange['kind'], (work: Work, change: CatalogChange) => Promise<void>> = {
  meter: applyMeter,
  product: applyProduct,
  price: applyPrice,
  coupon: applyCoupon,
  promotionCode: applyPromotionCode,
};

async function applyMeter({ stripe, wanted, meterIds }: Work, change: CatalogChange): Promise<void> {
  const { name } = oneOf(wanted.meters, change.key);
  if (change.id === null) {
    const meter = await stripe.billing.meters.create(
      {
        event_name: change.key,
        display_name: name,
        default_aggregation: { formula: 'sum' },
        customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
        value_settings: { event_payload_key: 'value' },
      },
      onlyOnce('meter', change),
    );
    meterIds.set(change.key, meter.id);
    return;
  }
  if (touches(change, 'active')) await stripe.billing.meters.reactivate(change.id);
  if (touches(change, 'name')) await stripe.billing.meters.update(change.id, { display_name: name });
}

async function applyProduct({ stripe, wanted, found, priceIds }: Work, change: CatalogChange): Promise<void> {
  if (change.action === 'archive') {
    await stripe.products.update(idOf(change), { active: false });
    return;
  }
  const product = oneOf(wanted.products, change.key);
  if (touches(change, 'defaultPrice')) {
    const price = wanted.prices.find((one) => one.product === product.key);
    const id = priceIds.get(price?.key ?? '');
    if (!price || id === undefined) throw new Error(`${product.key} has no price that could be its default`);
    await stripe.products.update(productIdOf(price, wanted, found), { default_price: id });
    return;
  }
  if (change.id !== null) {
    await stripe.products.update(change.id, { ...productFields(product), active: true });
    return;
  }
  // With an id of our choice, two processes that create it at once make one product.
  await stripe.products
    .create({ ...creatable(product), id: product.id, metadata: { ...product.metadata } })
    .catch((error: unknown) => {
      if (!isTaken(error)) throw error;
    });
}

function productFields(product: WantedProduct): Stripe.ProductUpdateParams {
  return {
    name: product.name,
    description: product.description ?? '',
    marketing_features: product.features.length === 0 ? '' : product.features.map((name) => ({ name })),
    unit_label: product.unitLabel ?? '',
    metadata: { ...product.metadata },
  };
}

function creatable({ name, description, features, unitLabel }: WantedProduct): Stripe.ProductCreateParams {
  return {
    name,
    ...(description !== null && { description }),
    ...(features.length > 0 && { marketing_features: features.map((feature) => ({ name: feature })) }),
    ...(unitLabel !== null && { unit_label: unitLabel }),
  };
}

async function applyPrice(work: Work, change: CatalogChange): Promise<void> {
  const { stripe, wanted, priceIds } = work;
  if (change.action === 'archive') {
    await stripe.prices.update(idOf(change), { active: false });
    return;
  }
  const price = oneOf(wanted.prices, change.key);
  if (change.action === 'update') {
    const id = idOf(change);
    await stripe.prices.update(id, {
      active: true,
      nickname: price.nickname,
      metadata: { ...price.metadata },
      ...(touches(change, 'lookupKey') && { lookup_key: price.key, transfer_lookup_key: true }),
    });
    priceIds.set(price.key, id);
    return;
  }
  const made = await stripe.prices.create(priceParams(work, price), onlyOnce('price', change, price.cents));
  priceIds.set(price.key, made.id);
}

function priceParams({ wanted, found, meterIds }: Work, price: WantedPrice): Stripe.PriceCreateParams {
  const whole = !price.cents.includes('.');
  const meter = price.meter === null ? null : meterIds.get(price.meter);
  if (meter === undefined) throw new Error(`Stripe has no meter ${price.meter}`);
  return {
    currency: 'usd',
    product: productIdOf(price, wanted, found),
    ...(whole
      ? { unit_amount: Number(price.cents) }
      : { unit_amount_decimal: Stripe.Decimal.from(price.cents) }),
    recurring: {
      interval: 'month',
      ...(meter === null ? { usage_type: 'licensed' } : { usage_type: 'metered', meter }),
    },
    lookup_key: price.key,
    transfer_lookup_key: true,
    nickname: price.nickname,
    metadata: { ...price.metadata },
  };
}

async function applyCoupon({ stripe, wanted }: Work, change: CatalogChange): Promise<void> {
  const { key, name, percentOff, months, metadata } = oneOf(wanted.coupons, change.key);
  if (change.id !== null) {
    await stripe.coupons.update(change.id, { name, metadata: { ...metadata } });
    return;
  }
  await stripe.coupons
    .create({
      id: key,
      name,
      percent_off: percentOff,
      ...(months === null ? { duration: 'forever' } : { duration: 'repeating', duration_in_months: months }),
      metadata: { ...metadata },
    })
    .catch((error: unknown) => {
      if (!isTaken(error)) throw error;
    });
}

async function applyPromotionCode({ stripe, wanted }: Work, change: CatalogChange): Promise<void> {
  if (change.action === 'archive') {
    await stripe.promotionCodes.update(idOf(change), { active: false });
    return;
  }
  const { key, coupon, metadata } = oneOf(wanted.promotionCodes, change.key);
  if (change.id !== null) {
    await stripe.promotionCodes.update(change.id, { active: true, metadata: { ...metadata } });
    return;
  }
  await stripe.promotionCodes.create(
    { promotion: { type: 'coupon', coupon }, code: key, metadata: { ...metadata } },
    onlyOnce('promotion', change, coupon),
  );
}

/**
 * The idempotency key, by which Stripe takes two requests for one, for about a day: two processes that see the same state
 * create one object. Only for creations: a change may be made, undone in the dashboard and made again.
 */
function onlyOnce(...what: readonly (string | CatalogChange)[]): Stripe.RequestOptions {
  const digest = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 40);
  return { idempotencyKey: `tenantry-catalog-${digest}` };
}

function touches({ fields }: CatalogChange, field: string): boolean {
  return fields.some((one) => one.field === field);
}

function oneOf<T extends { readonly key: string }>(wanted: readonly T[], key: string): T {
  const found = wanted.find((one) => one.key === key);
  if (!found) throw new Error(`the catalog has no ${key}`);
  return found;
}

function idOf({ id, key }: CatalogChange): string {
  if (id === null) throw new Error(`${key} has no id yet`);
  return id;
}

function isTaken(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_already_exists';
}
