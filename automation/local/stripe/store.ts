/**
 * The simulator's memory: JSON documents by (type, id) in one SQLite file, listed newest first, with the columns
 * that lists filter by. Everything is synchronous, so one request is one transaction without any locking.
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Documents, DocumentType, HiddenParts } from './documents.ts';
import { idempotencyMs, schema } from './schema.ts';
import { assertStep, isLived } from './subscriptions/transitions.ts';

export interface Page {
  readonly limit?: number | undefined;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

export interface InstantRange {
  readonly gt?: number | undefined;
  readonly gte?: number | undefined;
  readonly lt?: number | undefined;
  readonly lte?: number | undefined;
}

export interface Filter {
  readonly customer?: string | undefined;
  readonly subscription?: string | undefined;
  readonly statusIn?: readonly string[] | undefined;
  readonly statusNot?: string | undefined;
  readonly keyIn?: readonly string[] | undefined;
  /** A subscription that has an item of this price. */
  readonly price?: string | undefined;
  readonly created?: InstantRange | undefined;
  /** JSON paths and the value each must have; for lists that stay small. */
  readonly fields?: readonly (readonly [path: string, value: string | number | null])[] | undefined;
}

/** Something that happens to an object by itself when the clock reaches `at` (seconds). */
export interface Due {
  readonly at: number;
  readonly kind: string;
}

export interface Put<T extends DocumentType> {
  readonly hidden?: HiddenParts[T];
  /** The next due instant; null for none, left as it is when absent. */
  readonly due?: Due | null;
}

export interface Store {
  get<T extends DocumentType>(type: T, id: string): Documents[T] | undefined;
  hidden<T extends DocumentType>(type: T, id: string): HiddenParts[T] | undefined;
  put<T extends DocumentType>(type: T, document: Documents[T], options?: Put<T>): void;
  remove(type: DocumentType, id: string): void;
  /** @returns undefined when the page's cursor names no object of this type */
  list<T extends DocumentType>(
    type: T,
    filter: Filter,
    page?: Page,
  ): { data: Documents[T][]; has_more: boolean } | undefined;
  all<T extends DocumentType>(type: T, filter: Filter): Documents[T][];
  count(type: DocumentType): number;
  nextDue(): (Due & { type: DocumentType; id: string }) | undefined;
  setting(name: string): string | undefined;
  setSetting(name: string, value: string): void;
  rows<R>(sql: string, ...values: SQLInputValue[]): R[];
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Runs `work` as one transaction, or as a part of the one under way that can be undone by itself; `keep` decides
   *  whether an error still keeps what was written. */
  transaction<R>(work: () => R, keep?: (error: unknown) => boolean): R;
  close(): void;
}

