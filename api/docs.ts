import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';

export const openApiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Tenantry',
    version: '1',
    description:
      'A paid Stripe subscription becomes an isolated tenant. Errors are RFC 9457 problem details. Bearer tokens are ' +
      'JWTs with the scope `tenant` (your own tenants) or `operator` (all of them), or API keys (`tk_…`); each ' +
      'operation says in `x-access` whom it is for.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
};

const assets = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const;

/** A separate file, so that no page needs to allow inline scripts. */
const startScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true });`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tenantry API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** Swagger UI for `/openapi.json`, from its npm package: no file comes from elsewhere. */
export function docsRoutes(): Hono {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const routes = new Hono();
  routes.get('/docs', (c) => c.html(html));
  routes.get('/docs/start.js', (c) => c.body(startScript, 200, { 'content-type': 'text/javascript' }));
  for (const [file, type] of Object.entries(assets)) {
    routes.get(`/docs/${file}`, async (c) =>
      c.body(await readFile(join(folder, file)), 200, {
        'content-type': type,
        'cache-control': 'max-age=3600',
      }),
    );
  }
  return routes;
}
