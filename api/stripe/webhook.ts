import { bodyLimit } from 'hono/body-limit';
import { createInbox } from '../../automation/billing/events/index.ts';
import { anybody } from '../access.ts';
import { stripeEventReceived } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { readEvent, verifySignature } from './event.ts';

/** Far above Stripe's largest events. */
const maxBodyBytes = 1024 * 1024;

const route = createRoute({
  method: 'post',
  path: '/webhooks/stripe',
  operationId: 'receiveStripeEvent',
  tags: ['Service'],
  access: anybody,
  summary: 'Stripe reports an event',
  description:
    'For Stripe only: the header `Stripe-Signature` must sign the raw body. Snapshot and thin events are taken; ' +
    'an event that is here already is acknowledged and changes nothing.',
  responses: {
    200: {
      description: 'The event is durable',
      content: {
        'application/json': { schema: stripeEventReceived },
      },
    },
    ...problemResponses,
  },
});

/**
 * Receives Stripe's events. Answers 2xx only after the commit that stores the event and marks its subscription; nothing else
 * happens in the request.
 */
export function stripeWebhook({ database, stripe, webhookSecrets, livemode, metrics }: ApiDeps) {
  const inbox = createInbox(database);
  const router = createRouter();
  router.use(
    route.path,
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new Problem('payload_too_large', `A webhook has at most ${maxBodyBytes} bytes.`);
      },
    }),
  );
  return router.openapi(route, async (c) => {
    const stopTimer = metrics.webhookSeconds.startTimer();
    const body = await c.req.text();
    verifySignature(stripe, body, c.req.header('stripe-signature'), webhookSecrets);
    const event = readEvent(body, livemode);
    const fresh = await inbox.receive(event);
    stopTimer();
    metrics.webhooks.inc({ outcome: fresh ? 'received' : 'duplicate' });
    return c.json({ received: true as const, duplicate: !fresh }, 200);
  });
}
