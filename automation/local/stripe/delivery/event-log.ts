/** Events: recorded with every change, read through the API, rendered as snapshots and as thin notifications. */

import { Stripe } from 'stripe';
import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type { EventDoc, ListOf } from '../documents.ts';
import { noSuch, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import { anyCall, instantFilter, integer, listCall, parseParams, text } from '../http/params.ts';
import { newId } from '../ids.ts';
import type { Store } from '../store.ts';

/** The version of the installed client, whose types the objects have. */
export const apiVersion = Stripe.API_VERSION;

export function recordEvent(
  store: Store,
  given: {
    type: string;
    object: object;
    previous?: Record<string, unknown> | undefined;
    created: number;
    destinations: number;
    origin: Context['origin'];
  },
): EventDoc {
  const event: EventDoc = {
    id: newId('event'),
    object: 'event',
    api_version: apiVersion,
    created: given.created,
    data: {
      object: given.object as Record<string, unknown>,
      ...(given.previous === undefined ? {} : { previous_attributes: given.previous }),
    },
    livemode: false,
    pending_webhooks: given.destinations,
    request: { id: given.origin.requestId, idempotency_key: given.origin.idempotencyKey },
    type: given.type,
  };
  store.put('event', event);
  return event;
}

/** Stripe's notification of the same change in thin form; its id maps to the snapshot's and back. */
export interface ThinEvent {
  id: string;
  object: 'v2.core.event';
  created: string;
  livemode: false;
  reason: { type: 'request'; request: { id: string; idempotency_key: string } } | null;
  related_object: { id: string; type: string; url: string } | null;
  snapshot_event: string;
  type: string;
}

const thinPrefix = 'evt_test_65';

export const thinId = (snapshotId: string): string => thinPrefix + snapshotId.slice('evt_1'.length);
const snapshotId = (id: string): string => `evt_1${id.slice(thinPrefix.length)}`;

/** Where the API serves an object of each kind. */
const paths: Record<string, string> = {
  customer: '/v1/customers/',
  product: '/v1/products/',
  price: '/v1/prices/',
  charge: '/v1/charges/',
  refund: '/v1/refunds/',
  dispute: '/v1/disputes/',
  coupon: '/v1/coupons/',
  promotion_code: '/v1/promotion_codes/',
  payment_method: '/v1/payment_methods/',
  subscription: '/v1/subscriptions/',
  invoice: '/v1/invoices/',
  'checkout.session': '/v1/checkout/sessions/',
  'billing.meter': '/v1/billing/meters/',
  'billing_portal.configuration': '/v1/billing_portal/configurations/',
};

export function thinForm(event: EventDoc): ThinEvent {
  const { id, object } = event.data.object;
  const path = typeof object === 'string' ? paths[object] : undefined;
  const request = event.request;
  return {
    id: thinId(event.id),
    object: 'v2.core.event',
    created: new Date(event.created * 1000).toISOString(),
    livemode: false,
    reason:
      request.id === null
        ? null
        : { type: 'request', request: { id: request.id, idempotency_key: request.idempotency_key ?? '' } },
    related_object:
      path === undefined || typeof id !== 'string' ? null : { id, type: String(object), url: path + id },
    snapshot_event: event.id,
    type: `v1.${event.type}`,
  };
}

export function retrieveThinEvent(context: Context, id: string): ThinEvent {
  const event = id.startsWith(thinPrefix) ? context.store.get('event', snapshotId(id)) : undefined;
  if (!event) throw noSuch('event', id);
  return thinForm(event);
}

const thinListParams = z.strictObject({
  limit: integer.pipe(z.int().min(1).max(100)).optional(),
  object_id: text.optional(),
  types: z.array(text).optional(),
  page: text.optional(),
  created: z
    .strictObject({ gt: text.optional(), gte: text.optional(), lt: text.optional(), lte: text.optional() })
    .optional(),
});

const bounds = (created: Record<string, string | undefined> | undefined): [string, string][] =>
  Object.entries(created ?? {}).flatMap(([bound, at]) => (at === undefined ? [] : [[bound, at]]));

export function listThinEvents(
  context: Context,
  form: Form,
): { data: ThinEvent[]; next_page_url: string | null; previous_page_url: null } {
  const params = parseParams(thinListParams, form);
  const seconds = Object.fromEntries(
    bounds(params.created).map(([bound, at]) => [bound, Date.parse(at) / 1000]),
  );
  const filter = {
    keyIn: params.types?.map((type) => type.replace(/^v1\./, '')),
    created: seconds,
    fields: params.object_id === undefined ? [] : [['$.data.object.id', params.object_id] as const],
  };
  const limit = params.limit ?? 20;
  const found = listOf(context, 'event', '', filter, { limit, starting_after: params.page });
  const last = found.data.at(-1);
  const next = new URLSearchParams({ limit: String(limit), page: last?.id ?? '' });
  if (params.object_id !== undefined) next.set('object_id', params.object_id);
  for (const [index, type] of (params.types ?? []).entries()) next.set(`types[${index}]`, type);
  for (const [bound, at] of bounds(params.created)) next.set(`created[${bound}]`, at);
  return {
    data: found.data.map(thinForm),
    next_page_url: found.has_more ? `/v2/core/events?${next}` : null,
    previous_page_url: null,
  };
}

export function retrieveEvent(context: Context, id: string): EventDoc {
  return find(context, 'event', id);
}

const listParams = z.strictObject({
  ...listCall,
  ...anyCall,
  type: text.optional(),
  types: z.array(text).max(20).optional(),
  created: instantFilter.optional(),
});

export function listEvents(context: Context, form: Form): ListOf<EventDoc> {
  const params = parseParams(listParams, form);
  if (params.type !== undefined && params.types !== undefined) {
    throw new StripeError('You may only specify one of these parameters: type, types.', { param: 'type' });
  }
  const wanted = params.types ?? (params.type === undefined ? undefined : [params.type]);
  const known = wanted?.some((type) => type.includes('*'))
    ? context.store
        .rows<{ key: string }>("SELECT DISTINCT key FROM documents WHERE type = 'event'")
        .map((row) => row.key)
        .filter((type) => wanted.some((pattern) => matchesType(pattern, type)))
    : wanted;
  return listOf(context, 'event', '/v1/events', { keyIn: known, created: params.created }, params);
}

/** `*` matches everything, `invoice.*` every type below `invoice.`. */
export function matchesType(pattern: string, type: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}
