import { Hono } from 'hono';
import type { ApiDeps } from '../app.ts';

/** For probes and Prometheus: alive, ready (a subscription would succeed), metrics. */
export const healthRoutes = ({ readiness, metrics }: ApiDeps): Hono =>
  new Hono()
    .get('/healthz', (c) => c.json({ status: 'ok' }))
    .get('/readyz', async (c) => {
      const { ready, checks } = await readiness();
      return c.json({ ready, checks }, ready ? 200 : 503);
    })
    .get('/metrics', async (c) =>
      c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
    );