/** Opens or creates the file; `:memory:` keeps nothing. */
export function openStore(file: string): Store {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  database.exec(schema);
  database.exec(`DELETE FROM idempotency WHERE created_ms < ${Date.now() - idempotencyMs}`);
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const rows = <R>(sql: string, ...values: SQLInputValue[]): R[] => prepare(sql).all(...values) as R[];
  const run = (sql: string, ...values: SQLInputValue[]): number =>
    Number(prepare(sql).run(...values).changes);
  let depth = 0;

  const store: Store = {
    get(type, id) {
      const [row] = rows<{ body: string }>('SELECT body FROM documents WHERE type = ? AND id = ?', type, id);
      return row && JSON.parse(row.body);
    },

    hidden(type, id) {
      const [row] = rows<{ hidden: string | null }>(
        'SELECT hidden FROM documents WHERE type = ? AND id = ?',
        type,
        id,
      );
      return row?.hidden ? JSON.parse(row.hidden) : undefined;
    },

    put(type, document, options = {}) {
      const { customer, subscription, status, key } = columnsOf(type, document);
      if (isLived(type)) {
        const [before] = rows<{ status: string }>(
          'SELECT status FROM documents WHERE type = ? AND id = ?',
          type,
          document.id,
        );
        assertStep(type, before?.status ?? null, status);
      }
      run(
        `INSERT INTO documents (type, id, created, customer, subscription, status, key, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (type, id) DO UPDATE SET customer = excluded.customer, subscription = excluded.subscription,
           status = excluded.status, key = excluded.key, body = excluded.body`,
        type,
        document.id,
        document.created,
        customer,
        subscription,
        status,
        key,
        JSON.stringify(document),
      );
      if (options.hidden !== undefined) {
        const hidden = options.hidden === null ? null : JSON.stringify(options.hidden);
        run('UPDATE documents SET hidden = ? WHERE type = ? AND id = ?', hidden, type, document.id);
      }
      if (options.due !== undefined) {
        run(
          'UPDATE documents SET due_at = ?, due_kind = ? WHERE type = ? AND id = ?',
          options.due?.at ?? null,
          options.due?.kind ?? null,
          type,
          document.id,
        );
      }
    },

    remove(type, id) {
      run('DELETE FROM documents WHERE type = ? AND id = ?', type, id);
    },

    list(type, filter, page = {}) {
      const limit = page.limit ?? 10;
      const backwards = page.ending_before !== undefined;
      const cursor = page.ending_before ?? page.starting_after;
      const conditions = conditionsOf(type, filter);
      if (cursor !== undefined) {
        const [at] = rows<{ seq: number }>(
          'SELECT seq FROM documents WHERE type = ? AND id = ?',
          type,
          cursor,
        );
        if (!at) return undefined;
        conditions.sql.push(backwards ? 'seq > ?' : 'seq < ?');
        conditions.values.push(at.seq);
      }
      const found = rows<{ body: string }>(
        `SELECT body FROM documents WHERE ${conditions.sql.join(' AND ')}
         ORDER BY seq ${backwards ? 'ASC' : 'DESC'} LIMIT ?`,
        ...conditions.values,
        limit + 1,
      );
      const data = found.slice(0, limit).map((row) => JSON.parse(row.body));
      return { data: backwards ? data.reverse() : data, has_more: found.length > limit };
    },

    all(type, filter) {
      const conditions = conditionsOf(type, filter);
      return rows<{ body: string }>(
        `SELECT body FROM documents WHERE ${conditions.sql.join(' AND ')} ORDER BY seq`,
        ...conditions.values,
      ).map((row) => JSON.parse(row.body));
    },

    count(type) {
      return rows<{ n: number }>('SELECT count(*) AS n FROM documents WHERE type = ?', type)[0]?.n ?? 0;
    },

    nextDue() {
      const [row] = rows<{ type: DocumentType; id: string; due_at: number; due_kind: string }>(
        'SELECT type, id, due_at, due_kind FROM documents WHERE due_at IS NOT NULL ORDER BY due_at, seq LIMIT 1',
      );
      return row && { type: row.type, id: row.id, at: row.due_at, kind: row.due_kind };
    },

    setting(name) {
      return rows<{ value: string }>('SELECT value FROM settings WHERE name = ?', name)[0]?.value;
    },

    setSetting(name, value) {
      run(
        'INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        name,
        value,
      );
    },

    rows,
    run,

    transaction(work, keep = () => false) {
      const name = `level_${depth}`;
      database.exec(depth === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${name}`);
      const commit = depth === 0 ? 'COMMIT' : `RELEASE ${name}`;
      const undo = depth === 0 ? 'ROLLBACK' : `ROLLBACK TO ${name}; RELEASE ${name}`;
      depth += 1;
      try {
        const result = work();
        database.exec(commit);
        return result;
      } catch (error) {
        database.exec(keep(error) ? commit : undo);
        throw error;
      } finally {
        depth -= 1;
      }
    },

    close() {
      database.close();
    },
  };
  return store;
}

function conditionsOf(type: DocumentType, filter: Filter): { sql: string[]; values: SQLInputValue[] } {
  const sql = ['type = ?'];
  const values: SQLInputValue[] = [type];
  const add = (condition: string, ...given: SQLInputValue[]) => {
    sql.push(condition);
    values.push(...given);
  };
  const oneOf = (column: string, given: readonly string[]) =>
    add(`${column} IN (${given.map(() => '?').join(', ')})`, ...given);
  if (filter.customer !== undefined) add('customer = ?', filter.customer);
  if (filter.subscription !== undefined) add('subscription = ?', filter.subscription);
  if (filter.statusIn !== undefined) oneOf('status', filter.statusIn);
  if (filter.statusNot !== undefined) add('status <> ?', filter.statusNot);
  if (filter.keyIn !== undefined) oneOf('key', filter.keyIn);
  if (filter.price !== undefined) {
    add(
      "EXISTS (SELECT 1 FROM json_each(body, '$.items.data') WHERE json_extract(value, '$.price.id') = ?)",
      filter.price,
    );
  }
  if (filter.created?.gt !== undefined) add('created > ?', filter.created.gt);
  if (filter.created?.gte !== undefined) add('created >= ?', filter.created.gte);
  if (filter.created?.lt !== undefined) add('created < ?', filter.created.lt);
  if (filter.created?.lte !== undefined) add('created <= ?', filter.created.lte);
  for (const [path, value] of filter.fields ?? []) add('json_extract(body, ?) IS ?', path, value);
  return { sql, values };
}

interface Columns {
  customer: string | null;
  subscription: string | null;
  status: string | null;
  key: string | null;
}

/** The columns that lists filter by, taken from the document itself so that they cannot disagree with it. */
function columnsOf<T extends DocumentType>(type: T, document: Documents[T]): Columns {
  const fields = document as unknown as Record<string, unknown>;
  const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const parent = fields.parent as { subscription_details?: { subscription?: unknown } } | null | undefined;
  const keyField = { price: 'lookup_key', customer: 'email', meter: 'event_name', event: 'type' }[
    type as string
  ];
  return {
    customer: asText(fields.customer),
    subscription: asText(fields.subscription) ?? asText(parent?.subscription_details?.subscription),
    status: asText(fields.status),
    key: keyField === undefined ? null : asText(fields[keyField]),
  };
}
