import type Stripe from 'stripe';
import { parsePlanLookupKey } from '../../tenants/catalog/index.ts';
import type { Queryable } from '../store/database.ts';
import type { CreditGrant } from '../store/ledger.ts';
import { isInvoiceGranted } from '../store/ledger-read.ts';
import { creditAllowance, creditItem, grantsOf, pricesOf } from './allowance.ts';

/** Newest invoices that are looked at; a period has one of its own and one for each change of plan. */
const invoicesRead = 24;

/**
 * The credits that a subscription has paid for, read from its invoices as Stripe has them now. Asks Stripe only while the
 * subscription's latest invoice has given nothing yet.
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
  const { data: invoices } = await stripe.invoices.list({
    subscription: subscription.id,
    status: 'paid',
    limit: invoicesRead,
  });
  const allowances = new Map<string, number | null>([[item.price.id, allowanceOf(item.price)]]);
  for (const id of new Set(invoices.flatMap(pricesOf))) {
    if (!allowances.has(id)) allowances.set(id, allowanceOf(await stripe.prices.retrieve(id)));
  }
  return grantsOf(item, invoices, (id) => allowances.get(id) ?? null);
}

function allowanceOf(price: Stripe.Price): number | null {
  const bought = parsePlanLookupKey(price.lookup_key ?? '');
  return bought && creditAllowance(bought.product.id, bought.plan.id);
}

function idOf(reference: string | { id?: string } | null): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
