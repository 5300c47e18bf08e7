import { z } from '@hono/zod-openapi';
import { listMembers } from '../../automation/organizations/index.ts';
import { people } from '../access.ts';
import { type OrganizationView, organizationList } from '../contract/billing.ts';
import { pageQuery, textPosition } from '../contract/page.ts';
import type { ApiDeps } from '../deps.ts';
import { pagingBy } from '../paging.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { Standing } from '../scoped/organizations.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/organizations',
  operationId: 'listOrganizations',
  tags: ['Organizations'],
  summary: 'The organizations that you are in, and what you may do there',
  access: people,
  request: { query: pageQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: organizationList } } },
    ...problemResponses,
  },
});

const paging = pagingBy('organizations', z.tuple([textPosition]));

export const organizationRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();

  const view = async ({ organization, role }: Standing): Promise<OrganizationView> => ({
    id: organization.id,
    name: organization.name,
    slug: organization.slug,
    personal: organization.personalOf !== null,
    billingEmail: organization.billingEmail,
    role,
    members: (await listMembers(database, organization.id)).map((member) => ({
      email: member.email,
      subject: member.subject,
      role: member.role,
    })),
    createdAt: organization.createdAt.toISOString(),
  });

  return router.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const [after] = paging.read(cursor) ?? [];
    const standings = await c.get('organizations').list();
    const begin = standings.findIndex(({ organization }) => organization.id === after) + 1;
    const { shown, nextCursor } = paging.page(standings.slice(begin), limit, ({ organization }) => [
      organization.id,
    ]);
    return c.json({ organizations: await Promise.all(shown.map(view)), nextCursor }, 200);
  });
};
