import { z } from 'zod';
import { paced, task, type Work } from '../work/index.ts';
import type { BillingContext } from './context.ts';
import { checkCatalog } from './events/check-catalog.ts';
import { keepInbox } from './events/keep-inbox.ts';
import { observeStripeEvents } from './events/metrics.ts';
import { ringUnresolvedEvents } from './events/received-events.ts';
import { resolveStripeEvent } from './events/resolve-event.ts';

/** Most events that one sweep rings for; the next one takes the rest. */
const batch = 500;

/** Handles Stripe's events that mean more than a fetch of a subscription, and compares Stripe with the catalog. */
export function billingWork(context: BillingContext): Work {
  const relaxed = { ...context, database: context.relaxedDatabase };
  const resolve = paced(context.policy.fetchesPerSecond, (id: string) => resolveStripeEvent(relaxed, id));
  return {
    tasks: {
      payments: {
        'resolve-event': task(z.object({ eventId: z.string() }), ({ eventId }) => resolve(eventId)),
        'check-catalog': () => checkCatalog(relaxed),
      },
    },
    sweep: {
      shared: {
        ringUnresolvedEvents: () => ringUnresolvedEvents(context.database, batch),
        keepInbox: () => keepInbox(context),
      },
    },
    begin(registry) {
      observeStripeEvents(registry, context.database);
      return async () => {};
    },
  };
}
