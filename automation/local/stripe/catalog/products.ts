/** Products: their shape and routes. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { ListOf, ProductDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  flag,
  ignored,
  instantFilter,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';

export function blankProduct(id: string, now: number): ProductDoc {
  return {
    id,
    object: 'product',
    active: true,
    created: now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: '',
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now,
    url: null,
  };
}

const createProductParams = z.strictObject({
  ...anyCall,
  id: text.optional(),
  name: text,
  active: flag.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  unit_label: text.optional(),
  marketing_features: clearable(z.array(z.strictObject({ name: text.max(80) })).max(15)).optional(),
  url: ignored,
  images: ignored,
  shippable: ignored,
  tax_code: ignored,
  type: ignored,
});

export function createProduct(context: Context, form: Form): ProductDoc {
  const params = parseParams(createProductParams, form);
  if (params.id !== undefined && context.store.get('product', params.id)) {
    throw new StripeError('Product already exists.', { code: 'resource_already_exists', param: 'id' });
  }
  const product: ProductDoc = {
    ...blankProduct(params.id ?? newId('product'), context.now()),
    name: params.name,
    active: params.active ?? true,
    description: params.description ?? null,
    unit_label: params.unit_label ?? null,
    marketing_features: params.marketing_features ?? [],
    metadata: mergeMetadata({}, params.metadata),
  };
  context.store.put('product', product);
  context.emit('product.created', product);
  return product;
}

const updateProductParams = createProductParams
  .omit({ id: true })
  .partial()
  .extend({
    description: clearable(text).optional(),
    unit_label: clearable(text).optional(),
    default_price: text.optional(),
  });

export function updateProduct(context: Context, id: string, form: Form): ProductDoc {
  const before = find(context, 'product', id);
  const params = parseParams(updateProductParams, form);
  const after: ProductDoc = {
    ...before,
    name: params.name ?? before.name,
    active: params.active ?? before.active,
    description: params.description === undefined ? before.description : params.description,
    unit_label: params.unit_label === undefined ? (before.unit_label ?? null) : params.unit_label,
    marketing_features:
      params.marketing_features === undefined ? before.marketing_features : (params.marketing_features ?? []),
    default_price:
      params.default_price === undefined
        ? before.default_price
        : find(context, 'price', params.default_price, 'default_price').id,
    metadata: mergeMetadata(before.metadata, params.metadata),
  };
  if (JSON.stringify(after) !== JSON.stringify(before)) after.updated = context.now();
  saveChanged(context, 'product', before, after, 'product.updated');
  return after;
}

const listProductParams = z.strictObject({
  ...listCall,
  active: flag.optional(),
  created: instantFilter.optional(),
  ids: z.array(text).optional(),
});

export function listProducts(context: Context, form: Form): ListOf<ProductDoc> {
  const params = parseParams(listProductParams, form);
  if (params.ids !== undefined) {
    const data = params.ids.flatMap((id) => context.store.get('product', id) ?? []);
    return { object: 'list', data, has_more: false, url: '/v1/products' };
  }
  const fields = params.active === undefined ? [] : [['$.active', params.active ? 1 : 0] as const];
  return listOf(context, 'product', '/v1/products', { created: params.created, fields }, params);
}
