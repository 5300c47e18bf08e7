import { peopleAndKeys } from '../access.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { tenantList, tenantQuery } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { type Order, readPage } from '../lists.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { reasonOfNoTenant, tenantViews } from '../views.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/tenants',
  operationId: 'listTenants',
  tags: ['Tenants'],
  summary: 'Your tenants, newest first unless sorted otherwise; all tenants for operators',
  access: peopleAndKeys('tenants:read'),
  request: { query: tenantQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: tenantList } } },
    ...problemResponses,
  },
});

const order: Order<'createdAt' | 'slug'> = {
  id: textPosition,
  by: { createdAt: timePosition, slug: textPosition },
};

export const tenantListRoutes = ({ database }: ApiDeps) =>
  createRouter().openapi(route, async (c) => {
    const query = c.req.valid('query');
    const { checkout } = query;
    const { shown, nextCursor } = await readPage(
      order,
      { path: c.req.path, query },
      (page) => c.get('tenants').list(query, page),
      (tenant, by) => [tenant[by], tenant.id],
    );
    const problem = checkout && shown.length === 0 ? await c.get('tenants').checkoutProblem(checkout) : null;
    return c.json(
      {
        tenants: await tenantViews(database, shown, c.get('principal')),
        nextCursor,
        ...(problem !== null && { reason: reasonOfNoTenant(problem) }),
      },
      200,
    );
  });
