import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { anybody } from './access.ts';
import { pageConfig } from './contract/tenant.ts';
import type { ApiDeps } from './deps.ts';
import { createRoute, createRouter } from './router.ts';

const builtPage = fileURLToPath(new URL('./dashboard/dist', import.meta.url));

const route = createRoute({
  method: 'get',
  path: '/v1/config',
  operationId: 'getPageConfig',
  tags: ['Service'],
  access: anybody,
  summary: 'How the web page signs in',
  responses: { 200: { description: 'Settings', content: { 'application/json': { schema: pageConfig } } } },
});

/** The web page as Vite built it, and its settings. */
export const pageRoutes = (deps: ApiDeps) => {
  const router = createRouter();
  router.openapi(route, (c) =>
    c.json(deps.pageConfigs.get(c.req.header('host') ?? '') ?? deps.pageConfig, 200),
  );
  // Names of assets contain a hash of their content.
  router.use('/assets/*', async (c, next) => {
    await next();
    if (c.res.ok) c.header('cache-control', 'public, max-age=31536000, immutable');
  });
  router.use('/', async (c, next) => {
    await next();
    c.header('cache-control', 'no-cache');
  });
  router.get('/*', serveStatic({ root: builtPage }));
  return router;
};
