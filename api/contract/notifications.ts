import { z } from '@hono/zod-openapi';
import {
  chosenEventTypes,
  type EventData,
  type EventType,
  eventData,
  eventTypes,
  maxReplayed,
} from '../../automation/notify/index.ts';
import { productId } from '../../tenants/product-id.ts';
import { listQuery, nextCursor, search } from './page.ts';
import { tenantId } from './tenant.ts';

/** Requests and answers about webhook endpoints and their deliveries. */

const time = z.iso.datetime();

const endpointId = z
  .string()
  .regex(/^ep_[a-z0-9]{16}$/, 'is the id of an endpoint, such as ep_a1b2c3d4e5f6g7h8')
  .openapi({ example: 'ep_a1b2c3d4e5f6g7h8' });

const endpointFields = {
  id: endpointId,
  url: z.string(),
  description: z.string().nullable(),
  product: z.string().nullable().openapi({ description: 'It gets only events of tenants of this product' }),
  tenant: z.string().nullable().openapi({ description: 'It gets only events of this tenant' }),
  events: z
    .array(z.enum(chosenEventTypes))
    .nullable()
    .openapi({ description: 'The types of events that it gets; null for all' }),
  email: z.string().nullable().openapi({ description: 'Who gets a mail when it is disabled' }),
  state: z.enum(['enabled', 'disabled']),
  disabledAt: time.nullable(),
  disabledReason: z.string().nullable(),
  failingSince: time.nullable().openapi({ description: 'The first failure since the last success' }),
  previousSecretUntil: time
    .nullable()
    .openapi({ description: 'After a rotation: until when the old secret signs, too' }),
  createdAt: time,
};

export const notificationEndpoint = z.object(endpointFields).openapi('NotificationEndpoint');
export type NotificationEndpointView = z.infer<typeof notificationEndpoint>;

export const notificationEndpointSecret = z
  .object({
    endpoint: notificationEndpoint,
    secret: z.string().openapi({ description: 'Signs events. It is shown only now', example: 'whsec_…' }),
  })
  .openapi('NotificationEndpointSecret');

export const notificationEndpointList = z
  .object({ endpoints: z.array(notificationEndpoint), nextCursor })
  .openapi('NotificationEndpointList');

export const endpointParams = z.object({
  id: endpointId.openapi({ param: { name: 'id', in: 'path' } }),
});

const tenantFilter = tenantId
  .optional()
  .openapi({ description: 'Only those of this tenant; defaults to all that you may see' });
const productFilter = productId
  .optional()
  .openapi({ description: 'Only those of endpoints for this product' });

export const endpointsQuery = listQuery(['-createdAt', 'createdAt'], {
  q: search('A part of the URL or the description, or the beginning of an id'),
  product: productFilter,
  tenant: tenantFilter,
  state: endpointFields.state.optional(),
});

export const newEndpoint = z
  .strictObject({
    url: z.string().min(1).max(2000).openapi({ example: 'https://example.com/webhooks' }),
    description: z.string().min(1).max(200).optional(),
    tenant: tenantId.optional().openapi({
      description: 'It gets only events of this tenant; operators and services may leave it out',
    }),
    product: productId.optional().openapi({ description: 'It gets only events of tenants of this product' }),
    events: z
      .array(z.enum(chosenEventTypes))
      .min(1, 'names at least one; leave it out for every one')
      .optional()
      .openapi({ description: 'Defaults to all' }),
    email: z
      .email()
      .max(254)
      .optional()
      .openapi({ description: 'Who gets a mail when it is disabled; defaults to you' }),
  })
  .openapi('NewNotificationEndpoint');

export type WebhookEvent = {
  [Type in EventType]: { type: Type; timestamp: string; data: EventData<Type> };
}[EventType];

export const webhookEvent: z.ZodType<WebhookEvent> = z
  .union(
    eventTypes.map((type) =>
      z.object({ type: z.literal(type), timestamp: time, data: eventData[type] }),
    ) as unknown as [z.ZodType<WebhookEvent>],
  )
  .openapi('WebhookEvent', { description: 'The body of a webhook' });

const deliveryFields = {
  id: z.int(),
  endpoint: endpointId,
  event: z.string().openapi({ description: 'Id of the event, as in the header `webhook-id`' }),
  type: z.enum(eventTypes),
  tenant: z.string().nullable(),
  organization: z.string().nullable(),
  at: time.openapi({ description: 'When it happened' }),
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  nextAttemptAt: time.nullable(),
  endedAt: time.nullable(),
  status: z.int().nullable().openapi({ description: 'Of the last answer' }),
  problem: z.string().nullable().openapi({ description: 'Why the last attempt failed' }),
};

export const notification = z.object(deliveryFields).openapi('Notification');
export type NotificationView = z.infer<typeof notification>;

export const notificationList = z
  .object({ notifications: z.array(notification), nextCursor })
  .openapi('NotificationList');

export const notificationDetail = z
  .object({
    ...deliveryFields,
    body: webhookEvent,
    tries: z.array(
      z.object({
        attempt: z.int(),
        at: time,
        durationMs: z.int(),
        status: z.int().nullable(),
        problem: z.string().nullable(),
        answer: z.string().nullable().openapi({ description: "The first 1024 bytes of the answer's body" }),
      }),
    ),
  })
  .openapi('NotificationDetail');

export const notificationParams = z.object({
  id: z
    .string()
    .regex(/^\d{1,15}$/, 'is a number')
    .openapi({ param: { name: 'id', in: 'path' } }),
});

export const notificationsQuery = listQuery(['-id', 'id'], {
  q: search('Beginning of the id of an event, a tenant or an organization'),
  product: productFilter,
  tenant: tenantFilter,
  endpoint: endpointId.optional(),
  state: deliveryFields.state.optional(),
  type: deliveryFields.type.optional(),
});

export const replayRequest = z
  .strictObject({
    event: z.string().min(1).max(64).optional().openapi({ description: 'Id of one event' }),
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .openapi({ description: 'Instead of `event`: events since then; the last 30 days are kept' }),
    until: z.iso.datetime({ offset: true }).optional(),
    delivered: z.boolean().default(false).openapi({ description: 'Also sends delivered events again' }),
  })
  .refine(({ event, since }) => (event === undefined) !== (since === undefined), {
    error: 'give either event or since',
  })
  .openapi('ReplayRequest');

export const replayed = z
  .object({
    events: z.int().openapi({ description: `How many events are sent again, at most ${maxReplayed}` }),
  })
  .openapi('Replayed');

export const testSent = z
  .object({ event: z.string().openapi({ description: 'Its id in the log' }) })
  .openapi('TestSent');
