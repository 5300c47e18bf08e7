import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { Histogram, type Registry } from 'prom-client';

/** Machines' requests about this process are not measured, because they would hide what customers get. */
const unmeasured: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Measures every answer by method, status code and route. The route is the declared one, so that ids make no series. */
export function measureRequests(registry: Registry) {
  const seconds = new Histogram({
    name: 'tenantry_http_request_seconds',
    help: 'Time until an answer began',
    labelNames: ['method', 'route', 'code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return createMiddleware(async (c, next) => {
    const stop = seconds.startTimer();
    await next();
    const route = matchedRoutes(c).at(-1)?.path ?? '/*';
    if (!unmeasured.has(route)) stop({ method: c.req.method, route, code: String(c.res.status) });
  });
}
