import type { Context, MiddlewareHandler } from 'hono';
import { type Access, refusalOf } from './access.ts';
import type { Authenticate } from './auth.ts';
import { askedTenant } from './contract/tenant.ts';
import { type Scoped, type ScopeSources, scopedTo } from './scoped/index.ts';

/** What stands between a request and the routes. */
export interface Guard extends ScopeSources {
  readonly authenticate: Authenticate;
}

/**
 * What the guard adds to a request for its handler. Without the app's `guard` every guarded route fails rather than
 * let anybody pass.
 */
export interface ApiVariables extends Scoped {
  readonly guard: Guard;
}

/**
 * Puts the principal and the stores that are scoped to it on the request.
 * @throws Problem `unauthenticated`; `forbidden` where the route is not for this principal, but `not_found` when the route
 *   is about a tenant that the principal must not know of
 */
export function guarded(access: Access): MiddlewareHandler<{ Variables: ApiVariables }> {
  return async (c, next) => {
    const { authenticate, ...sources } = c.get('guard');
    const principal = await authenticate(c.req.header('authorization'));
    c.header('cache-control', 'no-store');
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    const scoped = scopedTo(principal, sources, changes);
    const refusal = refusalOf(access, principal);
    if (refusal) {
      const id = askedId(c);
      if (id !== undefined) await scoped.tenants.find(askedTenant(id));
      throw refusal;
    }
    c.set('principal', scoped.principal);
    c.set('tenants', scoped.tenants);
    c.set('organizations', scoped.organizations);
    c.set('subscriptions', scoped.subscriptions);
    c.set('invoices', scoped.invoices);
    c.set('exports', scoped.exports);
    c.set('receipts', scoped.receipts);
    c.set('endpoints', scoped.endpoints);
    await next();
  };
}

/** The tenant of the request's path, where there is one. */
function askedId(c: Context): string | undefined {
  return c.req.path.startsWith('/v1/tenants/') ? c.req.param('id') : undefined;
}
