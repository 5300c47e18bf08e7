import { z } from '@hono/zod-openapi';

/** The caller chooses it, for example a UUID. */
export const idempotencyKey = z
  .string()
  .regex(/^[!-~]{1,120}$/, 'must be 1 to 120 printable ASCII characters without spaces');

/** Every POST that changes something takes it. */
export const idempotencyHeaders = z.object({
  'idempotency-key': idempotencyKey.optional().openapi({
    description:
      'Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer',
  }),
});
