import {
  type Braked,
  callsKeptDays,
  changeBudget,
  effectiveLimit,
  listCosts,
  listDailyCosts,
  monthOf,
  planBudgetMicros,
  readBudgets,
  reserveApiCost,
  settleApiCost,
} from '../../automation/ledger/index.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { operatorsAndKeys, peopleAndKeys } from '../access.ts';
import {
  apiCostAnswer,
  apiCostBody,
  apiCostQuery,
  apiCosts,
  budgetChange,
  budgets,
} from '../contract/ledger.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { type Order, readPage } from '../lists.ts';
import { actorOf, assertOperator, isOperator } from '../principal.ts';
import { createRoute, createRouter, json, jsonBody, problemResponses } from '../router.ts';

const show = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/budget',
  operationId: 'getBudgets',
  tags: ['Budgets'],
  summary: "This month's budgets of a tenant",
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams },
  responses: { 200: json('Both budgets', budgets), ...problemResponses },
});
const change = createRoute({
  method: 'put',
  path: '/v1/tenants/{id}/budget',
  operationId: 'changeBudget',
  tags: ['Budgets'],
  summary: 'Set your own cap, below the limit of the plan',
  description:
    'The owner sets `capMicros`; operators can also set what was agreed instead of the plan’s limit.',
  access: peopleAndKeys('tenants:write'),
  request: { params: tenantParams, body: jsonBody(budgetChange) },
  responses: { 200: json('Both budgets', budgets), ...problemResponses },
});
const costs = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/api-costs',
  operationId: 'listApiCosts',
  tags: ['Budgets'],
  summary: 'What API calls cost: per day, and call by call',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: apiCostQuery },
  responses: { 200: json('One page', apiCosts), ...problemResponses },
});
const charge = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/api-costs',
  operationId: 'chargeApiCall',
  tags: ['Budgets'],
  summary: 'Ask whether an API call may be made, or report what it cost',
  description:
    '`estimateMicros` holds the most that the call may cost, or the answer is 402. `costMicros` counts the cost, even ' +
    "beyond the limit, because it is already spent. For operators: a product's own service calls it, not its tenant.",
  access: operatorsAndKeys('checks:write'),
  request: { params: tenantParams, body: jsonBody(apiCostBody) },
  responses: {
    200: json('The call was counted before; nothing changed', apiCostAnswer),
    201: json('Counted', apiCostAnswer),
    ...problemResponses,
  },
});

const order: Order<'at'> = { id: textPosition, by: { at: timePosition } };

export const budgetRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();

  const view = async (tenant: Braked) => {
    const month = monthOf(new Date());
    return (await readBudgets(database, tenant.id, month)).map((row) => {
      const planMicros = row.kind === 'api' ? planBudgetMicros(tenant.product, tenant.plan) : null;
      const limitMicros = effectiveLimit({ ...row, planMicros });
      const used = row.spentMicros + row.reservedMicros;
      return {
        ...row,
        month,
        planMicros,
        limitMicros,
        remainingMicros: limitMicros === null ? null : Math.max(0, limitMicros - used),
      };
    });
  };

  return router
    .openapi(show, async (c) => {
      const tenant = brakedOf(await c.get('tenants').find(c.req.valid('param').id));
      return c.json({ budgets: await view(tenant) }, 200);
    })
    .openapi(change, async (c) => {
      const principal = c.get('principal');
      const tenant = brakedOf(await c.get('tenants').find(c.req.valid('param').id));
      const { kind, capMicros, agreedMicros } = c.req.valid('json');
      if (agreedMicros !== undefined) assertOperator(principal);
      await changeBudget(database, tenant, {
        kind,
        by: actorOf(principal),
        byOperator: isOperator(principal),
        at: new Date(),
        ...(capMicros !== undefined && { capMicros }),
        ...(agreedMicros !== undefined && { agreedMicros }),
      });
      return c.json({ budgets: await view(tenant) }, 200);
    })
    .openapi(costs, async (c) => {
      const { id, product } = brakedOf(await c.get('tenants').find(c.req.valid('param').id));
      const query = c.req.valid('query');
      const [days, { shown, nextCursor }] = await Promise.all([
        listDailyCosts(database, id, callsKeptDays(product)),
        readPage(
          order,
          { path: c.req.path, query },
          (page) => listCosts(database, id, query, page),
          ({ at, callId }) => [at, callId],
        ),
      ]);
      return c.json(
        {
          days,
          calls: shown.map((call) => ({ ...call, at: call.at.toISOString() })),
          nextCursor,
        },
        200,
      );
    })
    .openapi(charge, async (c) => {
      const tenant = brakedOf(await c.get('tenants').find(c.req.valid('param').id));
      const { callId, provider, operation = null, project = null, ...figures } = c.req.valid('json');
      const call = { callId, provider, operation, project, at: new Date() };
      const outcome =
        figures.costMicros === undefined
          ? await reserveApiCost(database, tenant, call, figures.estimateMicros ?? 0)
          : await settleApiCost(database, tenant, call, figures.costMicros);
      if (outcome === 'exhausted')
        throw new Problem('budget_exhausted', "This month's API budget does not allow the call.", [
          { field: 'estimateMicros', message: 'is more than is left' },
        ]);
      if (outcome === 'conflict')
        throw new Problem('cause_reused', 'callId: was counted before, with another figure.', [
          { field: 'callId', message: 'was counted before, with another figure' },
        ]);
      const api = (await view(tenant)).find(({ kind }) => kind === 'api');
      if (!api) throw new Error('there is no API budget');
      const repeated = outcome === 'repeated';
      return c.json({ callId, repeated, budget: api }, repeated ? 200 : 201);
    });
};

function brakedOf({ id, product, desiredSpec }: Tenant): Braked {
  return { id, product, plan: desiredSpec.plan };
}
