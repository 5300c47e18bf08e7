import type Stripe from 'stripe';
import { planLookupKey } from '../../tenants/catalog/index.ts';
import {
  assertChangeable,
  type PlanItem,
  type PlanTarget,
  type PlanWish,
  planItemOf,
  prorationDateOf,
  type Settlement,
  settlementOf,
  targetOf,
} from './plan-change.ts';
import { asRefusal, BillingRefusal } from './refusal.ts';
import { stripeNow } from './stripe-time.ts';

/** A line of an invoice or of its preview. */
export interface Line {
  readonly description: string;
  readonly amountCents: number;
  readonly quantity: number | null;
  readonly proration: boolean;
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

/** What a change costs. All amounts in cents of `currency`; credits are negative. */
export interface ChangePreview {
  readonly plan: string;
  readonly seats: number;
  readonly currency: string;
  /** Charged when the change is made. */
  readonly dueNowCents: number;
  /** What the change adds to the next invoice, on top of `dueNowCents`; negative for a credit. */
  readonly nextInvoiceCents: number;
  /** The price of every further period, without usage. */
  readonly periodCents: number;
  /** The lines of the invoice that is charged now, or those that the change adds to the next one. */
  readonly lines: readonly Line[];
  /** Send it back with the change to get exactly these amounts. Seconds since 1970, by Stripe's clock. */
  readonly prorationDate: number;
}

interface Planned {
  readonly subscription: Stripe.Subscription;
  readonly current: PlanItem;
  readonly target: PlanTarget;
  readonly price: Pick<Stripe.Price, 'id' | 'unit_amount'>;
  readonly settlement: Settlement;
  readonly prorationDate: number;
}

/** Computes the cost of a change. @throws BillingRefusal */
export async function previewChange(
  stripe: Stripe,
  subscriptionId: string,
  wish: PlanWish,
): Promise<ChangePreview> {
  const planned = await plan(stripe, subscriptionId, wish, undefined);
  if (!('target' in planned)) return unchanged(planned);
  const { subscription, current, target, price, settlement, prorationDate } = planned;
  const invoice = await stripe.invoices.createPreview({
    subscription: subscription.id,
    subscription_details: {
      items: [itemOf(planned)],
      proration_behavior: settlement,
      proration_date: prorationDate,
    },
  });
  const now = settlement === 'always_invoice';
  // The next invoice also contains the renewal and earlier pending items. Only prorations from this instant on belong to
  // this change.
  const lines = now
    ? invoice.lines.data
    : invoice.lines.data.filter(
        (line) => isProration(line) && line.period.start === prorationDate && ofItem(line, current.item.id),
      );
  return {
    plan: target.plan.id,
    seats: target.seats,
    currency: invoice.currency,
    dueNowCents: now ? invoice.amount_due : 0,
    nextInvoiceCents: now ? 0 : lines.reduce((sum, line) => sum + line.amount, 0),
    periodCents: (price.unit_amount ?? 0) * target.seats,
    lines: lines.map(lineOf),
    prorationDate,
  };
}

/**
 * Makes a change. An upgrade is paid in the same step: if the payment fails, nothing changes. A request for the present
 * state changes nothing, so a second click is harmless.
 * @param options.prorationDate from the preview
 * @param options.idempotencyKey repeated requests get the first answer, for 24 hours
 * @returns the subscription afterwards, and whether it changed
 * @throws BillingRefusal
 */
export async function changePlan(
  stripe: Stripe,
  subscriptionId: string,
  wish: PlanWish,
  options: { prorationDate?: number | undefined; idempotencyKey?: string | undefined } = {},
): Promise<{ subscription: Stripe.Subscription; changed: boolean }> {
  const planned = await plan(stripe, subscriptionId, wish, options.prorationDate);
  const { subscription } = planned;
  if (!('target' in planned)) return { subscription, changed: false };
  try {
    const after = await stripe.subscriptions.update(
      subscription.id,
      {
        items: [itemOf(planned)],
        proration_behavior: planned.settlement,
        proration_date: planned.prorationDate,
        payment_behavior: 'error_if_incomplete',
      },
      options.idempotencyKey === undefined
        ? {}
        : { idempotencyKey: `tenantry-plan:${subscription.id}:${options.idempotencyKey}` },
    );
    return { subscription: after, changed: true };
  } catch (error) {
    throw asRefusal(error);
  }
}

async function plan(
  stripe: Stripe,
  subscriptionId: string,
  wish: PlanWish,
  prorationDate: number | undefined,
): Promise<Planned | Pick<Planned, 'subscription' | 'current' | 'prorationDate'>> {
  const subscription = await stripe.subscriptions.retrieve(subscriptionId);
  const current = planItemOf(subscription);
  if (!current) {
    throw new BillingRefusal(
      'plan_not_for_sale',
      'The subscription has no plan from the catalog; contact us.',
    );
  }
  const target = targetOf(current, wish);
  const now = stripeNow(subscription);
  if (!target) return { subscription, current, prorationDate: now };
  assertChangeable(subscription.status);
  const at = prorationDateOf(prorationDate, now, current.item.current_period_start);
  // A customer who keeps the plan keeps its price, even one that is no longer for sale.
  const price =
    target.plan.id === current.plan.id
      ? current.item.price
      : await priceOf(stripe, planLookupKey(current.product.id, target.plan.id));
  const settlement = settlementOf(
    (current.item.price.unit_amount ?? 0) * current.seats,
    (price.unit_amount ?? 0) * target.seats,
    { product: current.product.id, plan: current.plan.id },
  );
  return { subscription, current, target, price, settlement, prorationDate: at };
}

/** Finds the active price with a lookup key. @throws BillingRefusal */
export async function priceOf(stripe: Stripe, lookupKey: string): Promise<Stripe.Price> {
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 });
  const [price] = data;
  if (price) return price;
  throw new BillingRefusal(
    'plan_not_for_sale',
    `Stripe has no active price with the lookup key ${lookupKey}.`,
  );
}

function itemOf({ current, target, price }: Planned) {
  return {
    id: current.item.id,
    ...(price.id !== current.item.price.id && { price: price.id }),
    quantity: target.seats,
  };
}

function unchanged({ current, prorationDate }: Pick<Planned, 'current' | 'prorationDate'>): ChangePreview {
  const { plan, seats, item } = current;
  return {
    plan: plan.id,
    seats,
    currency: item.price.currency,
    dueNowCents: 0,
    nextInvoiceCents: 0,
    periodCents: (item.price.unit_amount ?? 0) * seats,
    lines: [],
    prorationDate,
  };
}

function isProration({ parent }: Stripe.InvoiceLineItem): boolean {
  return (parent?.subscription_item_details ?? parent?.invoice_item_details)?.proration === true;
}

/** True for the item's lines, and for prorations of a replaced item, which name no item. */
function ofItem({ parent }: Stripe.InvoiceLineItem, itemId: string): boolean {
  const named = parent?.subscription_item_details?.subscription_item;
  return named === undefined || named === null || named === itemId;
}

export function lineOf(line: Stripe.InvoiceLineItem): Line {
  return {
    description: line.description ?? '',
    amountCents: line.amount,
    quantity: line.quantity,
    proration: isProration(line),
    periodStart: new Date(line.period.start * 1000),
    periodEnd: new Date(line.period.end * 1000),
  };
}
