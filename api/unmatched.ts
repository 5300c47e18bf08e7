import type { NotFoundHandler } from 'hono';
import type { Router } from 'hono/router';
import type { RouterRoute } from 'hono/types';
import { Problem, problemResponse } from './errors.ts';

interface Routes {
  readonly routes: readonly RouterRoute[];
  readonly router: Router<[unknown, RouterRoute]>;
}

/** Answers requests without a route: 405 with `Allow` where other methods have one, else 404. */
export function unmatchedHandler(app: Routes): NotFoundHandler {
  return (c) => {
    const { method, path } = c.req;
    const allowed = methodsOf(app, path);
    if (allowed.length === 0)
      return problemResponse(new Problem('not_found', `There is nothing at ${method} ${path}.`));
    const allow = allowed.join(', ');
    const answer = problemResponse(
      new Problem('method_not_allowed', `${path} takes ${allow}, not ${method}.`),
    );
    answer.headers.set('allow', allow);
    return answer;
  };
}

/** The methods that have a route for this path. Routes for every path or every method do not count. */
function methodsOf({ routes, router }: Routes, path: string): string[] {
  const methods = new Set(routes.map(({ method }) => method));
  methods.delete('ALL');
  const allowed = [...methods].filter((method) =>
    router.match(method, path)[0].some(([[, route]]) => route.method === method && route.path !== '/*'),
  );
  // Hono answers HEAD like GET.
  return (allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed).sort();
}
