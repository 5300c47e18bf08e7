import type Stripe from 'stripe';
import type { Queryable } from '../store/database.ts';
import { assignCustomer, type Organization } from './organizations.ts';

/** Metadata that names the organization on its Stripe customer. */
export const customerMetadata = { organization: 'tenantry_organization' } as const;

/**
 * Finds or makes the organization's one Stripe customer.
 *
 * However many processes ask at once, there is only one: all send the same request under the same idempotency key, and Stripe
 * gives all of them the same customer. Stripe keeps keys for at least 24 hours, and its search finds a customer after about a
 * minute (https://docs.stripe.com/search#data-freshness), so a retry after a crash finds it either way. The request contains
 * nothing that may change meanwhile; another one sets name and address.
 */
export async function ensureCustomer(
  stripe: Stripe,
  db: Queryable,
  organization: Organization,
): Promise<string> {
  if (organization.customerId) return organization.customerId;
  const { id, name, billingEmail, customersLost } = organization;
  const made =
    (await findCustomer(stripe, id)) ??
    (await stripe.customers.create(
      { metadata: { [customerMetadata.organization]: id } },
      { idempotencyKey: `tenantry-customer:${id}:${customersLost}` },
    ));
  await stripe.customers.update(made.id, { name, ...(billingEmail && { email: billingEmail }) });
  return assignCustomer(db, id, made.id);
}

/** The oldest customer that names the organization and that Stripe's search knows. */
async function findCustomer(stripe: Stripe, organizationId: string): Promise<Stripe.Customer | null> {
  const query = `metadata['${customerMetadata.organization}']:'${organizationId}'`;
  const { data } = await stripe.customers.search({ query, limit: 100 });
  return data.reduce<Stripe.Customer | null>(
    (oldest, each) => (oldest === null || each.created < oldest.created ? each : oldest),
    null,
  );
}
