import { z } from '@hono/zod-openapi';

const limit = z.coerce
  .number()
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(200, 'must be at most 200')
  .default(50)
  .openapi({ description: 'Most rows of a page' });

const cursor = z.string().optional().openapi({ description: '`nextCursor` of the previous page' });

/**
 * The query of a list. Every list has pages, sorting and filters in the same form. Refuses an unknown parameter, because its
 * sender would take the answer for a filtered one.
 * @param sorts what the list can be sorted by, with a `-` for descending; the first one is the default
 * @param filters optional conditions on the rows
 */
export function listQuery<
  const Sorts extends readonly [string, ...string[]],
  Filters extends Readonly<Record<string, z.ZodType>>,
>(sorts: Sorts, filters: Filters) {
  const sort = z
    .enum(sorts)
    .default(sorts[0])
    .openapi({ description: 'What the list is sorted by; `-` sorts from greatest to least' });
  const shape = { limit, cursor, sort, ...filters };
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `is no parameter of this list, which has ${known}` : undefined,
  });
}

/** A text to search for. @param description what it is compared with */
export const search = (description: string) =>
  z
    .string()
    .max(200, 'must be at most 200 characters')
    .refine((text) => !text.includes('\0'), 'must not hold a NUL')
    .optional()
    .openapi({ description: `${description}, in any case`, example: 'acme' });

export const nextCursor = z
  .string()
  .nullable()
  .openapi({ description: 'Send as `cursor` for the next page; null on the last one' });

/** A text in a cursor's position. PostgreSQL accepts no NUL. */
export const textPosition = z
  .string()
  .max(500)
  .refine((text) => !text.includes('\0'));

/** A time in a cursor's position, to the millisecond. */
export const timePosition = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .refine((time) => time.getUTCFullYear() >= 1970);

export const numberPosition = z.int().nonnegative();
