/** Records credit notes and refunds from events, in their present state at Stripe. */
import Stripe from 'stripe';
import type { Database } from '../store/database.ts';
import { addPayments, linkRefunds, listUntakenReturns, noteTaken, undoRefund } from './log.ts';
import { paymentOfRefund, paymentsOfCreditNote, refundsOfCreditNote } from './payments.ts';
import { creditNoteShape, type RefundShape, refundShape } from './stripe-shapes.ts';

/** Most events that one sweep takes; the next one takes the rest. */
const batch = 100;

/**
 * Fetches each credit note and refund that events name. One that Stripe does not have counts as nothing. When Stripe does
 * not answer, the rest waits for the next sweep.
 */
export async function takeReturns(db: Database, stripe: Stripe): Promise<void> {
  for (const { eventId, objectType, objectId } of await listUntakenReturns(db, batch)) {
    if (objectType === 'credit_note') await takeCreditNote(db, stripe, objectId);
    else await takeRefund(db, stripe, objectId);
    await noteTaken(db, eventId);
  }
}

async function takeCreditNote(db: Database, stripe: Stripe, id: string): Promise<void> {
  const note = creditNoteShape.safeParse(await orNull(stripe.creditNotes.retrieve(id)));
  if (!note.success) return;
  await linkRefunds(db, id, refundsOfCreditNote(note.data));
  await addPayments(db, paymentsOfCreditNote(note.data));
}

async function takeRefund(db: Database, stripe: Stripe, id: string): Promise<void> {
  const refund = refundShape.safeParse(await orNull(stripe.refunds.retrieve(id)));
  if (!refund.success) return;
  const payment = paymentOfRefund(refund.data, await invoiceOf(stripe, refund.data));
  if (payment) await addPayments(db, [payment]);
  else if (refund.data.status === 'failed' || refund.data.status === 'canceled')
    await undoRefund(db, id, new Date(refund.data.created * 1000));
}

/** The invoice whose payment was refunded; null where there is none. */
async function invoiceOf(stripe: Stripe, { payment_intent: intent }: RefundShape): Promise<string | null> {
  if (intent === null) return null;
  const found = await orNull(
    stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent }, limit: 1 }),
  );
  const invoice = found?.data[0]?.invoice;
  return typeof invoice === 'string' ? invoice : (invoice?.id ?? null);
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return null;
    throw error;
  }
}
