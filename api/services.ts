/** What services bring to the API: their routes and, from packages, their parts of the page. */
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { ApiDeps } from './deps.ts';
import { Problem } from './errors.ts';
import { type ApiRouter, type ApiService, createRouter, undeclaredRoutes } from './router.ts';

/**
 * Mounts the routes of all services, each with its declared access.
 * @param app must have all of the core's routes already
 * @throws Error that names the product and the path when a route lies outside the product's paths or declares no access
 */
export function mountServices(app: ApiRouter, deps: ApiDeps): void {
  const { database, log } = deps;
  const owners = new Map(app.routes.map(({ path }) => [rootOf(path), 'the control plane']));
  for (const { product, routes } of deps.services) {
    if (!routes) continue;
    const { paths = [`/v1/${product.id}`], add } = routes;
    const refuse = (path: string, why: string) => new Error(`The service ${product.id}: ${path} ${why}.`);
    for (const path of paths) {
      if (!/^\/v1\/[a-z0-9-]+(\/|$)/.test(path)) throw refuse(path, 'must begin with /v1/ and a name');
      const owner = owners.get(rootOf(path));
      if (owner !== undefined && owner !== product.id) throw refuse(path, `belongs to ${owner}`);
      owners.set(rootOf(path), product.id);
    }
    const router = createRouter();
    add(router, { database, log, now: () => new Date() });
    for (const { path } of router.routes)
      if (!paths.some((own) => path === own || path.startsWith(`${own}/`)))
        throw refuse(path, `lies outside of ${paths.join(', ')}`);
    for (const path of undeclaredRoutes(router))
      throw refuse(
        path,
        'does not say who may use it: make it with createRoute of api/router.ts, and its access',
      );
    app.route('/', router);
  }
}

/** The first two segments: `/v1/tenants` of `/v1/tenants/{id}/usage`. */
function rootOf(path: string): string {
  return path.split('/', 3).join('/');
}

/** The addresses of the page parts that this API serves, by product. */
export function pagePartsOf(services: readonly ApiService[]): Record<string, string> {
  return Object.fromEntries(
    services.flatMap(({ product: { id }, page }) => (page === undefined ? [] : [[id, `/parts/${id}.js`]])),
  );
}

/** Serves packages' page parts as JavaScript. */
export function partRoutes({ services }: ApiDeps): ApiRouter {
  const router = createRouter();
  router.get('/parts/:file', async (c) => {
    const service = services.find(({ product }) => `${product.id}.js` === c.req.param('file'));
    if (service?.page === undefined)
      throw new Problem('not_found', 'No product has a part of the page here.');
    const source = await readFile(service.page, 'utf8');
    return c.body(service.page.endsWith('.ts') ? stripTypeScriptTypes(source) : source, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'no-cache',
    });
  });
  return router;
}
