/** What still runs or is owed at Stripe for a tenant. */
import Stripe from 'stripe';
import type { Sight } from './sight.ts';

const ended: ReadonlySet<Stripe.Subscription.Status> = new Set(['canceled', 'incomplete_expired']);

/** An invoice in one of these states will, or may, still be paid. */
const unsettled = ['open', 'draft'] as const;

export interface StripeSight extends Sight {
  readonly customers: readonly string[];
}

/**
 * Checks whether a subscription of the tenant still lives and whether one of its invoices is open. Ends neither: a
 * person decides about what somebody owes or pays for.
 * @param subscriptions every one that the tenant ever had
 */
export async function lookInStripe(stripe: Stripe, subscriptions: readonly string[]): Promise<StripeSight> {
  const remains: string[] = [];
  const notes: string[] = [];
  const customers = new Set<string>();
  for (const id of subscriptions) {
    const subscription = await stripe.subscriptions.retrieve(id).catch((error: unknown) => {
      if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return null;
      throw error;
    });
    if (!subscription) {
      notes.push(`Stripe does not know the subscription ${id}`);
      continue;
    }
    const { customer, status } = subscription;
    customers.add(typeof customer === 'string' ? customer : customer.id);
    if (!ended.has(status)) remains.push(`subscription ${id} is ${status}: cancel it`);
    for (const open of unsettled) {
      for await (const invoice of stripe.invoices.list({ subscription: id, status: open, limit: 100 })) {
        remains.push(`invoice ${invoice.id} is ${open}: have it paid, void it or write it off`);
      }
    }
  }
  return {
    looked: subscriptions.flatMap((id) => [
      `subscription ${id} has ended`,
      `open and draft invoices of ${id}`,
    ]),
    places: subscriptions.length * 3,
    remains,
    notes: subscriptions.length === 0 ? ['the tenant never had a subscription'] : notes,
    customers: [...customers],
  };
}
