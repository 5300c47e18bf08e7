import Stripe from 'stripe';
import {
  NoStripeEvent,
  type ReceivedEvent,
  readEvent as readStripeEvent,
} from '../../automation/billing/events/index.ts';
import { Problem } from '../errors.ts';

/**
 * Checks Stripe's signature over the raw body: made with one of our secrets, at most five minutes ago.
 * @throws Problem `invalid_signature`
 */
export function verifySignature(
  stripe: Stripe,
  body: string,
  signature: string | undefined,
  secrets: readonly string[],
): void {
  if (!signature) throw new Problem('invalid_signature', 'The header Stripe-Signature is missing.');
  const { signature: verifier } = stripe.webhooks;
  if (!verifier) throw new Error('this Stripe client cannot verify signatures');
  let isStale = false;
  for (const secret of secrets) {
    try {
      verifier.verifyHeader(body, signature, secret, 300);
      return;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error;
      isStale ||= /tolerance/i.test(error.message);
    }
  }
  throw new Problem(
    'invalid_signature',
    isStale
      ? 'The signature is older than five minutes.'
      : 'No signature in the header Stripe-Signature matches the body.',
  );
}

/**
 * Reads a verified event of either form.
 * @param livemode the mode of our key; null when it does not tell
 * @throws Problem `invalid_request` when the body is no Stripe event
 */
export function readEvent(body: string, livemode: boolean | null = null): ReceivedEvent {
  try {
    return readStripeEvent(body, livemode);
  } catch (error) {
    if (error instanceof NoStripeEvent) throw new Problem('invalid_request', error.message);
    throw error;
  }
}
