import { z } from 'zod';
import { needsHandling } from './meanings.ts';
import type { ReceivedEvent } from './received-events.ts';

/**
 * Stripe sends events in two forms: snapshots carry the object as it was, thin notifications only name it. From both we only
 * take whom the event concerns, and ask Stripe for the rest.
 */

export class NoStripeEvent extends Error {
  override readonly name = 'NoStripeEvent';
}

/** An id or type in Stripe's form; it becomes a key in our tables and part of Stripe addresses. */
const word = z
  .string()
  .regex(/^[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*$/)
  .max(255);

// An event that is refused would come again for days, so only one without an id or type is. References that we cannot read
// are ignored.
const optionalWord = word.nullish().catch(null);
const reference = z
  .union([word, z.object({ id: word }).transform(({ id }) => id)])
  .nullish()
  .catch(null);

/** Where an event comes from: a connected account (snapshot, thin), live or test mode. */
const origin = {
  account: optionalWord,
  context: optionalWord,
  livemode: z.boolean().nullish().catch(null),
};

const snapshotEvent = z.object({
  object: z.literal('event'),
  id: word,
  type: word,
  ...origin,
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
  ...origin,
  related_object: z.object({ id: optionalWord, type: optionalWord }).nullish(),
  snapshot_event: optionalWord,
});

/**
 * Reads an event of either form. An event of another account or of the other mode concerns nothing here: an endpoint may
 * also hear of connected accounts, and both modes may share a secret.
 * @param livemode the mode of our key; null when the key does not show it
 * @throws NoStripeEvent
 */
export function readEvent(body: string, livemode: boolean | null = null): ReceivedEvent {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new NoStripeEvent('The body is not JSON.');
  }
  const snapshot = snapshotEvent.safeParse(json);
  if (snapshot.success) {
    const event = fromSnapshot(snapshot.data, body);
    return isOurs(snapshot.data, livemode) ? event : aboutNothing(event);
  }
  const thin = thinEvent.safeParse(json);
  if (thin.success) {
    const event = fromThin(thin.data, body);
    return isOurs(thin.data, livemode) ? event : aboutNothing(event);
  }
  throw new NoStripeEvent('The body is not a Stripe event.');
}

function isOurs(
  event: { readonly [Key in keyof typeof origin]?: z.infer<(typeof origin)[Key]> },
  livemode: boolean | null,
): boolean {
  const otherMode = livemode !== null && typeof event.livemode === 'boolean' && event.livemode !== livemode;
  return !event.account && !event.context && !otherMode;
}

/** An event that is only kept for people to read. */
function aboutNothing(event: ReceivedEvent): ReceivedEvent {
  return { ...event, subscriptionId: null, needsLookup: false };
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
    needsLookup: needsHandling(type),
    body,
    snapshotId: null,
  };
}

function fromThin(
  { id, type, related_object: related, snapshot_event: snapshotId }: z.infer<typeof thinEvent>,
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
    // Among objects without special handling, only these lead to a subscription.
    needsLookup: needsHandling(type) || objectType === 'invoice' || objectType === 'checkout.session',
    body,
    snapshotId: snapshotId ?? null,
  };
}
