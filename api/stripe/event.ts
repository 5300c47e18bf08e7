import Stripe from 'stripe';
import { z } from 'zod';
import type { ReceivedEvent } from '../../automation/store/events.ts';
import { Problem } from '../errors.ts';

/*
 * Stripe sends events in two forms: snapshots, which carry the object as it was, and thin notifications, which only
 * name it. Of either we take only whose it is; what it means is fetched afterwards.
 */

/** An id or type as Stripe makes them; it becomes a key in our tables and a part of addresses at Stripe. */
const word = z
  .string()
  .regex(/^[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*$/)
  .max(255);

// Only an event without an id or type is refused: Stripe would send it again for days to the same answer. What it
// refers to in a way that we cannot read is taken as nothing.
const optionalWord = word.nullish().catch(null);
const reference = z
  .union([word, z.object({ id: word }).transform(({ id }) => id)])
  .nullish()
  .catch(null);

const snapshotEvent = z.object({
  object: z.literal('event'),
  id: word,
  type: word,
  data: z.object({
    object: z.object({
      object: optionalWord,
      id: optionalWord,
      subscription: reference,
      parent: z
        .object({ subscription_details: z.object({ subscription: reference }).nullish().catch(null) })
        .nullish()
        .catch(null),
    }),
  }),
});

const thinEvent = z.object({
  object: z.literal('v2.core.event'),
  id: word,
  type: word,
  related_object: z.object({ id: optionalWord, type: optionalWord }).nullish(),
});

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
 * @throws Problem `invalid_request` when the body is no Stripe event
 */
export function readEvent(body: string): ReceivedEvent {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new Problem('invalid_request', 'The body is not JSON.');
  }
  const snapshot = snapshotEvent.safeParse(json);
  if (snapshot.success) return fromSnapshot(snapshot.data, body);
  const thin = thinEvent.safeParse(json);
  if (thin.success) return fromThin(thin.data, body);
  throw new Problem('invalid_request', 'The body is not a Stripe event.');
}

function fromSnapshot({ id, type, data }: z.infer<typeof snapshotEvent>, body: string): ReceivedEvent {
  const { object } = data;
  const subscriptionId =
    object.object === 'subscription'
      ? object.id
      : (object.parent?.subscription_details?.subscription ?? object.subscription);
  return {
    id,
    type,
    objectType: object.object ?? null,
    objectId: object.id ?? null,
    subscriptionId: subscriptionId ?? null,
    needsLookup: false,
    body,
  };
}

function fromThin(
  { id, type, related_object: related }: z.infer<typeof thinEvent>,
  body: string,
): ReceivedEvent {
  const objectType = related?.type ?? null;
  const isSubscription = objectType === 'subscription';
  return {
    id,
    type,
    objectType,
    objectId: related?.id ?? null,
    subscriptionId: (isSubscription && related?.id) || null,
    // Of the other objects only these lead to a subscription.
    needsLookup: objectType === 'invoice' || objectType === 'checkout.session',
    body,
  };
}
