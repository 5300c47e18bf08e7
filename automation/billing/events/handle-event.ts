/** Asks Stripe about the object that an event names and says what to do about it. Writes nothing. */
import Stripe from 'stripe';
import { meaningOf } from './meanings.ts';
import {
  disputeNotice,
  type Payer,
  payerOfInvoice,
  paymentActionNotice,
  referenceId,
  refundNotice,
  stuckInvoiceNotice,
  type ToldNotice,
  trialNotice,
} from './notices.ts';
import type { UnresolvedEvent } from './received-events.ts';

export interface EventOutcome {
  readonly subscriptionId: string | null;
  readonly notices: readonly ToldNotice[];
  /** A deleted customer, whose subscriptions must all be fetched. */
  readonly deletedCustomer: string | null;
}

const nobodys: EventOutcome = { subscriptionId: null, notices: [], deletedCustomer: null };

/** Most refunds of a charge that are reported; Stripe allows many small ones. */
const mostRefunds = 100;

/** @throws when Stripe does not answer. An event about an object that Stripe does not have concerns nobody. */
export async function handleEvent(stripe: Stripe, event: UnresolvedEvent): Promise<EventOutcome> {
  const { objectId } = event;
  if (!objectId) return { ...nobodys, subscriptionId: event.subscriptionId };
  try {
    return await outcomeOf(stripe, event, objectId);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { ...nobodys, subscriptionId: event.subscriptionId };
  }
}

async function outcomeOf(stripe: Stripe, event: UnresolvedEvent, objectId: string): Promise<EventOutcome> {
  switch (meaningOf(event.type)?.effect) {
    case 'trial-end':
      return ofSubscription(objectId, trialNotice(await stripe.subscriptions.retrieve(objectId)));
    case 'payment-action':
      return ofInvoice(await stripe.invoices.retrieve(objectId), paymentActionNotice);
    case 'invoice-stuck':
      return ofInvoice(await stripe.invoices.retrieve(objectId), stuckInvoiceNotice);
    case 'dispute': {
      const dispute = await stripe.disputes.retrieve(objectId);
      return ofPayment(disputeNotice(dispute, await payerOfCharge(stripe, referenceId(dispute.charge))));
    }
    case 'refund': {
      const refund = await stripe.refunds.retrieve(objectId);
      return ofPayment(refundNotice(refund, await payerOfCharge(stripe, referenceId(refund.charge))));
    }
    case 'charge-refunds': {
      const { data } = await stripe.refunds.list({ charge: objectId, limit: mostRefunds });
      const payer = await payerOfCharge(stripe, objectId);
      const notices = data.map((refund) => refundNotice(refund, payer));
      return { ...nobodys, subscriptionId: payer.subscriptionId, notices };
    }
    case 'customer-deleted': {
      const customer = await stripe.customers.retrieve(objectId);
      return customer.deleted ? { ...nobodys, deletedCustomer: objectId } : nobodys;
    }
    default:
      return { ...nobodys, subscriptionId: await subscriptionOf(stripe, event, objectId) };
  }
}

function ofSubscription(subscriptionId: string, notice: ToldNotice | null): EventOutcome {
  return { ...nobodys, subscriptionId, notices: notice ? [notice] : [] };
}

function ofInvoice(
  invoice: Stripe.Invoice,
  noticeOf: (invoice: Stripe.Invoice) => ToldNotice | null,
): EventOutcome {
  const notice = noticeOf(invoice);
  return {
    ...nobodys,
    subscriptionId: payerOfInvoice(invoice).subscriptionId,
    notices: notice ? [notice] : [],
  };
}

function ofPayment(notice: ToldNotice): EventOutcome {
  return { ...nobodys, subscriptionId: notice.subscriptionId, notices: [notice] };
}

/** Finds who made a payment: by the invoice that it paid, or else only by the customer. */
async function payerOfCharge(stripe: Stripe, chargeId: string | null): Promise<Payer> {
  if (chargeId === null) return { customerId: null, subscriptionId: null };
  const charge = await stripe.charges.retrieve(chargeId);
  const customer = { customerId: referenceId(charge.customer), subscriptionId: null };
  const intent = referenceId(charge.payment_intent);
  if (intent === null) return customer;
  const { data } = await stripe.invoicePayments.list({
    payment: { type: 'payment_intent', payment_intent: intent },
    limit: 1,
  });
  const invoiceId = referenceId(data[0]?.invoice as string | { id: string } | undefined);
  return invoiceId === null ? customer : payerOfInvoice(await stripe.invoices.retrieve(invoiceId));
}

/** For thin notifications, which do not name the subscription. */
async function subscriptionOf(
  stripe: Stripe,
  { objectType, subscriptionId }: UnresolvedEvent,
  objectId: string,
): Promise<string | null> {
  switch (objectType) {
    case 'invoice':
      return payerOfInvoice(await stripe.invoices.retrieve(objectId)).subscriptionId;
    case 'checkout.session':
      return referenceId((await stripe.checkout.sessions.retrieve(objectId)).subscription);
    default:
      return subscriptionId;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404;
}
