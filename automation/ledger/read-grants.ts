import type Stripe from 'stripe';
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import type { Queryable } from '../store/database.ts';
import { creditAllowance, creditItem, grantsOf, pricesOf } from './allowance.ts';
import type { CreditGrant } from './book.ts';
import { isInvoiceGranted } from './read.ts';

/** A period's invoice may be a little older than the period, because clocks differ. */
const earlierSeconds = 86_400;

/** Most invoices to read for one period: its own, and one for each change of plan. */
const mostInvoices = 1000;

/**
 * Reads the credits that a subscription has paid for from its invoices at Stripe. Asks Stripe only while the subscription's
 * latest invoice has granted nothing.
 */
export async function readGrants(
  db: Queryable,
  stripe: Stripe,
  subscription: Stripe.Subscription,
): Promise<readonly CreditGrant[]> {
  const item = creditItem(subscription);
  if (!item) return [];
  const latest = idOf(subscription.latest_invoice);
  if (latest !== null && (await isInvoiceGranted(db, subscription.id, latest))) return [];
  const invoices = await stripe.invoices
    .list({
      subscription: subscription.id,
      status: 'paid',
      created: { gte: item.current_period_start - earlierSeconds },
      limit: 100,
    })
    .autoPagingToArray({ limit: mostInvoices });
  const allowances = new Map<string, number | null>([[item.price.id, allowanceOf(item.price)]]);
  for (const id of new Set(invoices.flatMap(pricesOf))) {
    if (!allowances.has(id)) allowances.set(id, allowanceOf(await stripe.prices.retrieve(id)));
  }
  return grantsOf(item, invoices, (id) => allowances.get(id) ?? null);
}

function allowanceOf(price: Stripe.Price): number | null {
  const bought = planOfPrice(price);
  return bought && creditAllowance(bought.product.id, bought.plan.id);
}

function idOf(reference: string | { id?: string } | null): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
