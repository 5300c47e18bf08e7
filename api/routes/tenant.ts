import { type Health, isDown, readHealth } from '../../automation/health/index.ts';
import { listAudit, record } from '../../automation/store/audit.ts';
import type { Queryable } from '../../automation/store/database.ts';
import { resetFailure, ringTenant, type Tenant } from '../../automation/store/tenants.ts';
import { peopleAndKeys } from '../access.ts';
import {
  type AccessView,
  access,
  type TenantView,
  tenant,
  tenantParams,
  timeline,
  timelineQuery,
} from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { byId, readPage } from '../lists.ts';
import { actorName, askedBy, audienceOf, type Principal } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { entryView, healthView, reasonOf, suspensionOf, tenantViews } from '../views.ts';

const show = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}',
  operationId: 'getTenant',
  tags: ['Tenants'],
  summary: 'One tenant',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams },
  responses: {
    200: { description: 'The tenant', content: { 'application/json': { schema: tenant } } },
    ...problemResponses,
  },
});

const happened = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/timeline',
  operationId: 'getTimeline',
  tags: ['Tenants'],
  summary: 'What happened to a tenant and why, oldest first unless sorted otherwise',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: timelineQuery },
  responses: {
    200: {
      description: 'One page',
      content: { 'application/json': { schema: timeline } },
    },
    ...problemResponses,
  },
});

const enter = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/access',
  operationId: 'getAccess',
  tags: ['Tenants'],
  summary: 'May the tenant be used now?',
  description:
    'For gateways: 200 with the address and what runs there, 402 with the reason while suspended, 409 while it is not ' +
    'ready or none of its pods is. While nobody can say what runs (`health.state` is `unknown`), it is 200.',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams },
  responses: {
    200: { description: 'Yes, here', content: { 'application/json': { schema: access } } },
    ...problemResponses,
  },
});

const retry = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/retry',
  operationId: 'retryTenant',
  tags: ['Tenants'],
  summary: 'Try again now',
  description:
    'Clears a failure and its waiting time. Compares a settled tenant with its cluster and database and repairs what differs.',
  access: peopleAndKeys('tenants:write'),
  request: { params: tenantParams },
  responses: {
    202: { description: 'A worker is on it', content: { 'application/json': { schema: tenant } } },
    ...problemResponses,
  },
});

export const tenantRoutes = ({ database }: ApiDeps) => {
  const view = async (principal: Principal, found: Tenant, db: Queryable = database): Promise<TenantView> => {
    const [shown] = await tenantViews(db, [found], principal);
    if (!shown) throw new Error('a tenant has no view');
    return shown;
  };

  const router = createRouter();
  return router
    .openapi(show, async (c) => {
      const found = await c.get('tenants').find(c.req.valid('param').id);
      return c.json(await view(c.get('principal'), found), 200);
    })
    .openapi(happened, async (c) => {
      const found = await c.get('tenants').find(c.req.valid('param').id);
      const query = c.req.valid('query');
      const audience = audienceOf(c.get('principal'));
      const { shown, nextCursor } = await readPage(
        byId,
        { path: c.req.path, query },
        (page) => listAudit(database, found.id, { ...query, audience }, page),
        ({ id }) => [id, id],
      );
      return c.json({ entries: shown.map(entryView), nextCursor }, 200);
    })
    .openapi(enter, async (c) => {
      const found = await c.get('tenants').find(c.req.valid('param').id);
      const health = (await readHealth(database, [found])).get(found.id) ?? null;
      return c.json(accessTo(found, health), 200);
    })
    .openapi(retry, async (c) => {
      const principal = c.get('principal');
      const asked = c.req.valid('param').id;
      const updated = await database.transaction(async (client) => {
        const { id } = await c.get('tenants').lock(client, asked);
        await resetFailure(client, id);
        const after = await c.get('tenants').find(asked, client);
        await ringTenant(client, after);
        await record(client, {
          tenantId: id,
          kind: 'tenant.retry',
          message: `${actorName(principal)} asked for another try`,
          data: askedBy(principal),
        });
        const shown = await view(principal, after, client);
        await c.get('idempotency').keep(client, 202, shown);
        return shown;
      });
      return c.json(updated, 202);
    });
};

/** The tenant's address. A tenant whose update fails may still be used. @throws Problem that says why it may not */
function accessTo(tenant: Tenant, health: Health | null): AccessView {
  if (tenant.desiredState === 'suspended') {
    throw new Problem(
      'suspended',
      suspensionOf(tenant)?.message ?? 'The tenant is suspended; its data is kept.',
    );
  }
  if (tenant.desiredState === 'deleted' || tenant.observedState !== 'active' || !tenant.outputs) {
    throw new Problem('not_ready', reasonOf(tenant)?.message ?? `The tenant is ${tenant.phase}.`);
  }
  if (health && isDown(health))
    throw new Problem('not_ready', `Nothing of the tenant runs. ${health.message ?? ''}`.trim());
  const { namespace, serviceUrl } = tenant.outputs;
  return { namespace, serviceUrl, health: health && healthView(health) };
}
