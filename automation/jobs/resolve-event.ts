import Stripe from 'stripe';
import { findUnresolvedEvent, resolveEvent, type UnresolvedEvent } from '../store/events.ts';
import { markSubscription } from '../store/subscriptions.ts';
import type { JobContext } from './context.ts';

/** Finds out which subscription an event is about when its payload does not say, and marks it. */
export async function resolveStripeEvent(context: JobContext, eventId: string): Promise<void> {
  const event = await findUnresolvedEvent(context.database, eventId);
  if (!event) return;
  const subscriptionId = await subscriptionOf(context.stripe, event);
  await context.database.transaction(async (client) => {
    if (subscriptionId) await markSubscription(client, subscriptionId);
    await resolveEvent(client, eventId, subscriptionId);
  });
}

async function subscriptionOf(stripe: Stripe, event: UnresolvedEvent): Promise<string | null> {
  if (!event.objectId) return null;
  try {
    switch (event.objectType) {
      case 'invoice': {
        const invoice = await stripe.invoices.retrieve(event.objectId);
        return idOf(invoice.parent?.subscription_details?.subscription);
      }
      case 'checkout.session': {
        const session = await stripe.checkout.sessions.retrieve(event.objectId);
        return idOf(session.subscription);
      }
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return null;
    throw error;
  }
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
