import { payInvoice } from '../../automation/billing/index.ts';
import { findPaidSubscription } from '../../automation/organizations/index.ts';
import { record } from '../../automation/store/audit.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { people } from '../access.ts';
import { invoiceView } from '../billing.ts';
import { billingParams, invoice, invoiceId, invoiceList, invoiceQuery } from '../contract/billing.ts';
import { timePosition } from '../contract/page.ts';
import type { ApiDeps } from '../deps.ts';
import { type Order, readPage } from '../lists.ts';
import { askedBy, isOperator } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { assertAdmin } from '../scoped/organizations.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/invoices',
  operationId: 'listInvoices',
  tags: ['Billing'],
  summary: 'Invoices of an organization, newest first',
  description:
    "Of the named organization, of the named subscription's payer, or of your token's organization. Operators see everybody's.",
  access: people,
  request: { query: invoiceQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: invoiceList } } },
    ...problemResponses,
  },
});

const show = createRoute({
  method: 'get',
  path: '/v1/invoices/{id}',
  operationId: 'getInvoice',
  tags: ['Billing'],
  summary: 'One invoice',
  access: people,
  request: { params: billingParams },
  responses: {
    200: { description: 'The invoice', content: { 'application/json': { schema: invoice } } },
    ...problemResponses,
  },
});

const pay = createRoute({
  method: 'post',
  path: '/v1/invoices/{id}/pay',
  operationId: 'payInvoice',
  tags: ['Billing'],
  summary: 'Charge an open invoice to the present payment method now',
  description: 'Charges it once, however often you send it. 402 when the payment is declined.',
  access: people,
  request: { params: billingParams },
  responses: {
    200: { description: 'The invoice afterwards', content: { 'application/json': { schema: invoice } } },
    ...problemResponses,
  },
});

const order: Order<'createdAt'> = { id: invoiceId, by: { createdAt: timePosition } };

export const invoiceRoutes = ({ database, stripe }: ApiDeps) => {
  const router = createRouter();

  return router
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        order,
        { path: c.req.path, query },
        (page) => c.get('invoices').list(query, page),
        ({ createdAt, id }) => [createdAt, id],
      );
      return c.json({ invoices: shown.map(invoiceView), nextCursor }, 200);
    })
    .openapi(show, async (c) => {
      const { invoice } = await c.get('invoices').find(c.req.valid('param').id);
      return c.json(invoiceView(invoice), 200);
    })
    .openapi(pay, async (c) => {
      const principal = c.get('principal');
      const { invoice: found, role } = await c.get('invoices').find(c.req.valid('param').id);
      assertAdmin(role, { name: 'this organization' });
      const paid = await payInvoice(stripe, found);
      const { subscriptionId } = found;
      if (subscriptionId !== null && found.status !== 'paid') {
        const row = await findPaidSubscription(database, subscriptionId);
        await database.transaction(async (client) => {
          await markSubscription(client, subscriptionId);
          await record(client, {
            tenantId: row?.tenantId ?? null,
            subscriptionId,
            kind: 'billing.invoice_paid',
            message: `${isOperator(principal) ? 'An operator' : 'The customer'} paid the open invoice ${paid.number ?? paid.id}`,
            data: { invoice: paid.id, ...askedBy(principal) },
          });
        });
      }
      return c.json(invoiceView(paid), 200);
    });
};
