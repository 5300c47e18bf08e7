import { z } from '@hono/zod-openapi';

/** Every list is asked for page by page in the same way. */
export const pageQuery = z.object({
  limit: z.coerce
    .number()
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(200, 'must be at most 200')
    .default(50)
    .openapi({ description: 'How many rows a page has at most' }),
  cursor: z.string().optional().openapi({ description: '`nextCursor` of the previous page' }),
});

export const nextCursor = z
  .string()
  .nullable()
  .openapi({ description: 'Send as `cursor` for the next page; null on the last one' });

/** A text in a position. PostgreSQL takes no NUL. */
export const textPosition = z
  .string()
  .max(500)
  .refine((text) => !text.includes('\0'));

/** A time in a position, to the millisecond. */
export const timePosition = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .refine((time) => time.getUTCFullYear() >= 1970);

export const numberPosition = z.int().nonnegative();
