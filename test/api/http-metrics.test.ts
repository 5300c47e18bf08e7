import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { measureRequests } from '../../api/http-metrics.ts';

test('answers are counted by method, declared route and code; probes are not', async () => {
  const registry = new Registry();
  const app = new Hono();
  app.use(measureRequests(registry));
  app.get('/v1/tenants/:id', (c) => c.json({}));
  app.post('/v1/checkout', () => {
    throw new Error('broken');
  });
  app.get('/healthz', (c) => c.text('ok'));
  app.onError((_error, c) => c.text('', 500));

  for (const id of ['a', 'b']) await app.request(`/v1/tenants/${id}`);
  await app.request('/v1/checkout', { method: 'POST' });
  await app.request('/nothing/here');
  await app.request('/healthz');

  const counts = [...(await registry.metrics()).matchAll(/^tenantry_http_request_seconds_count(.*)$/gm)];
  expect(counts.map(([, sample]) => sample)).toEqual([
    '{method="GET",route="/v1/tenants/:id",code="200"} 2',
    '{method="POST",route="/v1/checkout",code="500"} 1',
    '{method="GET",route="/*",code="404"} 1',
  ]);
});
