/** `expand[]`: replaces ids in an answer by the objects they name, at any path, also through lists. */

import { checkoutLines } from '../checkout/checkout.ts';
import type { Context } from '../context.ts';
import type { DocumentType } from '../documents.ts';
import { retrieveCustomer } from '../subscriptions/customers.ts';
import { StripeError } from './errors.ts';
import { listOf } from './lists.ts';

const prefixes: readonly (readonly [string, DocumentType])[] = [
  ['prod_', 'product'],
  ['price_', 'price'],
  ['pm_', 'payment_method'],
  ['sub_', 'subscription'],
  ['in_', 'invoice'],
  ['promo_', 'promotion_code'],
  ['di_', 'discount'],
  ['ch_', 'charge'],
  ['bpc_', 'portal_configuration'],
];

/** Objects whose callers choose the ids, by the field that names them. */
const named: Record<string, DocumentType> = { coupon: 'coupon', product: 'product' };

/** Fields that are absent unless requested. */
const includable: Record<string, (context: Context, id: string) => unknown> = {
  'checkout.session.line_items': checkoutLines,
  'customer.subscriptions': (context, id) =>
    listOf(
      context,
      'subscription',
      `/v1/customers/${id}/subscriptions`,
      { customer: id, statusNot: 'canceled' },
      {},
    ),
};

const maxPaths = 20;
const maxDepth = 4;

/** @throws StripeError when a path names something that cannot be expanded */
export function expand(context: Context, answer: object, paths: readonly string[]): object {
  if (paths.length > maxPaths)
    throw new StripeError(`You cannot expand more than ${maxPaths} properties.`, { param: 'expand' });
  const copy = structuredClone(answer) as Record<string, unknown>;
  for (const path of paths) {
    const names = path.split('.');
    if (names.length > maxDepth + (names[0] === 'data' ? 1 : 0)) {
      throw new StripeError(
        `You cannot expand more than ${maxDepth} levels of a property. Property: ${path}`,
        {
          param: 'expand',
        },
      );
    }
    follow(context, copy, names, path);
  }
  return copy;
}

function follow(context: Context, at: Record<string, unknown>, names: readonly string[], path: string): void {
  const [name, ...rest] = names;
  if (name === undefined) return;
  if (name === 'data' && Array.isArray(at.data)) {
    for (const element of at.data) follow(context, element, rest, path);
    return;
  }
  const listed = at[name];
  if (name === 'discounts' && Array.isArray(listed)) {
    const each = listed.map((discount) => resolve(context, { discount }, 'discount', path));
    at[name] = each;
    if (rest.length > 0) for (const one of each) follow(context, one as Record<string, unknown>, rest, path);
    return;
  }
  at[name] = resolve(context, at, name, path);
  const next = at[name];
  if (rest.length === 0 || next === null) return;
  if (typeof next !== 'object' || Array.isArray(next)) throw notExpandable(path);
  follow(context, next as Record<string, unknown>, rest, path);
}

function resolve(context: Context, holder: Record<string, unknown>, name: string, path: string): unknown {
  const value = holder[name];
  const include = includable[`${String(holder.object)}.${name}`];
  if (include && value === undefined) return include(context, String(holder.id));
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return value;
  if (typeof value !== 'string' || name === 'id') throw notExpandable(path);
  if (value.startsWith('cus_')) return retrieveCustomer(context, value);
  const type = named[name] ?? prefixes.find(([prefix]) => value.startsWith(prefix))?.[1];
  const found = type && context.store.get(type, value);
  if (!found) throw notExpandable(path);
  return found;
}

function notExpandable(path: string): StripeError {
  return new StripeError(
    `This property cannot be expanded (${path}). You may want to try expanding its subproperties instead.`,
    { param: 'expand' },
  );
}
