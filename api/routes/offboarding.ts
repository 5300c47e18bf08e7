import { createRoute } from '@hono/zod-openapi';
import { endTenant } from '../../automation/jobs/end-tenant.ts';
import {
  findOffboarding,
  listUnfinishedEnds,
  type Offboarding,
  offboardingSteps,
  retryOffboarding,
  ringOffboarding,
} from '../../automation/offboarding/journal.ts';
import { signedReceipt } from '../../automation/offboarding/receipt.ts';
import { findReceipt, listReceiptKeys } from '../../automation/offboarding/receipts.ts';
import { record } from '../../automation/store/audit.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { askedBy, assertOperator, type Caller, requireCaller, visibleTo } from '../auth.ts';
import {
  type OffboardingView,
  offboarding,
  offboardingList,
  receiptKeys,
  signedReceiptView,
} from '../contract/offboarding.ts';
import { tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';

const path = '/v1/tenants/{id}/offboarding' as const;
const body = { 'application/json': { schema: offboarding } };

const show = createRoute({
  method: 'get',
  path,
  operationId: 'getOffboarding',
  tags: ['Offboarding'],
  summary: 'How far the end of a tenant is: export, backup, destroy, verify, receipt',
  security: bearer,
  request: { params: tenantParams },
  responses: { 200: { description: 'The journal', content: body }, ...problemResponses },
});

const list = createRoute({
  method: 'get',
  path: '/v1/offboardings',
  operationId: 'listOffboardings',
  tags: ['Offboarding'],
  summary: 'Ends of tenants that are not over, the longest first; for operators',
  security: bearer,
  responses: {
    200: {
      description: 'At most 100 journals',
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
  summary: 'Delete a tenant now whose subscription has ended, or try again what its end waits for',
  description:
    'Otherwise it is deleted when the time is over for which its data is kept. Exported and backed up first; cannot be undone.',
  security: bearer,
  request: { params: tenantParams },
  responses: { 202: { description: 'The journal', content: body }, ...problemResponses },
});

const receipt = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/receipt',
  operationId: 'getReceipt',
  tags: ['Offboarding'],
  summary: 'The signed receipt that nothing of a tenant remains',
  security: bearer,
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
  summary: 'Public keys that receipts are signed with, as a JSON Web Key Set',
  responses: {
    200: { description: 'The keys', content: { 'application/json': { schema: receiptKeys } } },
    ...problemResponses,
  },
});

export const offboardingRoutes = ({ database, followers, authenticate }: ApiDeps) => {
  const following = { followers, now: () => new Date() };
  const find = async (caller: Caller, id: string): Promise<Tenant> =>
    visibleTo(caller, await findTenant(database, id), id);
  const journalOf = async (id: string): Promise<Offboarding> => {
    const journal = await findOffboarding(database, id);
    if (!journal) throw new Problem('not_ready', 'The tenant is not being deleted.');
    return journal;
  };

  const router = createRouter();
  for (const guarded of ['/v1/tenants/:id/offboarding', '/v1/tenants/:id/receipt', list.path])
    router.use(guarded, requireCaller(authenticate));
  return router
    .openapi(show, async (c) => {
      const caller = c.get('caller');
      const tenant = await find(caller, c.req.valid('param').id);
      return c.json(view(await journalOf(tenant.id), tenant, caller), 200);
    })
    .openapi(list, async (c) => {
      const caller = c.get('caller');
      assertOperator(caller);
      const offboardings: OffboardingView[] = [];
      for (const id of await listUnfinishedEnds(database, 100))
        offboardings.push(view(await journalOf(id), await find(caller, id), caller));
      return c.json({ offboardings }, 200);
    })
    .openapi(begin, async (c) => {
      const caller = c.get('caller');
      const { id } = await find(caller, c.req.valid('param').id);
      await database.transaction(async (client) => {
        const tenant = visibleTo(caller, await findTenant(client, id, { lock: true }), id);
        if (tenant.desiredState === 'deleted') {
          await retryOffboarding(client, id);
          return ringOffboarding(client, tenant);
        }
        if (tenant.desiredState !== 'suspended' || tenant.deleteAfter === null)
          throw new Problem(
            'not_ready',
            'Its subscription has not ended. Cancel it first; then the tenant can be deleted.',
          );
        const why = caller.isOperator ? 'as an operator asked for it' : 'as its owner asked for it';
        const entry = await endTenant(client, following, tenant, why);
        await record(client, { ...entry, data: { ...entry.data, ...askedBy(caller) } });
      });
      return c.json(view(await journalOf(id), await find(caller, id), caller), 202);
    })
    .openapi(receipt, async (c) => {
      const { id } = await find(c.get('caller'), c.req.valid('param').id);
      const kept = await findReceipt(database, id);
      if (kept) return c.json(signedReceipt.parse(kept.document), 200);
      const { problem } = await journalOf(id);
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

function view(journal: Offboarding, tenant: Tenant, caller: Caller): OffboardingView {
  // While it is destroyed, the tenant's row says what keeps it.
  const { problem, cause } = journal.problem === null && !journal.finishedAt ? inDestroy(tenant) : journal;
  return {
    tenantId: journal.tenantId,
    begunAt: journal.begunAt.toISOString(),
    finishedAt: journal.finishedAt?.toISOString() ?? null,
    problem,
    cause: caller.isOperator ? cause : null,
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
