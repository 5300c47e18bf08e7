/** Invoice lines: pure functions from subscription items to their charges and credits. */

import { type AppliedDiscount, lessPercentages } from '../catalog/discounts.ts';
import { amountCents, shareCents } from '../catalog/money.ts';
import type { InvoiceLineDoc, PriceDoc, SubscriptionItemDoc } from '../documents.ts';
import { newId } from '../ids.ts';

export interface Period {
  readonly start: number;
  readonly end: number;
}

export const isMetered = (price: PriceDoc): boolean => price.recurring?.usage_type === 'metered';

/** The full price of an item for one period; usage pays for metered items, afterwards. */
export function itemAmount(item: Pick<SubscriptionItemDoc, 'price' | 'quantity'>): number {
  if (isMetered(item.price)) return 0;
  return amountCents(item.price.unit_amount_decimal ?? '0', String(item.quantity ?? 1));
}

/** One line for each licensed item, for the period given (or the item's own). */
export function periodLines(
  items: readonly SubscriptionItemDoc[],
  free: boolean,
  period?: Period,
): InvoiceLineDoc[] {
  return items
    .filter((item) => !isMetered(item.price))
    .map((item) =>
      line({
        item,
        amount: free ? 0 : itemAmount(item),
        quantity: item.quantity ?? 1,
        description: free ? `Free trial for ${item.quantity ?? 1} × ${label(item.price)}` : describe(item),
        period: period ?? { start: item.current_period_start, end: item.current_period_end },
        proration: false,
      }),
    );
}

/** The line for the usage of a metered item; `used` is a decimal string. */
export function usageLine(item: SubscriptionItemDoc, used: string, period: Period): InvoiceLineDoc {
  const unit = item.price.unit_amount_decimal ?? '0';
  const made = line({
    item,
    amount: amountCents(unit, used),
    quantity: Math.round(Number(used)),
    description: `${used} × ${label(item.price)} (at ${unit} cents each)`,
    period,
    proration: false,
  });
  return { ...made, quantity_decimal: used };
}

/**
 * Credits for the unused rest of items that change or go, and charges for the rest of the period on items that come
 * or change, each minus the continuing discounts. Metered items are never prorated.
 */
export function prorationLines(
  before: readonly SubscriptionItemDoc[],
  after: readonly SubscriptionItemDoc[],
  now: number,
  discounts: readonly AppliedDiscount[],
): InvoiceLineDoc[] {
  const lines: InvoiceLineDoc[] = [];
  const same = (a: SubscriptionItemDoc, b: SubscriptionItemDoc) =>
    a.id === b.id && a.price.id === b.price.id && a.quantity === b.quantity;
  const add = (item: SubscriptionItemDoc, sign: 1 | -1, wording: string) => {
    const { current_period_start: start, current_period_end: end } = item;
    const price = lessPercentages(itemAmount(item), discounts);
    const share = shareCents(price, Math.max(0, end - now), end - start);
    if (isMetered(item.price) || share === 0) return;
    const day = new Date(now * 1000).toISOString().slice(0, 10);
    lines.push(
      line({
        item,
        amount: sign * share,
        quantity: item.quantity ?? 1,
        description: `${wording} ${item.quantity ?? 1} × ${label(item.price)} after ${day}`,
        period: { start: now, end },
        proration: true,
      }),
    );
  };
  for (const item of before) if (!after.some((other) => same(item, other))) add(item, -1, 'Unused time on');
  for (const item of after) if (!before.some((other) => same(item, other))) add(item, 1, 'Remaining time on');
  return lines;
}

interface NewLine {
  item: SubscriptionItemDoc;
  amount: number;
  quantity: number;
  description: string;
  period: Period;
  proration: boolean;
}

function line({ item, amount, quantity, description, period, proration }: NewLine): InvoiceLineDoc {
  return {
    id: newId('line_item'),
    object: 'line_item',
    amount,
    currency: item.price.currency,
    description,
    discount_amounts: [],
    discountable: !proration,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration,
        proration_details: { credited_items: null },
        subscription: item.subscription,
        subscription_item: item.id,
      },
    },
    period: { start: period.start, end: period.end },
    pretax_credit_amounts: [],
    pricing: {
      type: 'price_details',
      price_details: { price: item.price.id, product: item.price.product },
      unit_amount_decimal: item.price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: String(quantity),
    subscription: item.subscription,
    subtotal: amount,
    taxes: [],
  };
}

const label = (price: PriceDoc): string => price.nickname ?? price.lookup_key ?? price.id;

function describe(item: SubscriptionItemDoc): string {
  const unit = Number(item.price.unit_amount_decimal ?? 0) / 100;
  return `${item.quantity ?? 1} × ${label(item.price)} (at $${unit.toFixed(2)} / ${item.price.recurring?.interval ?? 'month'})`;
}
