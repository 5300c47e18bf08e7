/** The control API under `/_simulator`: JSON, and only for callers on this machine. */

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Controls } from '../controls.ts';
import { StripeError } from './errors.ts';

const rate = z.number().min(0).max(1);
const faultsBody = z.strictObject({
  duplicate: rate.optional(),
  reorder: rate.optional(),
  drop: rate.optional(),
  delayMs: z.number().min(0).max(600_000).optional(),
  seed: z.int().min(0).max(4_294_967_295).optional(),
});
const advanceBody = z.union([
  z.strictObject({ seconds: z.int().min(0) }),
  z.strictObject({ to: z.int().min(0) }),
]);
const destinationsBody = z.strictObject({
  destinations: z.array(
    z.strictObject({
      url: z.url(),
      secret: z.string().min(1),
      form: z.enum(['snapshot', 'thin']),
      events: z.array(z.string()).min(1).optional(),
    }),
  ),
});
const payBody = z.strictObject({
  decline: z.boolean().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
  code: z.string().optional(),
});
const disputeBody = z.strictObject({ reason: z.string().optional() });
const closeBody = z.strictObject({ status: z.enum(['won', 'lost']) });
const cardBody = z.strictObject({ works: z.boolean(), retry: z.boolean().optional() });

async function body<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const given = (await c.req.text()) || '{}';
  let json: unknown;
  try {
    json = JSON.parse(given);
  } catch {
    throw new StripeError('The body is not JSON.');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new StripeError(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Fields that are absent rather than undefined. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function controlRoutes(controls: Controls): Hono {
  const app = new Hono();
  app.use(localOnly);
  app.get('/', (c) => c.json(controls.state()));
  app.get('/clock', (c) => c.json(controls.clock()));
  app.post('/clock/advance', async (c) => c.json(await controls.advanceClock(await body(c, advanceBody))));
  app.get('/faults', (c) => c.json(controls.state().faults));
  app.post('/faults', async (c) => c.json(controls.setFaults(given(await body(c, faultsBody)))));
  app.get('/deliveries', (c) => c.json({ deliveries: controls.deliveries(c.req.query('event')) }));
  app.post('/deliveries/flush', async (c) => c.json(await controls.flushDeliveries()));
  app.post('/deliveries/pause', (c) => {
    controls.pauseDeliveries();
    return c.json({ paused: true });
  });
  app.post('/deliveries/resume', (c) => {
    controls.resumeDeliveries();
    return c.json({ paused: false });
  });
  app.post('/destinations', async (c) => {
    const { destinations } = await body(c, destinationsBody);
    controls.setDestinations(
      destinations.map(({ events, ...rest }) => (events ? { ...rest, events } : rest)),
    );
    return c.json({ destinations: controls.state().destinations });
  });
  app.post('/checkout/:id/pay', async (c) =>
    c.json(controls.payCheckout(c.req.param('id'), given(await body(c, payBody)))),
  );
  app.post('/customers/:id/card', async (c) => {
    const { works, retry } = await body(c, cardBody);
    return c.json(controls.setCard(c.req.param('id'), { works, retry: retry ?? false }));
  });
  app.post('/invoices/:id/dispute', async (c) => {
    const { reason } = await body(c, disputeBody);
    return c.json(controls.disputeInvoice(c.req.param('id'), reason ?? 'fraudulent'));
  });
  app.post('/disputes/:id/close', async (c) =>
    c.json(controls.closeDispute(c.req.param('id'), (await body(c, closeBody)).status)),
  );
  app.post('/refunds/:id/fail', (c) => c.json(controls.failRefund(c.req.param('id'))));
  app.post('/events/replay/:id', (c) => c.json(controls.replayEvent(c.req.param('id'))));
  return app;
}

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const localNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Refuses other machines, foreign names for this one, and pages of other origins. */
export const localOnly: MiddlewareHandler = async (c, next) => {
  const address = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
    ?.socket?.remoteAddress;
  const host = c.req.header('host') ?? '';
  const origin = c.req.header('origin');
  const foreign =
    (address !== undefined && !loopback.has(address)) ||
    !localNames.has(host.replace(/:\d+$/, '')) ||
    (origin !== undefined && origin !== `http://${host}`);
  if (foreign)
    return c.json(
      { error: { message: 'Only for callers on this machine.', type: 'invalid_request_error' } },
      403,
    );
  return next();
};
