/** Only the customer's pages may send their forms. */

import type { Context as Request } from 'hono';
import { StripeError } from '../http/errors.ts';

/** @throws StripeError with status 403 for a form that another origin's page sent */
export function assertSameOrigin(c: Request): void {
  const origin = c.req.header('origin');
  if (origin !== undefined && origin !== 'null' && URL.parse(origin)?.host !== c.req.header('host')) {
    throw new StripeError('The form was sent by a page of another origin.', { status: 403 });
  }
}
