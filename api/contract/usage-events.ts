import { z } from '@hono/zod-openapi';
import { tenantId } from './tenant.ts';

/** Requests and answers about use that a product's own application tells, event by event. */

/** Most events of one request. */
const mostEvents = 500;

const printable = (most: number) =>
  z
    .string()
    .regex(/^[!-~]+$/, 'must be printable ASCII characters without spaces')
    .max(most, `must have at most ${most} characters`);
const eventId = printable(200).openapi({
  description: 'Your own id of the event, which counts once, however often you send it',
  example: 'evt-4711',
});
/** The platform's own sources: settled reservations, and use that services tell. */
const ownSources = /^(tenantry|service):/;
const source = printable(200)
  .refine((given) => !ownSources.test(given), 'must not begin with tenantry: or service:')
  .openapi({ description: 'Who tells it; ids are unique within a source', example: '/app/mail' });
const meter = z
  .string()
  .min(1)
  .max(100)
  .openapi({ description: 'A meter of the product', example: 'letters_sent' });
const time = z.iso
  .datetime({ offset: true })
  .optional()
  .openapi({ description: 'When it was used; defaults to now', example: '2026-11-21T09:30:00Z' });
const quantity = z
  .union([z.string().max(20), z.number()])
  .default('1')
  .openapi({
    description: 'A decimal number with at most six decimals; send it as text so that no digit is lost',
    example: '12.5',
  });

export const usageEvent = z
  .strictObject({ id: eventId, tenant: tenantId, meter, quantity, at: time })
  .openapi('UsageEvent');
export type UsageEventBody = z.output<typeof usageEvent>;

export const usageEvents = z
  .strictObject({ source: source.default('api'), events: z.array(usageEvent).min(1).max(mostEvents) })
  .openapi('UsageEvents');

/** Like `usageEvents`, but events are read one by one, so that only a wrong one is refused. */
export const usageEventsEnvelope = usageEvents.extend({
  events: z.array(z.unknown()).min(1).max(mostEvents),
});

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export const usageCloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: eventId,
    source,
    type: meter,
    subject: tenantId.openapi({ description: 'The tenant' }),
    time,
    data: z.looseObject({ quantity }).default({ quantity: '1' }),
  })
  .openapi('UsageCloudEvent');

export const usageCloudEvents = z.array(usageCloudEvent).min(1).max(mostEvents).openapi('UsageCloudEvents');

export const usageCloudEventsEnvelope = z.array(z.unknown()).min(1).max(mostEvents);

export const refusedReasons = [
  'malformed',
  'unknown_tenant',
  'unknown_meter',
  'sampled_meter',
  'invalid_quantity',
  'in_future',
  'too_late',
  'id_reused',
] as const;

const result = z.object({
  id: z.string().nullable().openapi({ description: 'null where the event has no readable id' }),
  outcome: z.enum(['accepted', 'repeated', 'refused']),
  reason: z.enum(refusedReasons).optional(),
  message: z.string().optional(),
});
export type UsageEventResult = z.infer<typeof result>;

export const usageEventsAnswer = z
  .object({
    accepted: z.int().nonnegative(),
    repeated: z.int().nonnegative().openapi({ description: 'Counted before; nothing changed' }),
    refused: z.int().nonnegative(),
    results: z.array(result).openapi({ description: 'One for each event, in the order of the request' }),
  })
  .openapi('UsageEventsAnswer');
