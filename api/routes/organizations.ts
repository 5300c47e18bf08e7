import { listMembers } from '../../automation/organizations/organizations.ts';
import { people } from '../access.ts';
import { type OrganizationView, organizationList } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { Standing } from '../scoped/organizations.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/organizations',
  operationId: 'listOrganizations',
  tags: ['Organizations'],
  summary: 'The organizations that you are in, and what you may do there',
  access: people,
  responses: {
    200: { description: 'All of them', content: { 'application/json': { schema: organizationList } } },
    ...problemResponses,
  },
});

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
    const standings = await c.get('organizations').list();
    return c.json({ organizations: await Promise.all(standings.map(view)) }, 200);
  });
};
