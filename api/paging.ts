import type { z } from 'zod';
import { Problem } from './errors.ts';

/** Values of the columns that a list is sorted by. */
type Position = readonly (string | number | Date)[];

/** How one list is cut into pages. */
export interface Paging<Parsed> {
  /**
   * Where the page begins; null for the first.
   * @throws Problem `invalid_request` for what is not a cursor of this list
   */
  read(cursor: string | undefined): Parsed | null;
  /** The cursor of the page after a position. */
  after(position: Position): string;
  /** @param rows one more than the page shows, when there are as many */
  page<Row>(
    rows: readonly Row[],
    limit: number,
    positionOf: (row: Row) => Position,
  ): { readonly shown: readonly Row[]; readonly nextCursor: string | null };
}

/**
 * A list whose cursors are positions: nothing is left out or shown twice when rows come and go between two pages.
 * @param list its name and order; a cursor of another one is refused
 * @param position what the values of a position must be
 */
export function pagingBy<Schema extends z.ZodType<unknown, unknown[]>>(
  list: string,
  position: Schema,
): Paging<z.output<Schema>> {
  const after = (values: Position) => encode([list, ...values]);
  return {
    read: (cursor) => {
      if (cursor === undefined) return null;
      const [of, ...values] = decode(cursor);
      const parsed = position.safeParse(values);
      if (of === list && parsed.success) return parsed.data;
      throw new Problem('invalid_request', 'cursor: take it from nextCursor of the previous page.', [
        { field: 'cursor', message: 'is not one of this list' },
      ]);
    },
    after,
    page: (rows, limit, positionOf) => {
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return { shown, nextCursor: last === undefined ? null : after(positionOf(last)) };
    },
  };
}

function encode(values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function decode(cursor: string): unknown[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}
