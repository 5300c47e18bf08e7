import type Stripe from 'stripe';
import { findPlan } from '../../tenants/catalog/index.ts';
import { planOfPrice } from '../../tenants/catalog/plan-of-price.ts';
import type { Plan, Product } from '../../tenants/catalog/types.ts';
import { creditAllowance } from '../ledger/index.ts';
import { BillingRefusal } from './refusal.ts';

/** What a customer wants to change; what is left out stays as it is. */
export interface PlanWish {
  readonly plan?: string | undefined;
  readonly seats?: number | undefined;
}

/** The item of a subscription that is its plan. */
export interface PlanItem {
  readonly item: Stripe.SubscriptionItem;
  readonly product: Product;
  readonly plan: Plan;
  readonly seats: number;
}

export interface PlanTarget {
  readonly plan: Plan;
  readonly seats: number;
}

/** Finds the item whose price is a plan of the catalog; metered prices are separate items. */
export function planItemOf(subscription: Stripe.Subscription): PlanItem | null {
  for (const item of subscription.items.data) {
    const parsed = planOfPrice(item.price);
    if (parsed) return { item, ...parsed, seats: item.quantity ?? 1 };
  }
  return null;
}

/**
 * The subscription after the change. Pure. Seats carry over to the new plan; a plan that is not sold by the seat has one.
 * @returns null when nothing would change
 * @throws BillingRefusal that names the field at fault
 */
export function targetOf(
  current: Pick<PlanItem, 'product' | 'plan' | 'seats'>,
  wish: PlanWish,
): PlanTarget | null {
  const { product } = current;
  const plan = wish.plan === undefined ? current.plan : findPlan(product.id, wish.plan);
  if (!plan) {
    const plans = product.plans.map(({ id }) => id).join(', ');
    throw new BillingRefusal('invalid_request', `must be one of ${plans}`, 'plan');
  }
  for (const { name, price } of [current.plan, plan]) {
    if (price.kind === 'custom')
      throw new BillingRefusal('plan_not_for_sale', `The plan ${name} is agreed by hand; contact us.`);
  }
  const seats = seatsOf(plan, wish.seats, current.seats);
  return plan.id === current.plan.id && seats === current.seats ? null : { plan, seats };
}

function seatsOf(plan: Plan, wanted: number | undefined, now: number): number {
  if (plan.price.kind !== 'perSeat') {
    if (wanted !== undefined && wanted !== 1)
      throw new BillingRefusal(
        'invalid_request',
        `must be 1 or left out; ${plan.name} is not sold by seats`,
        'seats',
      );
    return 1;
  }
  const seats = wanted ?? now;
  const most = plan.price.maxSeats;
  if (!Number.isSafeInteger(seats) || seats < 1 || seats > most)
    throw new BillingRefusal('invalid_request', `must be a whole number from 1 to ${most}`, 'seats');
  return seats;
}

export type Settlement =
  /** Charged at once; if the payment fails, nothing changes. */
  | 'always_invoice'
  /** The rest of the paid period is credited on the next invoice. */
  | 'create_prorations'
  /** Nothing is credited. */
  | 'none';

/**
 * How a change is paid. Pure. A higher price is charged at once, so that nobody is served unpaid. A lower one is credited on
 * the next invoice, except for plans on credits, where that would return money for credits that may be spent.
 */
export function settlementOf(
  beforeCents: number,
  afterCents: number,
  { product, plan }: { readonly product: string; readonly plan: string },
): Settlement {
  if (afterCents > beforeCents) return 'always_invoice';
  return creditAllowance(product, plan) === null ? 'create_prorations' : 'none';
}

/** @throws BillingRefusal unless the subscription can change now */
export function assertChangeable(status: Stripe.Subscription.Status): void {
  switch (status) {
    case 'active':
    case 'trialing':
      return;
    case 'canceled':
    case 'incomplete_expired':
      throw new BillingRefusal('subscription_ended', 'The subscription has ended. Subscribe again.');
    case 'incomplete':
    case 'past_due':
    case 'unpaid':
      throw new BillingRefusal(
        'payment_overdue',
        'A payment is open. Pay it first: update the payment method in the billing portal, or pay the open invoice.',
      );
    case 'paused':
      throw new BillingRefusal('payment_overdue', 'The subscription is paused. Reactivate it first.');
    default:
      throw new BillingRefusal('payment_overdue', 'The subscription cannot be changed at the moment.');
  }
}

/** How long a preview stays valid. */
export const previewValidSeconds = 600;

/**
 * The instant from which the rest of the period is prorated. Pure.
 * @param given from a preview, so that exactly its amounts are charged. Customers cannot choose it freely, because one
 *   towards the end of the period would make an upgrade free.
 * @throws BillingRefusal when it is not recent
 */
export function prorationDateOf(given: number | undefined, nowSeconds: number, periodStart: number): number {
  if (given === undefined) return Math.max(nowSeconds, periodStart);
  if (given > nowSeconds + 5 || given < nowSeconds - previewValidSeconds || given < periodStart) {
    throw new BillingRefusal(
      'invalid_request',
      'is from a preview that is too old; ask for a new preview',
      'prorationDate',
    );
  }
  return given;
}
