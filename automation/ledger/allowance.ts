import type Stripe from 'stripe';
import { findPlan, findProduct } from '../../tenants/catalog/index.ts';
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import type { CreditRule } from '../../tenants/catalog/types.ts';
import type { CreditGrant } from './book.ts';

/** The product's credit rule; null when it is not on credits. */
export function creditRule(productId: string): CreditRule | null {
  return findProduct(productId)?.credits ?? null;
}

/** The credits that a paid period of a plan grants; null when the product is not on credits. */
export function creditAllowance(productId: string, planId: string): number | null {
  const rule = creditRule(productId);
  const uses = rule && findPlan(productId, planId)?.entitlements[rule.entitlement];
  return rule && typeof uses === 'number' ? uses * rule.creditsPerUse : null;
}

/** The subscription's item that is a plan on credits, or null. */
export function creditItem(subscription: Stripe.Subscription): Stripe.SubscriptionItem | null {
  const item = subscription.items.data.find(({ price }) => {
    const bought = planOfPrice(price);
    return bought !== null && creditAllowance(bought.product.id, bought.plan.id) !== null;
  });
  return item ?? null;
}

/** Ids of the prices in an invoice. */
export function pricesOf(invoice: Stripe.Invoice): readonly string[] {
  return invoice.lines.data.flatMap((line) => priceOf(line) ?? []);
}

/**
 * The credits that a subscription's paid invoices grant for its present period. The invoice that pays the period grants the
 * plan's allowance. One that pays for a bigger plan within the period adds the difference, in proportion to the rest of the
 * period. Invoices of other periods grant nothing.
 * @param allowanceOf credits of a price's plan, by the id of the price; null for anything but a plan on credits
 */
export function grantsOf(
  item: Pick<Stripe.SubscriptionItem, 'id' | 'current_period_start' | 'current_period_end'>,
  invoices: readonly Stripe.Invoice[],
  allowanceOf: (priceId: string) => number | null,
): readonly CreditGrant[] {
  const { current_period_start: start, current_period_end: end } = item;
  const spendBy = new Date(end * 1000);
  const grants: CreditGrant[] = [];
  // Switching back and forth is paid with refunded money, so only what exceeds the highest payment so far counts.
  let changed = 0;
  let mostChanged = 0;
  const paid = invoices.filter(({ status }) => status === 'paid');
  // Oldest first: a period must begin before anything adds to it.
  for (const invoice of [...paid].sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))) {
    for (const line of invoice.lines.data) {
      const details = line.parent?.subscription_item_details;
      const price = priceOf(line);
      const allowance = price === null ? null : allowanceOf(price);
      if (allowance === null) continue;
      if (!details?.proration) {
        if (line.period.start === start && line.period.end > start)
          grants.push({ cause: `invoice:${invoice.id}`, amount: allowance, adds: false, spendBy });
      } else if (line.period.start >= start && line.period.end === end && end > start) {
        const share = (BigInt(allowance) * BigInt(end - line.period.start)) / BigInt(end - start);
        // A separate line credits what was charged for the previous plan.
        changed += line.amount < 0 ? -Number(share) : Number(share);
      }
    }
    if (changed <= mostChanged) continue;
    const amount = changed - mostChanged;
    grants.push({ cause: `invoice:${invoice.id}:change`, amount, adds: true, spendBy });
    mostChanged = changed;
  }
  return grants;
}

function priceOf(line: Stripe.InvoiceLineItem): string | null {
  const price = line.pricing?.price_details?.price;
  return typeof price === 'string' ? price : (price?.id ?? null);
}
