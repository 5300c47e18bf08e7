/** What a person or a test does to the simulated account from outside the API: time, faults, payments, cards. */

import { type Account, byItself } from './account.ts';
import { payCheckoutSession } from './checkout/checkout.ts';
import { payOpenInvoices } from './checkout/portal.ts';
import { find } from './context.ts';
import { interested } from './delivery/deliveries.ts';
import type { Faults } from './delivery/faults.ts';
import type { Delivery, Destination } from './delivery/record.ts';
import type { CheckoutSessionDoc, DisputeDoc, RefundDoc } from './documents.ts';
import { StripeError } from './http/errors.ts';
import { closeDispute, failRefund, openDispute } from './invoices/charges.ts';
import { setCustomerCard } from './subscriptions/payment-methods.ts';

export interface ClockState {
  /** Seconds since 1970, and the same instant in ISO 8601. */
  readonly now: number;
  readonly iso: string;
  /** Seconds by which the clock is ahead of real time. */
  readonly aheadSeconds: number;
  readonly nextDue: { readonly at: number; readonly kind: string; readonly id: string } | null;
}

export interface Summary {
  readonly clock: ClockState;
  readonly counts: Readonly<Record<string, number>>;
  readonly subscriptions: Readonly<Record<string, number>>;
  readonly deliveries: Readonly<Record<string, number>> & { readonly paused: boolean };
  readonly faults: Faults;
  readonly destinations: readonly { readonly id: string; readonly url: string; readonly form: string }[];
}

export interface Controls {
  state(): Summary;
  clock(): ClockState;
  /** Moves the clock forward, by seconds or to an instant; everything due on the way happens in order. */
  advanceClock(
    by: { readonly seconds: number } | { readonly to: number },
  ): Promise<ClockState & { steps: number }>;
  /** Changes the faults of coming deliveries; faults that are not named stay. Restarts the seeded sequence. */
  setFaults(faults: Partial<Faults>): Faults;
  deliveries(eventId?: string): Delivery[];
  flushDeliveries(): Promise<{ attempted: number; delivered: number }>;
  pauseDeliveries(): void;
  resumeDeliveries(): void;
  setDestinations(destinations: readonly Destination[]): void;
  /** Completes a checkout session as its Pay button does. @throws StripeError card_declined when `decline` */
  payCheckout(
    sessionId: string,
    payment?: { decline?: boolean; email?: string; name?: string; code?: string },
  ): CheckoutSessionDoc;
  /** Gives the customer a new default card; with `retry`, tries open invoices at once. */
  setCard(customerId: string, card: { works: boolean; retry?: boolean }): { paymentMethod: string };
  replayEvent(eventId: string): { deliveries: number };
  /** The customer's bank charges back the payment of an invoice for now. */
  disputeInvoice(invoiceId: string, reason: string): DisputeDoc;
  closeDispute(disputeId: string, status: 'won' | 'lost'): DisputeDoc;
  /** The customer's bank refuses a refund. */
  failRefund(refundId: string): RefundDoc;
}

export function createControls(account: Account): Controls {
  const { store, clock, deliveries, timeline } = account;

  function clockState(): ClockState {
    const now = clock.now();
    const due = store.nextDue();
    return {
      now,
      iso: new Date(now * 1000).toISOString(),
      aheadSeconds: now - Math.floor(Date.now() / 1000),
      nextDue: due ? { at: due.at, kind: `${due.type}.${due.kind}`, id: due.id } : null,
    };
  }

  return {
    clock: clockState,

    state() {
      const types = [
        'customer',
        'product',
        'price',
        'subscription',
        'invoice',
        'checkout_session',
        'event',
      ] as const;
      const statuses = store.rows<{ status: string; n: number }>(
        "SELECT status, count(*) AS n FROM documents WHERE type = 'subscription' GROUP BY status",
      );
      return {
        clock: clockState(),
        counts: Object.fromEntries(types.map((type) => [type, store.count(type)])),
        subscriptions: Object.fromEntries(statuses.map(({ status, n }) => [status, n])),
        deliveries: Object.assign(deliveries.counts(), { paused: deliveries.paused() }),
        faults: deliveries.faults(),
        destinations: store.all('webhook_endpoint', {}).map(({ id, url }) => ({
          id,
          url,
          form: store.hidden('webhook_endpoint', id)?.form ?? 'snapshot',
        })),
      };
    },

    async advanceClock(by) {
      const target = 'to' in by ? by.to : clock.now() + by.seconds;
      if (target < clock.now()) throw new StripeError('The clock only moves forward.');
      const steps = await timeline.advanceTo(target);
      return { ...clockState(), steps };
    },

    setFaults: (faults) => deliveries.setFaults(faults),
    deliveries: (eventId) => deliveries.list(eventId),
    flushDeliveries: () => deliveries.flush(),
    pauseDeliveries: () => deliveries.pause(),
    resumeDeliveries: () => deliveries.resume(),
    setDestinations: (destinations) => account.setDestinations(destinations),

    payCheckout(sessionId, payment = {}) {
      return account.perform(byItself, (context) => payCheckoutSession(context, sessionId, payment));
    },

    setCard(customerId, { works, retry }) {
      return account.perform(byItself, (context) => {
        const card = setCustomerCard(context, customerId, works);
        if (retry) payOpenInvoices(context, customerId);
        return { paymentMethod: card.id };
      });
    },

    disputeInvoice: (invoiceId, reason) =>
      account.perform(byItself, (context) => openDispute(context, invoiceId, reason)),
    closeDispute: (disputeId, status) =>
      account.perform(byItself, (context) => closeDispute(context, disputeId, status)),
    failRefund: (refundId) => account.perform(byItself, (context) => failRefund(context, refundId)),

    replayEvent(eventId) {
      const made = account.perform(byItself, (context) => {
        const event = find(context, 'event', eventId);
        return deliveries.replay(event, interested(store.all('webhook_endpoint', {}), event.type));
      });
      return { deliveries: made };
    },
  };
}
