/** Stripe's list objects: newest first, cursors by object id. */

import type { Context } from '../context.ts';
import type { Documents, DocumentType, ListOf } from '../documents.ts';
import type { Filter, Page } from '../store.ts';
import { StripeError } from './errors.ts';

/** @throws StripeError when a cursor names no object of this type, or both cursors are given */
export function listOf<T extends DocumentType>(
  context: Context,
  type: T,
  url: string,
  filter: Filter,
  page: Page,
): ListOf<Documents[T]> {
  if (page.starting_after !== undefined && page.ending_before !== undefined) {
    throw new StripeError('You may only specify one of these parameters: ending_before, starting_after.', {
      param: 'ending_before',
    });
  }
  const found = context.store.list(type, filter, page);
  if (!found) {
    const param = page.ending_before === undefined ? 'starting_after' : 'ending_before';
    const id = page.ending_before ?? page.starting_after ?? '';
    throw new StripeError(`No such ${type}: '${id}'`, { code: 'resource_missing', param });
  }
  return { object: 'list', data: found.data, has_more: found.has_more, url };
}

/** A list that is part of another object and complete. */
export function embeddedList<T>(data: T[], url: string): ListOf<T> {
  return { object: 'list', data, has_more: false, url };
}
