import { instanceHeader } from '../../automation/instance.ts';
import { anybody } from '../access.ts';
import { alive, exposition, notReady, readiness, readinessQuery } from '../contract/health.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem, problemBody } from '../errors.ts';
import { createRoute, createRouter } from '../router.ts';

const health = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  tags: ['Service'],
  access: anybody,
  summary: 'Is the process alive?',
  responses: {
    200: {
      description: 'Yes',
      content: { 'application/json': { schema: alive } },
    },
  },
});

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  tags: ['Service'],
  access: anybody,
  summary: 'Would a subscription become a tenant now?',
  description:
    'A load balancer excludes checks without which the API can still receive events: `/readyz?exclude=worker`.',
  request: { query: readinessQuery },
  responses: {
    200: { description: 'Yes', content: { 'application/json': { schema: readiness } } },
    503: {
      description: 'No, and what is missing',
      content: { 'application/problem+json': { schema: notReady } },
    },
  },
});

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags: ['Service'],
  access: anybody,
  summary: 'Metrics for Prometheus',
  responses: {
    200: { description: 'Text exposition format', content: { 'text/plain': { schema: exposition } } },
  },
});

/** For probes and Prometheus: alive, ready (a subscription would succeed), metrics. */
export const healthRoutes = ({ readiness: ask, metrics, instance }: ApiDeps) =>
  createRouter()
    .openapi(health, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      const { ready, checks, warnings: given } = await ask(c.req.valid('query').exclude);
      if (instance !== undefined) c.header(instanceHeader, instance);
      const warnings = [...given];
      if (ready) return c.json({ ready, checks: { ...checks }, warnings }, 200);
      const missing = Object.entries(checks).filter(([, result]) => result !== 'ok');
      const detail = missing.map(([name, result]) => `${name}: ${result}`).join('; ');
      const body = {
        ...problemBody(new Problem('unavailable', detail)),
        ready,
        checks: { ...checks },
        warnings,
      };
      return c.json(body, 503, { 'content-type': 'application/problem+json' });
    })
    .openapi(metricsRoute, async (c) =>
      c.text(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
    );
