import { z } from '@hono/zod-openapi';

/** Of the request's own making, such as a UUID. */
export const idempotencyKey = z
  .string()
  .regex(/^[!-~]{1,120}$/, 'must be 1 to 120 printable ASCII characters without spaces');

/** Taken by every POST that changes something. */
export const idempotencyHeaders = z.object({
  'idempotency-key': idempotencyKey.optional().openapi({
    description:
      'Your own id of the request, such as a UUID: sent again with it, the work is not done again, and for 24 hours the answer is the same',
  }),
});
