/** Webhook endpoints: the destinations given to the simulator and those made through the API, in their v1 and v2 views. */

import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type { EndpointDoc, ListOf } from '../documents.ts';
import { noSuch, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  flag,
  ignored,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId, stableId } from '../ids.ts';
import { apiVersion } from './event-log.ts';
import type { Destination } from './record.ts';

/** Replaces the configured destinations; those made through the API stay. */
export function configureDestinations(context: Context, destinations: readonly Destination[]): void {
  const wanted = new Set<string>();
  for (const { url, secret, form, events } of destinations) {
    const id = stableId('webhook_endpoint', `${form}:${url}`);
    wanted.add(id);
    const present = context.store.get('webhook_endpoint', id);
    const endpoint = { ...blankEndpoint(id, url, context.now()), enabled_events: [...(events ?? ['*'])] };
    context.store.put(
      'webhook_endpoint',
      { ...endpoint, created: present?.created ?? endpoint.created },
      { hidden: { secret, form, configured: true } },
    );
  }
  for (const endpoint of context.store.all('webhook_endpoint', {})) {
    const configured = context.store.hidden('webhook_endpoint', endpoint.id)?.configured;
    if (configured && !wanted.has(endpoint.id)) context.store.remove('webhook_endpoint', endpoint.id);
  }
}

function blankEndpoint(id: string, url: string, created: number): EndpointDoc {
  return {
    id,
    object: 'webhook_endpoint',
    api_version: apiVersion,
    application: null,
    created,
    description: null,
    enabled_events: ['*'],
    livemode: false,
    metadata: {},
    status: 'enabled',
    url,
  };
}

const createParams = z.strictObject({
  ...anyCall,
  url: z.url(),
  enabled_events: z.array(text).min(1),
  description: text.optional(),
  metadata: metadata.optional(),
  api_version: ignored,
  connect: ignored,
});

/** Only this answer shows the secret, as with Stripe. */
export function createEndpoint(context: Context, form: Form): EndpointDoc & { secret: string } {
  const params = parseParams(createParams, form);
  const endpoint: EndpointDoc = {
    ...blankEndpoint(newId('webhook_endpoint'), params.url, context.now()),
    enabled_events: params.enabled_events,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
  };
  const secret = `whsec_${newId('event').slice(4)}${newId('request').slice(4)}`;
  context.store.put('webhook_endpoint', endpoint, {
    hidden: { secret, form: 'snapshot', configured: false },
  });
  return { ...endpoint, secret };
}

const updateParams = createParams
  .partial()
  .extend({ disabled: flag.optional(), description: clearable(text).optional() });

export function updateEndpoint(context: Context, id: string, form: Form): EndpointDoc {
  const before = find(context, 'webhook_endpoint', id);
  const params = parseParams(updateParams, form);
  const after: EndpointDoc = {
    ...before,
    url: params.url ?? before.url,
    enabled_events: params.enabled_events ?? before.enabled_events,
    description: params.description === undefined ? before.description : params.description,
    metadata: mergeMetadata(before.metadata, params.metadata),
    status: params.disabled === undefined ? before.status : params.disabled ? 'disabled' : 'enabled',
  };
  context.store.put('webhook_endpoint', after);
  return after;
}

export function deleteEndpoint(
  context: Context,
  id: string,
): { id: string; object: 'webhook_endpoint'; deleted: true } {
  find(context, 'webhook_endpoint', id);
  if (context.store.hidden('webhook_endpoint', id)?.configured) {
    throw new StripeError('This endpoint is configured where the simulator is started; remove it there.');
  }
  context.store.remove('webhook_endpoint', id);
  return { id, object: 'webhook_endpoint', deleted: true };
}

export function listEndpoints(context: Context, form: Form): ListOf<EndpointDoc> {
  return listOf(
    context,
    'webhook_endpoint',
    '/v1/webhook_endpoints',
    {},
    parseParams(z.strictObject(listCall), form),
  );
}

/** The v2 view of an endpoint: an event destination, with the form of its payloads. */
export function destinationView(context: Context, id: string): Record<string, unknown> {
  const endpoint = context.store.get('webhook_endpoint', id);
  const hidden = context.store.hidden('webhook_endpoint', id);
  if (!endpoint || !hidden) throw noSuch('event destination', id);
  const created = new Date(endpoint.created * 1000).toISOString();
  return {
    id,
    object: 'v2.core.event_destination',
    created,
    description: endpoint.description ?? '',
    enabled_events: endpoint.enabled_events,
    event_payload: hidden.form,
    events_from: ['self'],
    livemode: false,
    metadata: endpoint.metadata,
    name: endpoint.url,
    ...(hidden.form === 'snapshot' ? { snapshot_api_version: apiVersion } : {}),
    status: endpoint.status,
    type: 'webhook_endpoint',
    updated: created,
    webhook_endpoint: { url: endpoint.url },
  };
}

export function listDestinations(context: Context): {
  data: unknown[];
  next_page_url: null;
  previous_page_url: null;
} {
  const data = context.store.all('webhook_endpoint', {}).map(({ id }) => destinationView(context, id));
  return { data, next_page_url: null, previous_page_url: null };
}
