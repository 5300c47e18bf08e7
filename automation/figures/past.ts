/** A subscription's past as its invoices show it, for months whose events Stripe no longer has. Pure. */
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import { type Observation, ranks, type Terms } from './observation.ts';
import { type Discount, type Price, ratesOf } from './recurring.ts';
import type { InvoiceShape, SubscriptionShape } from './stripe-shapes.ts';

/**
 * Observations at the beginning of each period that an invoice charged for, and at each change within a period. An invoice
 * with unknown prices or discounts yields nothing: nothing is guessed.
 * @param terms the subscription's present terms: its owner does not change
 * @param priceOf prices by id, as Stripe has them
 */
export function observationsOfInvoice(
  invoice: InvoiceShape,
  subscription: SubscriptionShape,
  terms: Pick<Terms, 'account' | 'checkoutId'>,
  priceOf: (id: string) => Price | undefined,
  known: ReadonlyMap<string, Discount>,
): Observation[] {
  const charged = invoice.lines.data.filter(
    (line) => line.parent?.subscription_item_details != null && line.amount >= 0 && !isMetered(line, priceOf),
  );
  // Whatever begins at the same time is one state: the items of a period, or those after a change.
  const starts = Map.groupBy(charged, (line) => line.period.start);
  const observations: Observation[] = [];
  for (const [start, lines] of starts) {
    const items = lines.flatMap((line) => {
      const price = priceOf(line.pricing?.price_details?.price ?? '');
      return price ? [{ line, price }] : [];
    });
    const isChange = lines.some((line) => line.parent?.subscription_item_details?.proration);
    // A change of one item does not mention the others.
    if (items.length !== lines.length || (isChange && subscription.items.data.length > 1)) continue;
    const discounts = applied(subscription, start, known);
    const rates = ratesOf(
      {
        currency: invoice.currency,
        discounts,
        items: {
          data: items.map(({ line, price }, index) => ({
            id: String(index),
            quantity: line.quantity ?? 1,
            price,
            discounts: [],
            created: start,
          })),
        },
      },
      known,
    );
    const bought = items.flatMap(({ line, price }) => {
      const found = planOfPrice(price);
      return found ? [{ product: found.product.id, plan: found.plan.id, seats: line.quantity ?? 1 }] : [];
    })[0];
    if ('unknown' in rates || !bought) continue;
    const isTrial = subscription.trial_end != null && start < subscription.trial_end;
    observations.push({
      ...terms,
      ...bought,
      subscriptionId: subscription.id,
      at: new Date(start * 1000),
      source: 'invoice',
      sourceId: `${invoice.id}:${start}`,
      rank: ranks.invoice,
      status: isTrial ? 'trialing' : 'active',
      currency: invoice.currency,
      rates,
    });
  }
  return observations;
}

/** Assumes that the subscription's present discounts have applied since they began. */
function applied(
  { discounts }: SubscriptionShape,
  start: number,
  known: ReadonlyMap<string, Discount>,
): string[] {
  return (discounts ?? []).flatMap((one) => {
    const id = typeof one === 'string' ? one : one.id;
    const begun = typeof one === 'string' || one.start == null || one.start <= start;
    return begun && known.has(id) ? [id] : [];
  });
}

function isMetered(
  line: InvoiceShape['lines']['data'][number],
  priceOf: (id: string) => Price | undefined,
): boolean {
  return priceOf(line.pricing?.price_details?.price ?? '')?.recurring?.usage_type === 'metered';
}
