/** Lists that are read page by page. A page begins after the last row of the one before, wherever that row is by now. */

/** One page of a list. */
export interface Page<By extends string = string> {
  /** What the list is sorted by; among equals, by id. */
  readonly by: By;
  readonly descending: boolean;
  /** Where the page before ended: what its last row is sorted by, and that row's id. Null for the first page. */
  readonly after: readonly [value: PageValue, id: string | number] | null;
  /** How many rows it has at most. */
  readonly limit: number;
}

export type PageValue = string | number | Date;

/** The first rows of a list. */
export function firstPage<By extends string>(
  limit: number,
  by: By,
  order: 'ascending' | 'descending' = 'descending',
): Page<By> {
  return { by, descending: order === 'descending', after: null, limit };
}

/**
 * Yields all rows of a list, reading it page by page.
 * @param positionOf what the row is sorted by, and its id
 */
export async function* everyRow<By extends string, Row>(
  first: Page<By>,
  read: (page: Page<By>) => Promise<readonly Row[]>,
  positionOf: (row: Row) => readonly [value: PageValue, id: string | number],
): AsyncGenerator<Row> {
  for (let page = first; ; ) {
    const rows = await read(page);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < page.limit) return;
    page = { ...page, after: positionOf(last) };
  }
}

/** SQL of what rows are sorted by, and its type. It must not change while a row is there, or pages could miss the row. */
export interface SortKey {
  readonly sql: string;
  readonly type: 'text' | 'bigint' | 'timestamptz';
}

export interface SortKeys<By extends string> {
  readonly id: SortKey;
  readonly by: Readonly<Record<By, SortKey>>;
}

export const textKey = (sql: string): SortKey => ({ sql, type: 'text' });
export const numberKey = (sql: string): SortKey => ({ sql, type: 'bigint' });
/** To the millisecond, as a position has it. */
export const timeKey = (column: string): SortKey => ({
  sql: `date_trunc('milliseconds', ${column})`,
  type: 'timestamptz',
});

/**
 * The query of one page, with its values.
 * @param select the query of the whole list, ending in its conditions
 * @param values of the conditions
 */
export function pageQuery<By extends string>(
  select: string,
  values: readonly unknown[],
  keys: SortKeys<By>,
  { by, descending, after, limit }: Page<By>,
): [text: string, values: unknown[]] {
  const key = keys.by[by];
  const columns = key.sql === keys.id.sql ? [keys.id] : [key, keys.id];
  const position = after?.slice(-columns.length) ?? [];
  const [beyond, direction] = descending ? ['<', 'desc'] : ['>', 'asc'];
  const parameters = position.map((_, n) => `$${values.length + n + 1}::${columns[n]?.type}`);
  const start =
    parameters.length === 0
      ? ''
      : `and (${columns.map(({ sql }) => sql).join(', ')}) ${beyond} (${parameters.join(', ')})`;
  const order = columns.map(({ sql }) => `${sql} ${direction}`).join(', ');
  const most = `$${values.length + position.length + 1}`;
  return [`${select} ${start} order by ${order} limit ${most}`, [...values, ...position, limit]];
}
