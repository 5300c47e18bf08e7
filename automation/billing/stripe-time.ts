import type Stripe from 'stripe';

/**
 * Stripe's time when it answered, in seconds. Stripe prorates by its own clock, not by ours.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.date
 */
export function stripeNow<T>({ lastResponse }: Stripe.Response<T>): number {
  const date = Date.parse(lastResponse.headers.date ?? '');
  return Math.floor((Number.isNaN(date) ? Date.now() : date) / 1000);
}
