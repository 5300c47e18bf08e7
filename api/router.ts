import { createRoute as describeRoute, OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Service } from '../automation/service.ts';
import type { Access } from './access.ts';
import { idempotencyHeaders } from './contract/idempotency.ts';
import { problem } from './contract/tenant.ts';
import { Problem } from './errors.ts';
import { type ApiVariables, authenticated, guarded } from './guard.ts';
import { repeatable } from './idempotency.ts';

// For services: a package must use this very copy, because OpenAPI does not describe schemas of another one.
export { z } from '@hono/zod-openapi';

export type ApiRouter = OpenAPIHono<{ Variables: ApiVariables }>;
/** A service, as the API sees it. */
export type ApiService = Service<ApiRouter>;

/** A router that describes its routes for OpenAPI and parses input before a handler sees it. */
export function createRouter(): ApiRouter {
  const router: ApiRouter = new OpenAPIHono<{ Variables: ApiVariables }>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.map((issue) => ({
        field: issue.path.join('.') || unknownKeys(issue),
        message: issue.message,
      }));
      const detail = errors
        .map(({ field, message }) => (field ? `${field}: ${message}` : message))
        .join('; ');
      throw new Problem('invalid_request', detail, errors);
    },
  });
  const add: ApiRouter['openapi'] = router.openapi;
  router.openapi = ((route, ...rest) => {
    if (!declared.has(route))
      throw new Error(
        `${route.method.toUpperCase()} ${route.path} does not say who may use it: make it with createRoute of api/router.ts, and its access.`,
      );
    addressesOf(router).add(`${route.method.toUpperCase()} ${route.path.replaceAll(/\/{(.+?)}/g, '/:$1')}`);
    return add(route, ...rest);
  }) as ApiRouter['openapi'];
  return router;
}

/** Finds routes that were not added with `openapi` and so declare no access. */
export function undeclaredRoutes(router: ApiRouter): string[] {
  const known = addressesOf(router);
  return (
    router.routes
      // `use` adds middleware for all methods, which takes `next`.
      .filter(({ method, path, handler }) =>
        method === 'ALL' ? handler.length < 2 : !known.has(`${method} ${path}`),
      )
      .map(({ path }) => path)
  );
}

const addresses = new WeakMap<object, Set<string>>();

function addressesOf(router: object): Set<string> {
  const known = addresses.get(router) ?? new Set();
  addresses.set(router, known);
  return known;
}

const declared = new WeakSet<object>();

type Declared<Path extends string> = Omit<RouteConfig, 'path' | 'security' | 'middleware'> & {
  readonly path: Path;
  /** One of `api/access.ts`. Handlers of all routes that are not public have a principal. */
  readonly access: Access | null;
  /** For a POST that only asks: viewers may send it, and its `Idempotency-Key` does nothing. */
  readonly changesNothing?: true;
};

/**
 * A route with its access, which the OpenAPI document also shows as `x-access`. A POST that changes something takes an
 * `Idempotency-Key`.
 */
export function createRoute<Path extends string, Route extends Declared<Path>>(
  route: Route & { readonly path: Path },
) {
  const { access, changesNothing = false, ...described } = route;
  const changes = !changesNothing && route.method !== 'get' && route.method !== 'head';
  const repeats = access !== null && changes && route.method === 'post';
  const made = describeRoute<Path, Route>({
    ...described,
    ...(access !== null && {
      security: [{ bearer: [] }],
      middleware: [
        authenticated,
        guarded(access, changes),
        ...(repeats ? [repeatable(`POST ${route.path}`)] : []),
      ],
      'x-access': { people: access.people, keys: access.keys },
    }),
    ...(repeats && { request: { ...route.request, headers: idempotencyHeaders } }),
  } as unknown as Route);
  declared.add(made);
  return made;
}

function unknownKeys(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : '';
}

/** An answer of a route. */
export const json = <Schema>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

/** The body of a request, which a route requires. */
export const jsonBody = <Schema>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
});

/** The answers that every route with a token can give beside its own. */
export const problemResponses = {
  default: {
    description: 'An error',
    content: { 'application/problem+json': { schema: problem } },
  },
} as const;
