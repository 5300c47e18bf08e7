/** Prices: their shape and routes. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { ListOf, PlanDoc, PriceDoc, ProductDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  decimal,
  flag,
  ignored,
  instantFilter,
  integer,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';
import { blankProduct } from './products.ts';

export function blankPrice(id: string, product: string, now: number): PriceDoc {
  return {
    id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: now,
    currency: 'usd',
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product,
    recurring: {
      interval: 'month',
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: null,
    unit_amount_decimal: null,
  };
}

/** The legacy `plan` that Stripe still shows beside an item's price. */
export function planOf(price: PriceDoc): PlanDoc {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: price.recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: price.recurring?.usage_type ?? 'licensed',
  };
}

/** A price that a subscription may use. @throws StripeError when missing, archived or not recurring */
export function findRecurringPrice(context: Context, id: string, param: string): PriceDoc {
  const price = find(context, 'price', id, param);
  if (!price.active) {
    throw new StripeError('The price specified is inactive. This field only accepts active prices.', {
      code: 'price_inactive',
      param,
    });
  }
  if (price.type !== 'recurring') {
    throw new StripeError(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      { param },
    );
  }
  return price;
}

const createPriceParams = z.strictObject({
  ...anyCall,
  currency: z.string().regex(/^[A-Za-z]{3}$/),
  product: text.optional(),
  product_data: z.strictObject({ name: text, metadata: metadata.optional() }).optional(),
  unit_amount: integer.pipe(z.int().min(0)).optional(),
  unit_amount_decimal: decimal.optional(),
  active: flag.optional(),
  lookup_key: text.optional(),
  transfer_lookup_key: flag.optional(),
  nickname: text.optional(),
  metadata: metadata.optional(),
  billing_scheme: z.literal('per_unit').optional(),
  tax_behavior: ignored,
  recurring: z
    .strictObject({
      interval: z.enum(['day', 'week', 'month', 'year']),
      interval_count: integer.pipe(z.int().min(1)).optional(),
      usage_type: z.enum(['licensed', 'metered']).optional(),
      meter: text.optional(),
    })
    .optional(),
});

export function createPrice(context: Context, form: Form): PriceDoc {
  const params = parseParams(createPriceParams, form);
  const amount =
    params.unit_amount_decimal ?? (params.unit_amount === undefined ? undefined : String(params.unit_amount));
  if (amount === undefined) {
    throw new StripeError('Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.');
  }
  const usage = params.recurring?.usage_type ?? 'licensed';
  if (usage === 'metered' && params.recurring?.meter === undefined) {
    throw new StripeError('All metered prices must be backed by meters. Please set `recurring[meter]`.', {
      param: 'recurring[meter]',
    });
  }
  if (params.recurring?.meter !== undefined)
    find(context, 'meter', params.recurring.meter, 'recurring[meter]');
  if (
    params.lookup_key !== undefined &&
    context.store.all('price', { keyIn: [params.lookup_key] }).length > 0
  ) {
    if (!params.transfer_lookup_key) {
      throw new StripeError(
        `A price (\`${context.store.all('price', { keyIn: [params.lookup_key] })[0]?.id}\`) already uses that lookup key.`,
        { code: 'resource_already_exists', param: 'lookup_key' },
      );
    }
    releaseLookupKey(context, params.lookup_key, false);
  }
  const price: PriceDoc = {
    ...blankPrice(
      newId('price'),
      productForPrice(context, params.product, params.product_data),
      context.now(),
    ),
    currency: params.currency.toLowerCase(),
    active: params.active ?? true,
    unit_amount: amount.includes('.') ? null : Number(amount),
    unit_amount_decimal: amount,
    lookup_key: params.lookup_key ?? null,
    nickname: params.nickname ?? null,
    metadata: mergeMetadata({}, params.metadata),
    type: params.recurring ? 'recurring' : 'one_time',
    recurring: params.recurring
      ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: params.recurring.meter ?? null,
          trial_period_days: null,
          usage_type: usage,
        }
      : null,
  };
  context.store.put('price', price);
  context.emit('price.created', price);
  return price;
}

