import { createRoute } from '@hono/zod-openapi';
import { listAudit, record } from '../../automation/store/audit.ts';
import { findTenant, resetFailure, ringTenant, type Tenant } from '../../automation/store/tenants.ts';
import { askedBy, type Caller, requireCaller, visibleTo } from '../auth.ts';
import {
  access,
  type TenantView,
  tenant,
  tenantParams,
  timeline,
  timelineQuery,
} from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';
import { entryView, reasonOf, suspensionOf, tenantViews } from '../views.ts';

const show = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}',
  operationId: 'getTenant',
  tags: ['Tenants'],
  summary: 'One tenant',
  security: bearer,
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
  summary: 'What happened to a tenant and why, oldest first',
  security: bearer,
  request: { params: tenantParams, query: timelineQuery },
  responses: {
    200: {
      description: 'At most 1,000 entries; the next page begins after the last id',
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
    'For gateways: 200 with the address, 402 with the reason while suspended, 409 while not ready.',
  security: bearer,
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
    'Forgets a failure and its waiting time; on a settled tenant, compares it with its cluster and database and mends what differs.',
  security: bearer,
  request: { params: tenantParams },
  responses: {
    202: { description: 'Somebody is at it', content: { 'application/json': { schema: tenant } } },
    ...problemResponses,
  },
});

export const tenantRoutes = ({ database, authenticate }: ApiDeps) => {
  const find = async (caller: Caller, id: string): Promise<Tenant> =>
    visibleTo(caller, await findTenant(database, id), id);
  const view = async (caller: Caller, found: Tenant): Promise<TenantView> => {
    const [shown] = await tenantViews(database, [found], caller);
    if (!shown) throw new Error('a tenant has no view');
    return shown;
  };

  const router = createRouter();
  router.use('/v1/tenants/:id', requireCaller(authenticate));
  router.use('/v1/tenants/:id/*', requireCaller(authenticate));
  return router
    .openapi(show, async (c) => {
      const caller = c.get('caller');
      return c.json(await view(caller, await find(caller, c.req.valid('param').id)), 200);
    })
    .openapi(happened, async (c) => {
      const caller = c.get('caller');
      const found = await find(caller, c.req.valid('param').id);
      const entries = await listAudit(database, found.id, {
        after: c.req.valid('query').after,
        audience: caller.isOperator ? 'operator' : 'tenant',
      });
      return c.json({ entries: entries.map(entryView) }, 200);
    })
    .openapi(enter, async (c) => {
      const found = await find(c.get('caller'), c.req.valid('param').id);
      return c.json(accessTo(found), 200);
    })
    .openapi(retry, async (c) => {
      const caller = c.get('caller');
      const { id } = await find(caller, c.req.valid('param').id);
      const updated = await database.transaction(async (client) => {
        await resetFailure(client, id);
        const after = visibleTo(caller, await findTenant(client, id), id);
        await ringTenant(client, after);
        await record(client, {
          tenantId: id,
          kind: 'tenant.retry',
          message: `${caller.isOperator ? 'An operator' : 'The owner'} asked for another try`,
          data: askedBy(caller),
        });
        return after;
      });
      return c.json(await view(caller, updated), 202);
    });
};

/** Where the tenant is, or the problem that says why not. A tenant whose update fails may still be used. */
function accessTo(tenant: Tenant): { namespace: string; serviceUrl: string | null } {
  if (tenant.desiredState === 'suspended') {
    throw new Problem(
      'suspended',
      suspensionOf(tenant)?.message ?? 'The tenant is suspended; its data is kept.',
    );
  }
  if (tenant.desiredState === 'deleted' || tenant.observedState !== 'active' || !tenant.outputs) {
    throw new Problem('not_ready', reasonOf(tenant)?.message ?? `The tenant is ${tenant.phase}.`);
  }
  return { namespace: tenant.outputs.namespace, serviceUrl: tenant.outputs.serviceUrl };
}
