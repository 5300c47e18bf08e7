import type { z } from '@hono/zod-openapi';
import type Stripe from 'stripe';
import {
  cancelSubscription,
  changePlan,
  previewChange,
  reactivateSubscription,
} from '../../automation/billing/index.ts';
import { readSubscription } from '../../automation/desired/index.ts';
import type { PaidSubscription } from '../../automation/organizations/index.ts';
import { record } from '../../automation/store/audit.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { people } from '../access.ts';
import { lineView, subscriptionView, withFacts } from '../billing.ts';
import {
  billingParams,
  cancelRequest,
  changePreview,
  changeRequest,
  previewRequest,
  subscription,
  subscriptionList,
  subscriptionQuery,
} from '../contract/billing.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import type { ApiDeps } from '../deps.ts';
import { type Order, readPage } from '../lists.ts';
import { askedBy, isOperator, type Principal } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const path = '/v1/subscriptions/{id}';

const list = createRoute({
  method: 'get',
  path: '/v1/subscriptions',
  operationId: 'listSubscriptions',
  tags: ['Billing'],
  summary: 'Subscriptions of your organizations and your own; all of them for operators',
  access: people,
  request: { query: subscriptionQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: subscriptionList } } },
    ...problemResponses,
  },
});

const show = createRoute({
  method: 'get',
  path,
  operationId: 'getSubscription',
  tags: ['Billing'],
  summary: 'One subscription, and your role for it',
  access: people,
  request: { params: billingParams },
  responses: {
    200: { description: 'The subscription', content: { 'application/json': { schema: subscription } } },
    ...problemResponses,
  },
});

const preview = createRoute({
  method: 'post',
  path: `${path}/preview`,
  operationId: 'previewChange',
  tags: ['Billing'],
  summary: 'What a change of plan or seats would cost',
  description: 'Changes nothing. Send its `prorationDate` with the change to be charged exactly this.',
  access: people,
  changesNothing: true,
  request: {
    params: billingParams,
    body: { required: true, content: { 'application/json': { schema: previewRequest } } },
  },
  responses: {
    200: { description: 'The costs', content: { 'application/json': { schema: changePreview } } },
    ...problemResponses,
  },
});

/** A change, which answers the subscription as it is afterwards. */
function change<Path extends string, Body extends z.ZodType>(
  name: Path,
  options: { operationId: string; summary: string; description: string; body: Body; bodyRequired: boolean },
) {
  return createRoute({
    method: 'post',
    path: `${path}/${name}` as `${typeof path}/${Path}`,
    operationId: options.operationId,
    tags: ['Billing'],
    summary: options.summary,
    description: options.description,
    access: people,
    request: {
      params: billingParams,
      body: { required: options.bodyRequired, content: { 'application/json': { schema: options.body } } },
    },
    responses: {
      200: {
        description: 'The subscription afterwards; its tenant follows',
        content: { 'application/json': { schema: subscription } },
      },
      ...problemResponses,
    },
  });
}

const changeRoute = change('change', {
  operationId: 'changeSubscription',
  summary: 'Change plan, seats or both',
  description:
    'A higher price is charged at once; if the payment fails (402), nothing changes. A lower one is credited on the next invoice.',
  body: changeRequest,
  bodyRequired: true,
});
const cancel = change('cancel', {
  operationId: 'cancelSubscription',
  summary: 'End the subscription',
  description: 'At the end of the paid period, or now, which invoices the usage so far.',
  body: cancelRequest,
  bodyRequired: false,
});
const reactivate = createRoute({
  method: 'post',
  path: `${path}/reactivate`,
  operationId: 'reactivateSubscription',
  tags: ['Billing'],
  summary: 'Undo a cancellation at the end of the period, or resume a paused subscription',
  access: people,
  request: { params: billingParams },
  responses: {
    200: {
      description: 'The subscription afterwards',
      content: { 'application/json': { schema: subscription } },
    },
    ...problemResponses,
  },
});

const order: Order<'createdAt'> = { id: textPosition, by: { createdAt: timePosition } };

export const subscriptionRoutes = ({ database, stripe, graceMs }: ApiDeps) => {
  const router = createRouter();

  /** Records who did it, and has the tenant follow at once instead of waiting for Stripe's event. */
  const follow = async (
    principal: Principal,
    row: PaidSubscription,
    { changed, subscription: after }: { changed: boolean; subscription: Stripe.Subscription },
    entry: { kind: string; message: string; data?: Record<string, unknown> },
  ) => {
    if (changed) {
      await database.transaction(async (client) => {
        await markSubscription(client, row.id);
        await record(client, {
          ...entry,
          tenantId: row.tenantId,
          subscriptionId: row.id,
          data: { ...entry.data, ...askedBy(principal) },
        });
      });
    }
    return subscriptionView(withFacts(row, readSubscription(after)), 'admin', graceMs);
  };

  return router
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        order,
        { path: c.req.path, query },
        (page) => c.get('subscriptions').list(query, page),
        ({ subscription: { createdAt, id } }) => [createdAt, id],
      );
      return c.json(
        {
          subscriptions: shown.map(({ subscription, role }) => subscriptionView(subscription, role, graceMs)),
          nextCursor,
        },
        200,
      );
    })
    .openapi(show, async (c) => {
      const found = await c.get('subscriptions').find(c.req.valid('param').id);
      return c.json(subscriptionView(found.subscription, found.role, graceMs), 200);
    })
    .openapi(preview, async (c) => {
      const { subscription: row } = await c.get('subscriptions').find(c.req.valid('param').id);
      const cost = await previewChange(stripe, row.id, c.req.valid('json'));
      return c.json({ ...cost, lines: cost.lines.map(lineView) }, 200);
    })
    .openapi(changeRoute, async (c) => {
      const principal = c.get('principal');
      const row = await c.get('subscriptions').findToChange(c.req.valid('param').id);
      const { prorationDate, ...wish } = c.req.valid('json');
      const idempotencyKey = c.get('idempotency').token('change');
      const outcome = await changePlan(stripe, row.id, wish, { prorationDate, idempotencyKey });
      const asked = [
        ...(wish.plan === undefined ? [] : [`the plan ${wish.plan}`]),
        ...(wish.seats === undefined ? [] : [`${wish.seats} seats`]),
      ];
      const message = `${who(principal)} chose ${asked.join(' and ')}`;
      return c.json(
        await follow(principal, row, outcome, { kind: 'billing.plan_chosen', message, data: wish }),
        200,
      );
    })
    .openapi(cancel, async (c) => {
      const principal = c.get('principal');
      const row = await c.get('subscriptions').findToChange(c.req.valid('param').id);
      // A request without a body has not been through the schema.
      const { when } = cancelRequest.parse(c.req.valid('json'));
      const outcome = await cancelSubscription(stripe, row.id, when);
      const message = `${who(principal)} cancelled ${when === 'now' ? 'at once' : 'at the end of the period'}`;
      return c.json(
        await follow(principal, row, outcome, { kind: 'billing.cancelled', message, data: { when } }),
        200,
      );
    })
    .openapi(reactivate, async (c) => {
      const principal = c.get('principal');
      const row = await c.get('subscriptions').findToChange(c.req.valid('param').id);
      const outcome = await reactivateSubscription(stripe, row.id);
      const message = `${who(principal)} undid the cancellation`;
      return c.json(await follow(principal, row, outcome, { kind: 'billing.reactivated', message }), 200);
    });
};

function who(principal: Principal): string {
  return isOperator(principal) ? 'An operator' : 'The customer';
}