function productForPrice(
  context: Context,
  id: string | undefined,
  data: { name: string; metadata?: z.output<typeof metadata> | undefined } | undefined,
): string {
  if (id !== undefined) return find(context, 'product', id, 'product').id;
  if (data === undefined)
    throw new StripeError('Missing required param: product.', {
      code: 'parameter_missing',
      param: 'product',
    });
  const product: ProductDoc = {
    ...blankProduct(newId('product'), context.now()),
    name: data.name,
    metadata: mergeMetadata({}, data.metadata),
  };
  context.store.put('product', product);
  context.emit('product.created', product);
  return product.id;
}

const updatePriceParams = z.strictObject({
  ...anyCall,
  active: flag.optional(),
  lookup_key: clearable(text).optional(),
  transfer_lookup_key: flag.optional(),
  nickname: clearable(text).optional(),
  metadata: metadata.optional(),
});

export function updatePrice(context: Context, id: string, form: Form): PriceDoc {
  const before = find(context, 'price', id);
  const params = parseParams(updatePriceParams, form);
  if (params.transfer_lookup_key && params.lookup_key) releaseLookupKey(context, params.lookup_key, false);
  const after: PriceDoc = {
    ...before,
    active: params.active ?? before.active,
    lookup_key: params.lookup_key === undefined ? before.lookup_key : params.lookup_key,
    nickname: params.nickname === undefined ? before.nickname : params.nickname,
    metadata: mergeMetadata(before.metadata, params.metadata),
  };
  if (before.active && !after.active && context.store.get('product', before.product)?.default_price === id) {
    throw new StripeError('This price cannot be archived because it is the default price of its product.', {
      param: 'active',
    });
  }
  savePrice(context, before, after);
  return after;
}

const listPriceParams = z.strictObject({
  ...listCall,
  active: flag.optional(),
  product: text.optional(),
  type: z.enum(['one_time', 'recurring']).optional(),
  currency: text.optional(),
  lookup_keys: z.array(text).max(10).optional(),
  created: instantFilter.optional(),
  recurring: z
    .strictObject({ interval: text.optional(), usage_type: text.optional(), meter: text.optional() })
    .optional(),
});

export function listPrices(context: Context, form: Form): ListOf<PriceDoc> {
  const params = parseParams(listPriceParams, form);
  const fields: [string, string | number][] = [];
  if (params.active !== undefined) fields.push(['$.active', params.active ? 1 : 0]);
  if (params.product !== undefined) fields.push(['$.product', params.product]);
  if (params.type !== undefined) fields.push(['$.type', params.type]);
  if (params.currency !== undefined) fields.push(['$.currency', params.currency.toLowerCase()]);
  for (const [name, value] of Object.entries(params.recurring ?? {})) {
    if (value !== undefined) fields.push([`$.recurring.${name}`, value]);
  }
  const filter = { keyIn: params.lookup_keys, created: params.created, fields };
  return listOf(context, 'price', '/v1/prices', filter, params);
}

/** Takes a lookup key from its holder; `archive` also ends the sale of that price. */
export function releaseLookupKey(context: Context, key: string | null, archive: boolean): void {
  if (key === null) return;
  for (const holder of context.store.all('price', { keyIn: [key] })) {
    const after = { ...holder, lookup_key: null, active: archive ? false : holder.active };
    savePrice(context, holder, after);
  }
}

/** Stores a changed price; subscriptions show the new state. */
function savePrice(context: Context, before: PriceDoc, after: PriceDoc): void {
  saveChanged(context, 'price', before, after, 'price.updated');
  for (const subscription of context.store.all('subscription', { price: after.id })) {
    const data = subscription.items.data.map((item) =>
      item.price.id === after.id ? { ...item, price: after, plan: planOf(after) } : item,
    );
    context.store.put('subscription', { ...subscription, items: { ...subscription.items, data } });
  }
}
