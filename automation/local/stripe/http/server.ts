/** The HTTP surface: authentication, idempotency, expansion and errors around the table of routes. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono, type Context as Request } from 'hono';
import { z } from 'zod';
import type { Account } from '../account.ts';
import { pageRoutes } from '../checkout/page-routes.ts';
import type { Controls } from '../controls.ts';
import { apiVersion } from '../delivery/event-log.ts';
import { newId } from '../ids.ts';
import { idempotencyMs } from '../schema.ts';
import { controlRoutes } from './control.ts';
import { StripeError } from './errors.ts';
import { expand } from './expansion.ts';
import { decodeForm, type Form } from './form.ts';
import { type Method, type Route, routes } from './routes.ts';

export interface ServerOptions {
  readonly account: Account;
  readonly controls: Controls;
  readonly secretKey: string;
  readonly log: (message: string) => void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** The request whose stored answer this is. */
  readonly replayOf?: string;
}

export function createServer({ account, controls, secretKey, log }: ServerOptions): Hono {
  const app = new Hono();
  app.route('/_simulator', controlRoutes(controls));
  for (const [method, path, answer] of routes) app.on(method, path, (c) => respond(c, method, answer));
  app.route('/', pageRoutes(account));
  app.notFound((c) => send(c, newId('request'), failure(unknownAddress(c.req.method, c.req.path))));
  app.onError((error, c) => send(c, newId('request'), failure(error)));

  async function respond(c: Request, method: Method, answer: Route[2]): Promise<Response> {
    const requestId = newId('request');
    try {
      authenticate(c.req.header('authorization'), secretKey);
      const encoded = method === 'POST' ? await c.req.text() : (c.req.url.split('?')[1] ?? '');
      const key = (method === 'POST' && c.req.header('idempotency-key')) || null;
      const run = () => execute(c.req.param('id') ?? '', encoded, answer, { requestId, idempotencyKey: key });
      const given =
        key === null ? run() : idempotent(key, `${method} ${c.req.path}\n${encoded}`, requestId, run);
      return send(c, requestId, given, key);
    } catch (error) {
      return send(c, requestId, failure(error));
    }
  }

  function execute(
    id: string,
    encoded: string,
    answer: Route[2],
    origin: { requestId: string; idempotencyKey: string | null },
  ): Answer {
    const form = decode(encoded);
    const paths = z.array(z.string()).optional().catch([]).parse(form.expand) ?? [];
    const body = account.perform(origin, (context) => {
      const given = answer({ context, id, form });
      return JSON.stringify(paths.length === 0 ? given : expand(context, given, paths), null, 2);
    });
    return { status: 200, body };
  }

  function failure(error: unknown): Answer {
    if (error instanceof StripeError)
      return { status: error.status, body: JSON.stringify(error.toBody(), null, 2) };
    log(`request failed: ${error instanceof Error ? error.stack : String(error)}`);
    const body = { error: { message: 'The simulator failed; its log says why.', type: 'api_error' } };
    return { status: 500, body: JSON.stringify(body, null, 2) };
  }

  /** Answers a repeated key from memory. Requests refused before they began are not remembered. */
  function idempotent(key: string, request: string, requestId: string, run: () => Answer): Answer {
    const fingerprint = createHash('sha256').update(request).digest('hex');
    const { store } = account;
    if (key.length > 255) throw new StripeError('Idempotency keys may be at most 255 characters long.');
    const [known] = store.rows<{
      fingerprint: string;
      status: number;
      body: string;
      request_id: string;
      created_ms: number;
    }>('SELECT * FROM idempotency WHERE key = ?', key);
    if (known && known.created_ms > Date.now() - idempotencyMs) {
      if (known.fingerprint !== fingerprint) {
        throw new StripeError(
          `Keys for idempotent requests can only be used with the same parameters they were first used with. ` +
            `Try using a key other than '${key}' if you meant to execute a different request.`,
          { type: 'idempotency_error' },
        );
      }
      return { status: known.status, body: known.body, replayOf: known.request_id };
    }
    let answer: Answer | undefined;
    let thrown: unknown;
    store.transaction(() => {
      try {
        answer = run();
      } catch (error) {
        thrown = error;
        if (!(error instanceof StripeError) || error.status !== 402) return;
        answer = failure(error);
      }
      store.run(
        'INSERT OR REPLACE INTO idempotency (key, fingerprint, status, body, request_id, created_ms) VALUES (?, ?, ?, ?, ?, ?)',
        key,
        fingerprint,
        answer.status,
        answer.body,
        requestId,
        Date.now(),
      );
    });
    if (answer === undefined) throw thrown;
    return answer;
  }

  function send(c: Request, requestId: string, answer: Answer, key: string | null = null): Response {
    const retry = answer.status === 409 || answer.status >= 500 ? 'true' : 'false';
    return new Response(answer.body, {
      status: answer.status,
      headers: {
        'content-type': 'application/json',
        'request-id': requestId,
        // The time of the answer, by the account's clock rather than this machine's.
        date: new Date(account.clock.now() * 1000).toUTCString(),
        // The version of the objects, whatever version the caller asked for: the simulator knows only one.
        'stripe-version': apiVersion,
        ...(answer.status >= 400 ? { 'stripe-should-retry': retry } : {}),
        ...(key === null ? {} : { 'idempotency-key': key }),
        ...(answer.replayOf === undefined
          ? {}
          : { 'idempotent-replayed': 'true', 'original-request': answer.replayOf }),
        ...(c.req.method === 'HEAD' ? { 'content-length': '0' } : {}),
      },
    });
  }

  return app;
}

function decode(encoded: string): Form {
  try {
    return decodeForm(encoded);
  } catch (error) {
    throw new StripeError(error instanceof Error ? error.message : 'Invalid request body.');
  }
}

/** Bearer, or Basic with the key as user name, as Stripe accepts it. @throws StripeError with status 401 */
function authenticate(header: string | undefined, secretKey: string): void {
  const [scheme, value = ''] = (header ?? '').split(' ', 2);
  const given =
    scheme?.toLowerCase() === 'bearer'
      ? value
      : scheme?.toLowerCase() === 'basic'
        ? (Buffer.from(value, 'base64').toString().split(':')[0] ?? '')
        : '';
  if (given === '') {
    throw new StripeError(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      { status: 401 },
    );
  }
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(secretKey))) {
    const shown =
      given.length > 12 ? `${given.slice(0, 8)}${'*'.repeat(8)}${given.slice(-4)}` : '*'.repeat(given.length);
    throw new StripeError(`Invalid API Key provided: ${shown}`, { status: 401 });
  }
}

function unknownAddress(method: string, path: string): StripeError {
  return new StripeError(
    `Unrecognized request URL (${method}: ${path}). The simulator does not know this address.`,
    {
      status: 404,
    },
  );
}
