import { listMembers } from '../../automation/organizations/index.ts';
import { people } from '../access.ts';
import { type OrganizationView, organizationList, organizationQuery } from '../contract/billing.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import type { ApiDeps } from '../deps.ts';
import { type Order, pageOf, readPage } from '../lists.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { Standing } from '../scoped/organizations.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/organizations',
  operationId: 'listOrganizations',
  tags: ['Organizations'],
  summary: 'The organizations that you are a member of, and your role there',
  access: people,
  request: { query: organizationQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: organizationList } } },
    ...problemResponses,
  },
});

const order: Order<'name' | 'createdAt'> = {
  id: textPosition,
  by: { name: textPosition, createdAt: timePosition },
};
const positionOf = ({ organization }: Standing, by: 'name' | 'createdAt') =>
  [organization[by], organization.id] as const;

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
    const query = c.req.valid('query');
    const found = (await c.get('organizations').list()).filter(
      ({ organization, role }) =>
        (query.role === undefined || role === query.role) &&
        (query.q === undefined || matches(organization, query.q.toLowerCase())),
    );
    const { shown, nextCursor } = await readPage(
      order,
      { path: c.req.path, query },
      async (page) => pageOf(found, page, positionOf),
      positionOf,
    );
    return c.json({ organizations: await Promise.all(shown.map(view)), nextCursor }, 200);
  });
};

function matches({ id, name, slug, billingEmail }: Standing['organization'], q: string): boolean {
  return (
    [name, slug].some((text) => text.toLowerCase().includes(q)) ||
    [id, billingEmail].some((text) => text?.toLowerCase().startsWith(q))
  );
}
