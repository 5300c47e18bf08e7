import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import {
  type Answer,
  type Claim,
  claimRequest,
  recordAnswer,
  releaseClaim,
  requestToken,
} from '../automation/idempotency/index.ts';
import type { Queryable } from '../automation/store/database.ts';
import { idempotencyKey } from './contract/idempotency.ts';
import { Problem } from './errors.ts';
import type { ApiVariables } from './guard.ts';
import { principalId } from './principal.ts';

/** What a handler uses to make its request repeatable. */
export interface Idempotency {
  /**
   * Records the answer in the transaction that does the work, so that no crash can come between them. A handler whose work is
   * safe to do twice need not call it.
   */
  keep(client: Queryable, status: number, body: unknown): Promise<void>;
  /** A token for ids and for other services' keys: the same in every repeat; random for a request without a key. */
  token(purpose: string): string;
}

/** Marks the answer to a repeated request. */
const replayedHeader = 'idempotent-replayed';

/**
 * Gives a repeated `Idempotency-Key` the first answer again, for 24 hours. Records only requests that did their work: a
 * refused one changed nothing and may be sent again with the same key.
 * @param route the method and the pattern of the path
 */
export function repeatable(route: string): MiddlewareHandler<{ Variables: ApiVariables }> {
  return async (c, next) => {
    const given = c.req.header('idempotency-key');
    if (given === undefined) {
      c.set('idempotency', { keep: async () => {}, token: () => randomBytes(32).toString('base64url') });
      return next();
    }
    const { database, log } = c.get('guard');
    const request = {
      principal: principalId(c.get('principal')),
      route,
      key: keyOf(given),
      content: [
        c.req.url.slice(new URL(c.req.url).origin.length),
        await c.req.text(),
        ...contentHeaders(c.req.raw.headers),
      ],
    };
    const claimed = await claimRequest(database, request);
    if (claimed.outcome === 'answered') return replay(claimed.answer);
    if (claimed.outcome === 'different')
      throw new Problem('idempotency_key_reused', 'Idempotency-Key: was used before for another request.', [
        { field: 'Idempotency-Key', message: 'was used before for another request' },
      ]);
    if (claimed.outcome === 'busy')
      throw new Problem(
        'request_in_progress',
        'A request with this Idempotency-Key is being worked on.',
        [],
        { 'retry-after': String(claimed.retryAfterSeconds) },
      );
    const { claim } = claimed;
    let kept = false;
    c.set('idempotency', {
      keep: async (client, status, body) => {
        const answer = { status, headers: jsonHeaders, body: JSON.stringify(body) };
        // Another request took the claim over and does the work, so this transaction must not.
        if (!(await recordAnswer(client, claim, answer))) throw new Error('the claim was taken over');
        kept = true;
      },
      token: (purpose) => requestToken(request, purpose),
    });
    await next();
    await settle(c, claim, kept).catch((error: unknown) =>
      // The claim expires by itself.
      log.error({ error, route }, 'cannot record the answer to a repeatable request'),
    );
  };
}

async function settle(c: Context<{ Variables: ApiVariables }>, claim: Claim, kept: boolean): Promise<void> {
  const { database } = c.get('guard');
  if (!c.res.ok) return releaseClaim(database, claim);
  if (kept) return;
  const contentType = c.res.headers.get('content-type');
  await recordAnswer(database, claim, {
    status: c.res.status,
    headers: contentType === null ? {} : { 'content-type': contentType },
    body: await c.res.clone().text(),
  });
}

/** Headers that are part of the content, by name: how to read the body, and a CloudEvent's attributes. */
function contentHeaders(headers: Headers): string[] {
  return [...headers]
    .filter(([name]) => name === 'content-type' || name.startsWith('ce-'))
    .map(([name, value]) => `${name}: ${value}`);
}

const jsonHeaders = { 'content-type': 'application/json' };

function replay({ status, headers, body }: Answer): Response {
  const bodiless = status === 204;
  return new Response(bodiless ? null : body, { status, headers: { ...headers, [replayedHeader]: 'true' } });
}

function keyOf(given: string): string {
  const parsed = idempotencyKey.safeParse(given);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? 'is not a key';
  throw new Problem('invalid_request', `Idempotency-Key: ${message}`, [
    { field: 'Idempotency-Key', message },
  ]);
}
