/** What the model knows about a customer: what they asked for and what they were told. Nothing of how it is done. */
import { catalog } from '../../tenants/catalog/index.ts';
import type { Plan } from '../../tenants/catalog/types.ts';

export interface ModelSubscription {
  readonly id: string;
  readonly product: string;
  plan: string;
  seats: number;
  cancelAtPeriodEnd: boolean;
  /** Changes of plan and seats that Stripe took. */
  changes: number;
  /** They cancelled it at once. */
  ended: boolean;
}

/** A change of credits that the API reported as done. */
export interface CreditChange {
  readonly tenant: string;
  readonly kind: 'hold' | 'capture' | 'top_up';
  readonly cause: string;
  readonly amount: number;
}

export interface Customer {
  readonly name: string;
  /** Their Stripe customer, once they have paid for something. */
  customerId: string | null;
  readonly subscriptions: ModelSubscription[];
  readonly credits: CreditChange[];
  /** Holds that nobody has captured or returned. */
  readonly openHolds: { readonly tenant: string; readonly cause: string; readonly amount: number }[];
  /** Steps that they may still take before the next rest. */
  stepsLeft: number;
  /** Steps taken, in words. */
  readonly story: string[];
}

export function newCustomer(name: string): Customer {
  return { name, customerId: null, subscriptions: [], credits: [], openHolds: [], stepsLeft: 0, story: [] };
}

/** Every plan that checkout sells. */
export const offers: readonly {
  readonly product: string;
  readonly plan: string;
  readonly perSeat: boolean;
}[] = catalog.flatMap(({ id, plans }) =>
  plans
    .filter(({ price }) => price.kind !== 'custom')
    .map((plan) => ({ product: id, plan: plan.id, perSeat: isPerSeat(plan) })),
);

export function isPerSeat({ price }: Pick<Plan, 'price'>): boolean {
  return price.kind === 'perSeat';
}

/** Subscriptions that were not cancelled at once; time may have ended them all the same. */
export function running(customer: Customer): ModelSubscription[] {
  return customer.subscriptions.filter(({ ended }) => !ended);
}
