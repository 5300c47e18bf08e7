import type { Context, MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { type Access, refusalOf } from './access.ts';
import type { Authenticate } from './auth.ts';
import { askedTenant } from './contract/tenant.ts';
import { Problem } from './errors.ts';
import type { Idempotency } from './idempotency.ts';
import { type RateLimits, rateLimitHeaders } from './rate-limits.ts';
import { type Scoped, type ScopeSources, scopedTo } from './scoped/index.ts';

export interface Guard extends ScopeSources {
  readonly authenticate: Authenticate;
  readonly rateLimits: RateLimits;
  readonly log: Logger;
}

/**
 * What the guard puts on a request for its handler. Without the app's `guard` every guarded route fails instead of letting
 * anybody pass.
 */
export interface ApiVariables extends Scoped {
  readonly guard: Guard;
  /**
   * Authenticates again and answers who asks and what they reach now: for answers without an end.
   * @throws Problem as the route does for a new request
   */
  readonly renew: () => Promise<Scoped>;
  /** Only on routes that change something by POST. */
  readonly idempotency: Idempotency;
}

type Middleware = MiddlewareHandler<{ Variables: ApiVariables }>;

/**
 * Finds the principal and counts the request. Every answer from here on says what is left of the principal's limit.
 * @throws Problem `unauthenticated` or `rate_limited`
 */
export const authenticated: Middleware = async (c, next) => {
  const { authenticate, rateLimits } = c.get('guard');
  const principal = await authenticate(c.req.header('authorization'));
  const allowance = await rateLimits.consume(principal);
  const headers = rateLimitHeaders(allowance);
  if (!allowance.allowed)
    throw new Problem(
      'rate_limited',
      `At most ${allowance.limit} requests a minute are answered; ask again in ${allowance.resetSeconds} s.`,
      [],
      { ...headers, 'retry-after': String(allowance.resetSeconds) },
    );
  c.set('principal', principal);
  c.header('cache-control', 'no-store');
  await next();
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
};

/**
 * Lets a principal pass that may use the route, and puts the stores that are scoped to it on the request.
 * @param changes true for a route that changes something, which viewers may not do
 * @throws Problem `forbidden` when the principal may not use the route, but `not_found` when the route is about a tenant
 *   that the principal must not know of
 */
export function guarded(access: Access, changes: boolean): Middleware {
  return async (c, next) => {
    const principal = c.get('principal');
    const guard = c.get('guard');
    const scoped = scopedTo(principal, guard, changes);
    const refusal = refusalOf(access, principal);
    if (refusal) {
      const id = askedId(c);
      if (id !== undefined) await scoped.tenants.find(askedTenant(id));
      throw refusal;
    }
    c.set('tenants', scoped.tenants);
    c.set('organizations', scoped.organizations);
    c.set('subscriptions', scoped.subscriptions);
    c.set('invoices', scoped.invoices);
    c.set('exports', scoped.exports);
    c.set('receipts', scoped.receipts);
    c.set('endpoints', scoped.endpoints);
    const authorization = c.req.header('authorization');
    c.set('renew', async () => {
      const now = await guard.authenticate(authorization);
      const refused = refusalOf(access, now);
      if (refused) throw refused;
      return scopedTo(now, guard, changes);
    });
    await next();
  };
}

/** The id of the tenant in the request's path, if there is one. */
function askedId(c: Context): string | undefined {
  return c.req.path.startsWith('/v1/tenants/') ? c.req.param('id') : undefined;
}
