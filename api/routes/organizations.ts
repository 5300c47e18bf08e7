import { createRoute } from '@hono/zod-openapi';
import { listMembers } from '../../automation/organizations/organizations.ts';
import { requireCaller } from '../auth.ts';
import { type OrganizationView, organizationList } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { type Standing, standingsOf } from '../organizations.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/organizations',
  operationId: 'listOrganizations',
  tags: ['Organizations'],
  summary: 'The organizations that you are in, and what you may do there',
  security: bearer,
  responses: {
    200: { description: 'All of them', content: { 'application/json': { schema: organizationList } } },
    ...problemResponses,
  },
});

export const organizationRoutes = ({ database, authenticate }: ApiDeps) => {
  const router = createRouter();
  router.use(list.path, requireCaller(authenticate));

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
    const standings = await standingsOf(database, c.get('caller'));
    return c.json({ organizations: await Promise.all(standings.map(view)) }, 200);
  });
};
