/** Search of customers, with Stripe's own weak guarantees: https://docs.stripe.com/search#search-query-language */

import { z } from 'zod';
import type { Context } from '../context.ts';
import type { CustomerDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { anyCall, integer, parseParams, text } from '../http/params.ts';

/**
 * "Don't use search for read-after-write flows because the data won't be immediately available to search. Under
 * normal operating conditions, data is searchable in less than 1 minute." The simulator always takes that minute.
 */
const indexingSeconds = 60;

const searchParams = z.strictObject({
  ...anyCall,
  query: text,
  limit: integer.pipe(z.int().min(1).max(100)).optional(),
  page: text.optional(),
});

const metadataQuery = /^metadata\[(["'])([\w-]{1,40})\1\]:(["'])([^"'\\]{1,500})\3$/;

export interface SearchResult<T> {
  readonly object: 'search_result';
  readonly data: T[];
  readonly has_more: boolean;
  readonly next_page: string | null;
  readonly url: string;
}

/** Customers by one field of their metadata, newest first. */
export function searchCustomers(context: Context, form: Form): SearchResult<CustomerDoc> {
  const { query, limit = 10, page } = parseParams(searchParams, form);
  const [, , key, , value] = metadataQuery.exec(query) ?? [];
  if (key === undefined || value === undefined) {
    throw new StripeError(
      `We were unable to parse your search query. The simulator knows only metadata['key']:'value'.`,
      { param: 'query' },
    );
  }
  const found = context.store.list(
    'customer',
    {
      fields: [[`$.metadata."${key}"`, value]],
      created: { lte: context.now() - indexingSeconds },
    },
    { limit, starting_after: page },
  );
  if (!found) throw new StripeError(`Invalid page: '${page}'`, { param: 'page' });
  return {
    object: 'search_result',
    data: found.data,
    has_more: found.has_more,
    next_page: found.has_more ? (found.data.at(-1)?.id ?? null) : null,
    url: '/v1/customers/search',
  };
}
