import { createRoute } from '@hono/zod-openapi';
import { findInvoice, type Invoice, listInvoices, payInvoice } from '../../automation/billing/invoices.ts';
import { findOrganization, type Role } from '../../automation/organizations/organizations.ts';
import { findPaidSubscription } from '../../automation/organizations/payers.ts';
import { record } from '../../automation/store/audit.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { askedBy, type Caller, requireCaller } from '../auth.ts';
import { accessTo, invoiceView } from '../billing.ts';
import { billingParams, invoice, invoiceList, invoiceQuery } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { assertAdmin, readableOrganization, roleIn, visibleOrganization } from '../organizations.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/invoices',
  operationId: 'listInvoices',
  tags: ['Billing'],
  summary: 'Invoices of an organization, newest first',
  description:
    'Of the organization named, of whoever pays for the subscription named, else of your own by the token. Operators see those of everybody.',
  security: bearer,
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
  security: bearer,
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
  description: 'Once, however often it is asked for. 402 when the payment is declined.',
  security: bearer,
  request: { params: billingParams },
  responses: {
    200: { description: 'The invoice afterwards', content: { 'application/json': { schema: invoice } } },
    ...problemResponses,
  },
});

export const invoiceRoutes = ({ database, stripe, authenticate }: ApiDeps) => {
  const router = createRouter();
  router.use('/v1/invoices', requireCaller(authenticate));
  router.use('/v1/invoices/*', requireCaller(authenticate));

  /** What the caller may do with an invoice: what they may with its subscription, else with its organization. */
  const roleFor = async (caller: Caller, { subscriptionId, customerId }: Invoice): Promise<Role | null> => {
    if (caller.isOperator) return 'admin';
    if (subscriptionId !== null && (await findPaidSubscription(database, subscriptionId)))
      return (await accessTo(database, caller, subscriptionId)).role;
    const organization = customerId === null ? null : await findOrganization(database, { customerId });
    return organization && roleIn(database, caller, organization);
  };
  const find = async (caller: Caller, id: string): Promise<{ found: Invoice; role: Role }> => {
    const missing = () => new Problem('not_found', `There is no invoice ${JSON.stringify(id.slice(0, 64))}.`);
    const found = /^in_\w{1,100}$/.test(id) ? await findInvoice(stripe, id) : null;
    if (!found) throw missing();
    const role = await roleFor(caller, found).catch((error: unknown) => {
      throw error instanceof Problem && error.code === 'not_found' ? missing() : error;
    });
    if (!role) throw missing();
    return { found, role };
  };

  /** Whose invoices are asked for; null for nobody's, undefined for everybody's. */
  const customerOf = async (
    caller: Caller,
    asked: { organization?: string | undefined; subscription?: string | undefined },
  ): Promise<string | null | undefined> => {
    if (asked.subscription !== undefined)
      return (await accessTo(database, caller, asked.subscription)).subscription.customerId;
    if (asked.organization !== undefined)
      return (await visibleOrganization(database, caller, asked.organization)).customerId;
    if (caller.isOperator) return undefined;
    return (await readableOrganization(database, caller))?.customerId ?? null;
  };

  return router
    .openapi(list, async (c) => {
      const { organization, subscription, status, cursor, limit } = c.req.valid('query');
      const customerId = await customerOf(c.get('caller'), { organization, subscription });
      if (customerId === null) return c.json({ invoices: [], nextCursor: null }, 200);
      const page = await listInvoices(stripe, {
        customerId,
        subscriptionId: subscription,
        status,
        after: cursor,
        limit,
      });
      const last = page.hasMore ? page.invoices.at(-1)?.id : undefined;
      return c.json({ invoices: page.invoices.map(invoiceView), nextCursor: last ?? null }, 200);
    })
    .openapi(show, async (c) => {
      const { found } = await find(c.get('caller'), c.req.valid('param').id);
      return c.json(invoiceView(found), 200);
    })
    .openapi(pay, async (c) => {
      const caller = c.get('caller');
      const { found, role } = await find(caller, c.req.valid('param').id);
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
            message: `${caller.isOperator ? 'An operator' : 'The customer'} paid the open invoice ${paid.number ?? paid.id}`,
            data: { invoice: paid.id, ...askedBy(caller) },
          });
        });
      }
      return c.json(invoiceView(paid), 200);
    });
};
