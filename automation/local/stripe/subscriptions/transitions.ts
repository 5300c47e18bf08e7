/**
 * The lives of subscriptions and invoices as Stripe documents them: which status may follow which, why, and the
 * source. The simulator refuses to write any other; `docs/stripe-simulator.md` shows the same table.
 */

import type { InvoiceDoc, SubscriptionDoc } from '../documents.ts';

export type SubscriptionStatus = SubscriptionDoc['status'];
export type InvoiceStatus = NonNullable<InvoiceDoc['status']>;

export interface Transition<Status extends string> {
  /** Null is the beginning. */
  readonly from: Status | null;
  readonly to: Status;
  readonly when: string;
  readonly source: string;
}

const lifecycle = 'https://docs.stripe.com/billing/subscriptions/overview';
const statuses = 'https://docs.stripe.com/api/subscriptions/object#subscription_object-status';
const trials = 'https://docs.stripe.com/billing/subscriptions/trials';
const pausing = 'https://docs.stripe.com/billing/subscriptions/pause';
const cancelling = 'https://docs.stripe.com/billing/subscriptions/cancel';
const retries = 'https://docs.stripe.com/billing/revenue-recovery/smart-retries';
const invoicing = 'https://docs.stripe.com/invoicing/overview';
const renewing = 'https://docs.stripe.com/billing/invoices/subscription';

export const subscriptionTransitions: readonly Transition<SubscriptionStatus>[] = [
  { from: null, to: 'active', when: 'the first invoice is paid, or asks for nothing', source: lifecycle },
  { from: null, to: 'trialing', when: 'it begins with a trial', source: trials },
  { from: null, to: 'incomplete', when: 'the first invoice is not paid at once', source: lifecycle },
  { from: 'incomplete', to: 'active', when: 'the first invoice is paid within 23 hours', source: lifecycle },
  { from: 'incomplete', to: 'incomplete_expired', when: '23 hours pass without', source: lifecycle },
  { from: 'incomplete', to: 'canceled', when: 'it is cancelled', source: cancelling },
  { from: 'trialing', to: 'active', when: 'the trial ends', source: trials },
  {
    from: 'trialing',
    to: 'paused',
    when: 'the trial ends without a payment method, or somebody pauses it',
    source: trials,
  },
  {
    from: 'trialing',
    to: 'canceled',
    when: 'it is cancelled, or the trial ends without a payment method',
    source: trials,
  },
  { from: 'active', to: 'past_due', when: 'a payment fails', source: statuses },
  { from: 'active', to: 'trialing', when: 'a trial is given to it', source: trials },
  { from: 'active', to: 'paused', when: 'somebody pauses it', source: pausing },
  { from: 'active', to: 'unpaid', when: 'the last attempt fails and the settings say so', source: retries },
  { from: 'active', to: 'canceled', when: 'it is cancelled, or the last attempt fails', source: cancelling },
  { from: 'past_due', to: 'active', when: 'the latest invoice is paid', source: statuses },
  { from: 'past_due', to: 'trialing', when: 'a trial is given to it', source: trials },
  { from: 'past_due', to: 'paused', when: 'somebody pauses it', source: pausing },
  { from: 'past_due', to: 'unpaid', when: 'the last attempt fails and the settings say so', source: retries },
  { from: 'past_due', to: 'canceled', when: 'it is cancelled, or the last attempt fails', source: retries },
  { from: 'unpaid', to: 'active', when: 'the latest invoice is paid', source: statuses },
  { from: 'unpaid', to: 'trialing', when: 'a trial is given to it', source: trials },
  { from: 'unpaid', to: 'canceled', when: 'it is cancelled', source: cancelling },
  { from: 'paused', to: 'active', when: 'it is resumed', source: pausing },
  { from: 'paused', to: 'canceled', when: 'it is cancelled', source: cancelling },
];

export const invoiceTransitions: readonly Transition<InvoiceStatus>[] = [
  { from: null, to: 'draft', when: 'it is made', source: invoicing },
  {
    from: 'draft',
    to: 'open',
    when: 'it is finalized: by itself an hour later, or by hand',
    source: renewing,
  },
  { from: 'open', to: 'paid', when: 'it is paid, or asks for nothing', source: invoicing },
  { from: 'open', to: 'void', when: 'it is voided', source: invoicing },
  { from: 'open', to: 'uncollectible', when: 'it is written off', source: invoicing },
  { from: 'uncollectible', to: 'paid', when: 'it is paid after all', source: invoicing },
  { from: 'uncollectible', to: 'void', when: 'it is voided', source: invoicing },
];

const lives = { subscription: subscriptionTransitions, invoice: invoiceTransitions } as const;
type Lived = keyof typeof lives;

/** True for objects that live by one of the tables. */
export const isLived = (type: string): type is Lived => Object.hasOwn(lives, type);

/**
 * Accepts documented steps, and an unchanged status.
 * @throws Error when Stripe documents no such step: the simulator would lie
 */
export function assertStep(type: Lived, from: string | null, to: string | null): void {
  if (from === to || lives[type].some((one) => one.from === from && one.to === to)) return;
  throw new Error(`no ${type} of Stripe goes from ${from ?? 'nothing'} to ${to ?? 'nothing'}`);
}
