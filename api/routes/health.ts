import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps } from '../app.ts';
import { createRouter } from '../router.ts';

const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.record(z.string(), z.string()).openapi({ description: '`ok`, or what is wrong' }),
  })
  .openapi('Readiness');

const health = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Is the process alive?',
  responses: {
    200: {
      description: 'Yes',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
});

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Would a subscription become a tenant now?',
  responses: {
    200: { description: 'Yes', content: { 'application/json': { schema: readiness } } },
    503: { description: 'No, and what is missing', content: { 'application/json': { schema: readiness } } },
  },
});

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  responses: {
    200: { description: 'Text exposition format', content: { 'text/plain': { schema: z.string() } } },
  },
});

/** For probes and Prometheus: alive, ready (a subscription would succeed), metrics. */
export const healthRoutes = ({ readiness: ask, metrics }: ApiDeps) =>
  createRouter()
    .openapi(health, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      const answer = await ask();
      const body = { ready: answer.ready, checks: { ...answer.checks } };
      return c.json(body, answer.ready ? 200 : 503);
    })
    .openapi(metricsRoute, async (c) =>
      c.text(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
    );
