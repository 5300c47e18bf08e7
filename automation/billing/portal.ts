import type Stripe from 'stripe';

/**
 * In Stripe's billing portal the customer may pay, see invoices, manage payment method and billing address, and cancel at the
 * end of the period. Plans and seats change through our own API, which knows the catalog's rules.
 */
const features = {
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  customer_update: { enabled: true, allowed_updates: ['name', 'email', 'address', 'tax_id'] },
  subscription_cancel: { enabled: true, mode: 'at_period_end' },
  subscription_update: { enabled: false },
} satisfies Stripe.BillingPortal.ConfigurationCreateParams.Features;

/** Marks our configuration in its metadata. Another value makes another configuration. */
const mark = { key: 'tenantry_portal', value: '1' } as const;

/** Where the portal begins: at its front page, or at one task. */
export const portalFlows = ['payment_method_update'] as const;
export type PortalFlow = (typeof portalFlows)[number];

/**
 * Opens Stripe's billing portal for a customer.
 * @param returnUrl where the portal's back link leads
 * @returns an address that works for a short time, for anybody who has it
 */
export async function openPortal(
  stripe: Stripe,
  { customerId, returnUrl, flow }: { customerId: string; returnUrl: string; flow?: PortalFlow | undefined },
): Promise<string> {
  const session = await stripe.billingPortal.sessions.create({
    customer: customerId,
    configuration: await findConfiguration(stripe),
    return_url: returnUrl,
    ...(flow && { flow_data: { type: flow } }),
  });
  return session.url;
}

/** Finds or makes our configuration. Several that are made at once are all alike. */
async function findConfiguration(stripe: Stripe): Promise<string> {
  const known = await stripe.billingPortal.configurations
    .list({ active: true, limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  const ours = known.find(({ metadata }) => metadata?.[mark.key] === mark.value);
  if (ours) return ours.id;
  const made = await stripe.billingPortal.configurations.create(
    { features, metadata: { [mark.key]: mark.value } },
    { idempotencyKey: `tenantry-portal:${mark.value}` },
  );
  return made.id;
}
