/** Revenue: what was billed and paid, minus what was given back. Not MRR, and never mixed with it. Pure. */
import type { CreditNoteShape, InvoiceShape, RefundShape } from './stripe-shapes.ts';

export const paymentKinds = ['invoice', 'credit_note', 'refund'] as const;
export type PaymentKind = (typeof paymentKinds)[number];

/** One line of the append-only log of money. */
export interface Payment {
  /** The invoice, credit note or refund; with a suffix where it undoes one. */
  readonly id: string;
  readonly kind: PaymentKind;
  readonly at: Date;
  readonly currency: string;
  /** Without tax; negative where money was returned or a claim was waived. */
  readonly cents: number;
  readonly subscriptionId: string | null;
  /** The invoice that it concerns. */
  readonly invoiceId: string | null;
  /** True for an invoice that charges for the subscription, before discounts. The first one makes the subscription count. */
  readonly settles: boolean;
}

/** A paid invoice; null while unpaid. Its discounts, one-off ones too, lower the total. */
export function paymentOfInvoice(invoice: InvoiceShape): Payment | null {
  const paidAt = invoice.status_transitions?.paid_at ?? null;
  if (invoice.status !== 'paid') return null;
  return {
    id: invoice.id,
    kind: 'invoice',
    at: new Date((paidAt ?? invoice.created) * 1000),
    currency: invoice.currency,
    cents: invoice.total_excluding_tax ?? invoice.total,
    subscriptionId: invoice.parent?.subscription_details?.subscription ?? null,
    invoiceId: invoice.id,
    settles: invoice.lines.data.some(
      (line) => line.parent?.subscription_item_details != null && (line.subtotal ?? line.amount) > 0,
    ),
  };
}

/** A credit note lowers its invoice's revenue when issued; voiding it undoes that then. */
export function paymentsOfCreditNote(note: CreditNoteShape): readonly Payment[] {
  const issued: Payment = {
    id: note.id,
    kind: 'credit_note',
    at: new Date(note.created * 1000),
    currency: note.currency,
    cents: -(note.total_excluding_tax ?? note.total),
    subscriptionId: null,
    invoiceId: note.invoice,
    settles: false,
  };
  if (note.voided_at == null) return [issued];
  return [
    issued,
    { ...issued, id: `${note.id}:voided`, at: new Date(note.voided_at * 1000), cents: -issued.cents },
  ];
}

/**
 * A refund; a failed or cancelled one does not count. A refund that pays out a credit note counts as that note only: the
 * sum of revenue leaves it out (`refundsOfCreditNote`).
 */
export function paymentOfRefund(refund: RefundShape, invoiceId: string | null): Payment | null {
  if (refund.status !== 'succeeded' && refund.status != null) return null;
  return {
    id: refund.id,
    kind: 'refund',
    at: new Date(refund.created * 1000),
    currency: refund.currency,
    cents: -refund.amount,
    subscriptionId: null,
    invoiceId,
    settles: false,
  };
}

/** Ids of the refunds that pay out a credit note. */
export function refundsOfCreditNote(note: CreditNoteShape): readonly string[] {
  return (note.refunds ?? []).flatMap(({ refund }) => (refund === null ? [] : [refund]));
}
