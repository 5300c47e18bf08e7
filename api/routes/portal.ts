import { openPortal } from '../../automation/billing/index.ts';
import { ensureCustomer } from '../../automation/organizations/index.ts';
import { people } from '../access.ts';
import { portal, portalRequest } from '../contract/billing.ts';
import type { ApiDeps } from '../deps.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { Scoped } from '../scoped/index.ts';

const open = createRoute({
  method: 'post',
  path: '/v1/portal',
  operationId: 'openPortal',
  tags: ['Billing'],
  summary: "Open the payment service's billing portal",
  description:
    'For the payment method, the billing address and invoices of the paying organization. Only for its admins. The address is valid for a short time.',
  access: people,
  request: { body: { required: true, content: { 'application/json': { schema: portalRequest } } } },
  responses: {
    201: { description: 'Go to `url`', content: { 'application/json': { schema: portal } } },
    ...problemResponses,
  },
});

export const portalRoutes = ({ database, stripe, publicUrl }: ApiDeps) => {
  const router = createRouter();

  const customerOf = async (
    { subscriptions, organizations }: Pick<Scoped, 'subscriptions' | 'organizations'>,
    asked: { organization?: string | undefined; subscription?: string | undefined },
  ): Promise<string> => {
    if (asked.subscription !== undefined) {
      const { customerId } = await subscriptions.findToChange(asked.subscription);
      if (customerId !== null) return customerId;
    }
    return ensureCustomer(stripe, database, await organizations.paying(asked.organization));
  };

  return router.openapi(open, async (c) => {
    const { organization, subscription, returnUrl, flow } = c.req.valid('json');
    const customerId = await customerOf(c.var, { organization, subscription });
    const url = await openPortal(stripe, {
      customerId,
      returnUrl: returnUrl ?? `${publicUrl}/#/tenants`,
      flow,
    });
    return c.json({ url }, 201);
  });
};
