/** The routes of single subscription items; each is a change of its subscription. */

import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type { ListOf, SubscriptionDoc, SubscriptionItemDoc } from '../documents.ts';
import { noSuch } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { embeddedList } from '../http/lists.ts';
import { listCall, parseParams, text } from '../http/params.ts';
import { updateSubscription } from './change.ts';

export function findItem(
  context: Context,
  id: string,
): { subscription: SubscriptionDoc; item: SubscriptionItemDoc } {
  const [row] = context.store.rows<{ id: string }>(
    `SELECT documents.id FROM documents, json_each(documents.body, '$.items.data') AS item
     WHERE documents.type = 'subscription' AND json_extract(item.value, '$.id') = ?`,
    id,
  );
  const subscription = row && context.store.get('subscription', row.id);
  const item = subscription?.items.data.find((each) => each.id === id);
  if (!subscription || !item) throw noSuch('subscription_item', id);
  return { subscription, item };
}

export function listItems(context: Context, form: Form): ListOf<SubscriptionItemDoc> {
  const params = parseParams(z.strictObject({ ...listCall, subscription: text }), form);
  const { items } = find(context, 'subscription', params.subscription, 'subscription');
  return embeddedList(items.data, '/v1/subscription_items');
}

/** Parameters that belong to the change as a whole; the rest describe the item. */
const wide = new Set(['proration_behavior', 'proration_date', 'payment_behavior']);

function split(form: Form): { item: Form; change: Form } {
  const { expand: _, subscription: __, ...rest } = form;
  const entries = Object.entries(rest);
  return {
    item: Object.fromEntries(entries.filter(([name]) => !wide.has(name))),
    change: Object.fromEntries(entries.filter(([name]) => wide.has(name))),
  };
}

export function addItem(context: Context, form: Form): SubscriptionItemDoc {
  const id = parseParams(z.looseObject({ subscription: text, price: text }), form);
  const { item, change } = split(form);
  const after = updateSubscription(context, id.subscription, { ...change, items: [item] });
  const added = after.items.data.find((each) => each.price.id === id.price);
  if (!added) throw noSuch('subscription_item', id.price);
  return added;
}

export function changeItem(context: Context, id: string, form: Form): SubscriptionItemDoc {
  const { subscription } = findItem(context, id);
  const { item, change } = split(form);
  updateSubscription(context, subscription.id, { ...change, items: [{ ...item, id }] });
  return findItem(context, id).item;
}

export function removeItem(
  context: Context,
  id: string,
  form: Form,
): { id: string; object: string; deleted: true } {
  const { subscription } = findItem(context, id);
  const { change } = split(form);
  updateSubscription(context, subscription.id, { ...change, items: [{ id, deleted: 'true' }] });
  return { id, object: 'subscription_item', deleted: true };
}
