import { tenantIdPattern } from '../../tenants/spec.ts';
import { peopleAndKeys } from '../access.ts';
import { tenantList, tenantQuery } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { reasonOfNoTenant, tenantViews } from '../views.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/tenants',
  operationId: 'listTenants',
  tags: ['Tenants'],
  summary: 'Your tenants, newest first; all tenants for operators',
  access: peopleAndKeys('tenants:read'),
  request: { query: tenantQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: tenantList } } },
    ...problemResponses,
  },
});

export const tenantListRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();
  return router.openapi(route, async (c) => {
    const { limit, cursor, product, phase, checkout } = c.req.valid('query');
    const page = await c.get('tenants').list({
      ...(product && { product }),
      ...(phase && { phase }),
      ...(checkout && { checkoutId: checkout }),
      ...(cursor && { cursor: parseCursor(cursor) }),
      limit: limit + 1,
    });
    const shown = page.slice(0, limit);
    const last = page.length > limit ? shown.at(-1) : undefined;
    const problem = checkout && shown.length === 0 ? await c.get('tenants').checkoutProblem(checkout) : null;
    return c.json(
      {
        tenants: await tenantViews(database, shown, c.get('principal')),
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
