import {
  endTenant,
  findOffboarding,
  listEnds,
  listReceiptKeys,
  type Offboarding,
  offboardingSteps,
  retryOffboarding,
  ringOffboarding,
  signedReceipt,
} from '../../automation/offboarding/index.ts';
import { record } from '../../automation/store/audit.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { anybody, operatorsOnly, people, peopleAndKeys } from '../access.ts';
import {
  type OffboardingView,
  offboarding,
  offboardingList,
  offboardingQuery,
  receiptKeys,
  signedReceiptView,
} from '../contract/offboarding.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { askedTenant, tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { type Order, readPage } from '../lists.ts';
import { askedBy, isOperator, type Principal } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const path = '/v1/tenants/{id}/offboarding' as const;
const body = { 'application/json': { schema: offboarding } };

const show = createRoute({
  method: 'get',
  path,
  operationId: 'getOffboarding',
  tags: ['Offboarding'],
  summary: 'How far the end of a tenant is: export, backup, destroy, verify, receipt',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams },
  responses: { 200: { description: 'The journal', content: body }, ...problemResponses },
});

const list = createRoute({
  method: 'get',
  path: '/v1/offboardings',
  operationId: 'listOffboardings',
  tags: ['Offboarding'],
  summary: 'Ends of tenants, by default those that are under way; for operators',
  access: operatorsOnly,
  request: { query: offboardingQuery },
  responses: {
    200: {
      description: 'One page of journals',
      content: { 'application/json': { schema: offboardingList } },
    },
    ...problemResponses,
  },
});

const begin = createRoute({
  method: 'post',
  path,
  operationId: 'beginOffboarding',
  tags: ['Offboarding'],
  summary: 'Delete a tenant whose subscription has ended now, or retry what its end waits for',
  description:
    'Otherwise it is deleted when its retention expires. It is exported and backed up first. This cannot be undone.',
  access: people,
  request: { params: tenantParams },
  responses: { 202: { description: 'The journal', content: body }, ...problemResponses },
});

const receipt = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/receipt',
  operationId: 'getReceipt',
  tags: ['Offboarding'],
  summary: 'The signed receipt that nothing of a tenant remains',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams },
  responses: {
    200: { description: 'The receipt', content: { 'application/json': { schema: signedReceiptView } } },
    ...problemResponses,
  },
});

const keys = createRoute({
  method: 'get',
  path: '/v1/receipt-keys',
  operationId: 'listReceiptKeys',
  tags: ['Offboarding'],
  access: anybody,
  summary: 'Public keys that receipts are signed with, as a JSON Web Key Set',
  responses: {
    200: { description: 'The keys', content: { 'application/json': { schema: receiptKeys } } },
    ...problemResponses,
  },
});

const order: Order<'begunAt'> = { id: textPosition, by: { begunAt: timePosition } };

export const offboardingRoutes = ({ database, followers }: ApiDeps) => {
  const following = { followers, now: () => new Date() };
  const journalOf = async (id: string): Promise<Offboarding> => {
    const journal = await findOffboarding(database, id);
    if (!journal) throw new Problem('not_ready', 'The tenant is not being deleted.');
    return journal;
  };

  const router = createRouter();
  return router
    .openapi(show, async (c) => {
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      return c.json(view(await journalOf(tenant.id), tenant, c.get('principal')), 200);
    })
    .openapi(list, async (c) => {
      const offboardings: OffboardingView[] = [];
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        order,
        { path: c.req.path, query },
        (page) => listEnds(database, query, page),
        ({ begunAt, id }) => [begunAt, id],
      );
      for (const { id } of shown)
        offboardings.push(
          view(await journalOf(id), await c.get('tenants').find(askedTenant(id)), c.get('principal')),
        );
      return c.json({ offboardings, nextCursor }, 200);
    })
    .openapi(begin, async (c) => {
      const principal = c.get('principal');
      const asked = c.req.valid('param').id;
      await database.transaction(async (client) => {
        const tenant = await c.get('tenants').lock(client, asked);
        if (tenant.desiredState === 'deleted') {
          await retryOffboarding(client, tenant.id);
          return ringOffboarding(client, tenant);
        }
        if (tenant.desiredState !== 'suspended' || tenant.deleteAfter === null)
          throw new Problem(
            'not_ready',
            'Its subscription has not ended. Cancel it first; then the tenant can be deleted.',
          );
        const why = isOperator(principal)
          ? 'because an operator asked for it'
          : 'because its owner asked for it';
        const entry = await endTenant(client, following, tenant, why);
        await record(client, { ...entry, data: { ...entry.data, ...askedBy(principal) } });
      });
      const tenant = await c.get('tenants').find(asked);
      return c.json(view(await journalOf(tenant.id), tenant, principal), 202);
    })
    .openapi(receipt, async (c) => {
      const asked = c.req.valid('param').id;
      const receipt = await c.get('receipts').find(asked);
      if (receipt !== null) return c.json(signedReceipt.parse(receipt), 200);
      const { problem } = await journalOf((await c.get('tenants').find(asked)).id);
      throw new Problem(
        'not_ready',
        `The receipt is not signed yet. ${problem ?? 'The tenant is being deleted.'}`,
      );
    })
    .openapi(keys, async (c) => {
      c.header('cache-control', 'public, max-age=300');
      return c.json(receiptKeys.parse({ keys: await listReceiptKeys(database) }), 200);
    });
};

function view(journal: Offboarding, tenant: Tenant, principal: Principal): OffboardingView {
  // While the tenant is being destroyed, its row says what it waits for.
  const { problem, cause } = journal.problem === null && !journal.finishedAt ? inDestroy(tenant) : journal;
  return {
    tenantId: journal.tenantId,
    begunAt: journal.begunAt.toISOString(),
    finishedAt: journal.finishedAt?.toISOString() ?? null,
    problem,
    cause: isOperator(principal) ? cause : null,
    nextTryAt: journal.nextTryAt?.toISOString() ?? null,
    steps: offboardingSteps.map((name) => {
      const known = journal.steps.find(({ step }) => step === name);
      return {
        step: name,
        state: known ? (known.finishedAt ? 'ended' : 'begun') : 'waiting',
        attempts: known?.attempt ?? 0,
        startedAt: known?.startedAt.toISOString() ?? null,
        finishedAt: known?.finishedAt?.toISOString() ?? null,
      };
    }),
  };
}

function inDestroy({ phase, reasonMessage, cause }: Tenant) {
  return phase === 'deleted' ? { problem: null, cause: null } : { problem: reasonMessage, cause };
}
