import type Stripe from 'stripe';
import { slugPattern } from '../../tenants/catalog/names.ts';
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { type Residency, residencies } from './placement.ts';

/** Checkout writes this metadata on a subscription, and jobs read it. */
export const subscriptionMetadata = {
  owner: 'tenantry_owner',
  slug: 'tenantry_slug',
  checkout: 'tenantry_checkout',
  region: 'tenantry_region',
  residency: 'tenantry_residency',
} as const;

/** An identity provider's subject: no control characters, no lone surrogates. */
const ownerPattern = /^[^\p{Cc}\p{Cs}]{1,256}$/u;
const checkoutPattern = /^[\w-]{1,100}$/;
/** A cloud region, or a small installation's name for its place. */
export const regionPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What we need to know about a Stripe subscription. */
export interface SubscriptionFacts {
  readonly id: string;
  readonly status: Stripe.Subscription.Status;
  readonly customerId: string;
  /** Subject at the identity provider, or the Stripe customer of a subscription that was made outside our checkout. */
  readonly owner: string;
  /** The name that the customer chose; null unless it is valid. */
  readonly slug: string | null;
  readonly checkoutId: string | null;
  /** The region that the customer asked for, which may have no cell. */
  readonly region: string | null;
  readonly residency: Residency | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly bought:
    | { readonly product: ProductId; readonly plan: string; readonly seats: number }
    /** Why it is nothing from the catalog. */
    | { readonly problem: string };
}

/** Reads a subscription that was fetched from Stripe. Trusts its shape, but not its metadata. */
export function readSubscription(subscription: Stripe.Subscription): SubscriptionFacts {
  const { metadata } = subscription;
  const customerId =
    typeof subscription.customer === 'string' ? subscription.customer : subscription.customer.id;
  const slug = metadata[subscriptionMetadata.slug];
  const { owner, checkoutId } = originOf(metadata, customerId);
  const region = metadata[subscriptionMetadata.region];
  // The base item is the one whose price is a plan; metered prices are separate items.
  const planItem = subscription.items.data.find((item) => planOfPrice(item.price));
  const periodEnd = (planItem ?? subscription.items.data[0])?.current_period_end;
  return {
    id: subscription.id,
    status: subscription.status,
    customerId,
    owner,
    slug: slug && slugPattern.test(slug) ? slug : null,
    checkoutId,
    region: region && regionPattern.test(region) ? region : null,
    residency: residencyOf(metadata[subscriptionMetadata.residency]),
    currentPeriodEnd: periodEnd === undefined ? null : new Date(periodEnd * 1000),
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    bought: whatWasBought(subscription, planItem),
  };
}

/** A subscription's owner and the checkout that made it. Does not trust the metadata. */
export function originOf(
  metadata: Readonly<Record<string, string>>,
  customerId: string,
): Pick<SubscriptionFacts, 'owner' | 'checkoutId'> {
  const owner = metadata[subscriptionMetadata.owner];
  const checkoutId = metadata[subscriptionMetadata.checkout];
  return {
    owner: owner && ownerPattern.test(owner) ? owner : `stripe:${customerId}`,
    checkoutId: checkoutId && checkoutPattern.test(checkoutId) ? checkoutId : null,
  };
}

function residencyOf(text: string | undefined): Residency | null {
  return text !== undefined && Object.hasOwn(residencies, text) ? (text as Residency) : null;
}

function whatWasBought(
  subscription: Stripe.Subscription,
  planItem: Stripe.SubscriptionItem | undefined,
): SubscriptionFacts['bought'] {
  const parsed = planItem && planOfPrice(planItem.price);
  if (!planItem || !parsed) {
    const prices = subscription.items.data.map((item) => item.price.lookup_key ?? item.price.id).join(', ');
    return { problem: `no plan of the catalog has the price ${prices || '(none)'}` };
  }
  return { product: parsed.product.id, plan: parsed.plan.id, seats: planItem.quantity ?? 1 };
}
