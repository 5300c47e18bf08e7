import { createRoute } from '@hono/zod-openapi';
import { openPortal } from '../../automation/billing/portal.ts';
import { ensureCustomer } from '../../automation/organizations/customer.ts';
import { type Caller, requireCaller } from '../auth.ts';
import { accessToChange } from '../billing.ts';
import { portal, portalRequest } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { payingOrganization } from '../organizations.ts';
import { bearer, createRouter, problemResponses } from '../router.ts';

const open = createRoute({
  method: 'post',
  path: '/v1/portal',
  operationId: 'openPortal',
  tags: ['Billing'],
  summary: "Open the payment service's billing portal",
  description:
    'For the payment method, the billing address and invoices of the organization that pays. Only its admins; the address is good for a short time.',
  security: bearer,
  request: { body: { required: true, content: { 'application/json': { schema: portalRequest } } } },
  responses: {
    201: { description: 'Go to `url`', content: { 'application/json': { schema: portal } } },
    ...problemResponses,
  },
});

export const portalRoutes = ({ database, stripe, authenticate, publicUrl }: ApiDeps) => {
  const router = createRouter();
  router.use(open.path, requireCaller(authenticate));

  const customerOf = async (
    caller: Caller,
    asked: { organization?: string | undefined; subscription?: string | undefined },
  ): Promise<string> => {
    if (asked.subscription !== undefined) {
      const { customerId } = await accessToChange(database, caller, asked.subscription);
      if (customerId !== null) return customerId;
    }
    return ensureCustomer(stripe, database, await payingOrganization(database, caller, asked.organization));
  };

  return router.openapi(open, async (c) => {
    const { organization, subscription, returnUrl, flow } = c.req.valid('json');
    const customerId = await customerOf(c.get('caller'), { organization, subscription });
    const url = await openPortal(stripe, {
      customerId,
      returnUrl: returnUrl ?? `${publicUrl}/#/tenants`,
      flow,
    });
    return c.json({ url }, 201);
  });
};
