import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Page, PageValue } from '../automation/store/pages.ts';
import { numberPosition } from './contract/page.ts';
import { Problem } from './errors.ts';

/** What the values of a position must be: those that the list can be sorted by, and ids. */
export interface Order<By extends string> {
  readonly id: z.ZodType<string | number>;
  readonly by: Readonly<Record<By, z.ZodType<PageValue>>>;
}

/** For lists in the order in which their rows came. */
export const byId: Order<'id'> = { id: numberPosition, by: { id: numberPosition } };

/** A parsed `listQuery`. */
interface ListQuery<By extends string> {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: By | `-${By}`;
  readonly [filter: string]: unknown;
}

/** Parameters that say how rows are shown, not which: they may change from page to page. */
const presentation: ReadonlySet<string> = new Set(['limit', 'cursor', 'format']);

/**
 * One page of a list. Its cursor is the position of its last row, bound to the path, the sorting and the filters: nothing
 * is left out or shown twice when rows come and go between two pages.
 * @param asked.path with the ids in it
 * @param read reads the rows of a page
 * @param positionOf what the row is sorted by, and its id
 * @throws Problem `invalid_request` for a cursor of another list, sorting or filter, and for what is none
 */
export async function readPage<By extends string, Row>(
  order: Order<By>,
  asked: { readonly path: string; readonly query: ListQuery<By> },
  read: (page: Page<By>) => Promise<readonly Row[]>,
  positionOf: (row: Row, by: By) => readonly [value: PageValue, id: string | number],
): Promise<{ readonly shown: readonly Row[]; readonly nextCursor: string | null }> {
  const { limit, cursor, sort } = asked.query;
  const descending = sort.startsWith('-');
  const by = (descending ? sort.slice(1) : sort) as By;
  const list = nameOf(asked);
  const after = cursor === undefined ? null : positionIn(cursor, list, order.by[by], order.id);
  const rows = await read({ by, descending, after, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { shown, nextCursor: last === undefined ? null : encode([list, ...positionOf(last, by)]) };
}

/** The page of rows that are all at hand. */
export function pageOf<By extends string, Row>(
  rows: readonly Row[],
  { by, descending, after, limit }: Page<By>,
  positionOf: (row: Row, by: By) => readonly [value: PageValue, id: string | number],
): Row[] {
  const compare = (a: readonly PageValue[], b: readonly PageValue[]): number => {
    const n = a.findIndex((value, index) => value.valueOf() !== b[index]?.valueOf());
    const [one, other] = [a[n], b[n]];
    if (one === undefined || other === undefined) return 0;
    return one < other === descending ? 1 : -1;
  };
  return rows
    .map((row) => ({ row, position: positionOf(row, by) }))
    .filter(({ position }) => after === null || compare(position, after) > 0)
    .sort((a, b) => compare(a.position, b.position))
    .slice(0, limit)
    .map(({ row }) => row);
}

/** The same text for the same list, sorting and filters only. */
function nameOf({ path, query }: { readonly path: string; readonly query: object }): string {
  const which = Object.entries(query)
    .filter(([name, value]) => value !== undefined && !presentation.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([path, which]))
    .digest('base64url')
    .slice(0, 16);
}

function positionIn(
  cursor: string,
  list: string,
  value: z.ZodType<PageValue>,
  id: z.ZodType<string | number>,
): readonly [PageValue, string | number] {
  const [of, ...values] = decode(cursor);
  const position = z.tuple([value, id]).safeParse(values);
  if (of === list && position.success) return position.data;
  const message = 'is not one of this list with this sorting and these filters';
  throw new Problem('invalid_request', `cursor: ${message}; take it from nextCursor of the previous page.`, [
    { field: 'cursor', message },
  ]);
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
