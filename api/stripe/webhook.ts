import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { receiveEvent } from '../../automation/store/events.ts';
import type { ApiDeps } from '../app.ts';
import { Problem } from '../errors.ts';
import { readEvent, verifySignature } from './event.ts';

/** Stripe's largest events are far below this. */
const maxBodyBytes = 1024 * 1024;

/**
 * Receives Stripe's events. The answer is 2xx only after the commit that makes the event durable and marks its
 * subscription; nothing else happens in the request.
 */
export function stripeWebhook({ database, stripe, webhookSecrets, metrics }: ApiDeps): Hono {
  return new Hono().post(
    '/webhooks/stripe',
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new Problem('payload_too_large', `A webhook has at most ${maxBodyBytes} bytes.`);
      },
    }),
    async (c) => {
      const stopTimer = metrics.webhookSeconds.startTimer();
      const body = await c.req.text();
      await verifySignature(stripe, body, c.req.header('stripe-signature'), webhookSecrets);
      const event = readEvent(body);
      const fresh = await receiveEvent(database, event);
      stopTimer();
      metrics.webhooks.inc({ outcome: fresh ? 'received' : 'duplicate' });
      return c.json({ received: true, duplicate: !fresh });
    },
  );
}
