import { createRoute } from '@hono/zod-openapi';
import { findCheckoutProblem } from '../../automation/store/subscriptions.ts';
import { listTenants } from '../../automation/store/tenants.ts';
import { tenantIdPattern } from '../../tenants/spec.ts';
import { requireCaller } from '../auth.ts';
import { tenantList, tenantQuery } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';
import { reasonOfNoTenant, tenantViews } from '../views.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/tenants',
  operationId: 'listTenants',
  tags: ['Tenants'],
  summary: 'Your tenants, newest first; all tenants for operators',
  security: bearer,
  request: { query: tenantQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: tenantList } } },
    ...problemResponses,
  },
});

export const tenantListRoutes = ({ database, authenticate }: ApiDeps) => {
  const router = createRouter();
  router.use(route.path, requireCaller(authenticate));
  return router.openapi(route, async (c) => {
    const caller = c.get('caller');
    const { limit, cursor, product, phase, checkout } = c.req.valid('query');
    const of = caller.isOperator
      ? null
      : { owner: caller.subject, customerIds: [...caller.customers.keys()] };
    const page = await listTenants(database, {
      ...of,
      ...(product && { product }),
      ...(phase && { phase }),
      ...(checkout && { checkoutId: checkout }),
      ...(cursor && { cursor: parseCursor(cursor) }),
      limit: limit + 1,
    });
    const shown = page.slice(0, limit);
    const last = page.length > limit ? shown.at(-1) : undefined;
    const problem = checkout && shown.length === 0 ? await findCheckoutProblem(database, checkout, of) : null;
    return c.json(
      {
        tenants: await tenantViews(database, shown, caller),
        nextCursor: last ? formatCursor(last) : null,
        ...(problem !== null && { reason: reasonOfNoTenant(problem) }),
      },
      200,
    );
  });
};

function formatCursor({ createdAt, id }: { createdAt: Date; id: string }): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** As `toISOString` writes the years that PostgreSQL and we can read alike. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function parseCursor(cursor: string): { createdAt: Date; id: string } {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const createdAt = new Date(time);
  if (!timePattern.test(time) || Number.isNaN(createdAt.getTime()) || !tenantIdPattern.test(id)) {
    throw new Problem('invalid_request', 'cursor: take it from nextCursor of the previous page.', [
      { field: 'cursor', message: 'is not one of ours' },
    ]);
  }
  return { createdAt, id };
}
