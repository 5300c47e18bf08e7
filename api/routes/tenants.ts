import { z } from '@hono/zod-openapi';
import { peopleAndKeys } from '../access.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { tenantList, tenantQuery } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { pagingBy } from '../paging.ts';
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

/** By what the list is sorted, and then by id: the creation, or the slug. */
const pagings = {
  createdAt: pagingBy('tenants', z.tuple([timePosition, textPosition])),
  slug: pagingBy('tenants by slug', z.tuple([textPosition, textPosition])),
};

export const tenantListRoutes = ({ database }: ApiDeps) =>
  createRouter().openapi(route, async (c) => {
    const { limit, cursor, sort, product, plan, phase, q, checkout } = c.req.valid('query');
    const descending = sort.startsWith('-');
    const by = sort.endsWith('slug') ? 'slug' : 'createdAt';
    const found = await c.get('tenants').list({
      ...(product && { product }),
      ...(plan && { plan }),
      ...(phase && { phase }),
      ...(q && { q }),
      ...(checkout && { checkoutId: checkout }),
      sort: { by, descending },
      after: pagings[by].read(cursor),
      limit: limit + 1,
    });
    const { shown, nextCursor } = pagings[by].page(found, limit, (tenant) => [tenant[by], tenant.id]);
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
