/** Charges, what pays an invoice, refunds and disputes: money that came, and money that goes back. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type {
  ChargeDoc,
  DisputeDoc,
  InvoiceDoc,
  InvoicePaymentDoc,
  ListOf,
  RefundDoc,
} from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  instantFilter,
  integer,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';

/**
 * The charge of a paid invoice, with the payment that links the two. Nothing where nothing was due. Leaves out
 * Stripe's charge event: the invoice's event reports the payment.
 */
export function chargeInvoice(context: Context, invoice: InvoiceDoc, paymentMethod: string | null): void {
  if (invoice.amount_paid === 0) return;
  const now = context.now();
  const intent = newId('payment_intent');
  const charge: ChargeDoc = {
    id: newId('charge'),
    object: 'charge',
    amount: invoice.amount_paid,
    amount_captured: invoice.amount_paid,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: null,
    captured: true,
    created: now,
    currency: invoice.currency,
    customer: invoice.customer,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: intent,
    payment_method: paymentMethod,
    payment_method_details: null,
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
  const payment: InvoicePaymentDoc = {
    id: newId('invoice_payment'),
    object: 'invoice_payment',
    amount_paid: invoice.amount_paid,
    amount_requested: invoice.amount_paid,
    created: now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: now },
  };
  context.store.put('charge', charge);
  context.store.put('invoice_payment', payment);
}

const listChargeParams = z.strictObject({
  ...listCall,
  customer: text.optional(),
  payment_intent: text.optional(),
  created: instantFilter.optional(),
});

export function listCharges(context: Context, form: Form): ListOf<ChargeDoc> {
  const { customer, payment_intent: intent, created, ...page } = parseParams(listChargeParams, form);
  const fields = intent === undefined ? [] : [['$.payment_intent', intent] as const];
  return listOf(context, 'charge', '/v1/charges', { customer, created, fields }, page);
}

const listPaymentParams = z.strictObject({
  ...listCall,
  invoice: text.optional(),
  payment: z.strictObject({ type: z.literal('payment_intent'), payment_intent: text.optional() }).optional(),
  status: z.enum(['canceled', 'open', 'paid']).optional(),
});

export function listInvoicePayments(context: Context, form: Form): ListOf<InvoicePaymentDoc> {
  const { invoice, payment, status, ...page } = parseParams(listPaymentParams, form);
  const fields: [string, string][] = [];
  if (invoice !== undefined) fields.push(['$.invoice', invoice]);
  if (payment?.payment_intent !== undefined)
    fields.push(['$.payment.payment_intent', payment.payment_intent]);
  const statusIn = status && [status];
  return listOf(context, 'invoice_payment', '/v1/invoice_payments', { statusIn, fields }, page);
}

const createRefundParams = z.strictObject({
  ...anyCall,
  charge: text.optional(),
  payment_intent: text.optional(),
  amount: integer.pipe(z.int().min(1)).optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
});

export function createRefund(context: Context, form: Form): RefundDoc {
  const params = parseParams(createRefundParams, form);
  const charge = chargeOf(context, params);
  const left = charge.amount - charge.amount_refunded;
  const amount = params.amount ?? left;
  if (left === 0) {
    throw new StripeError(`Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
  if (amount > left) {
    throw new StripeError(
      `Refund amount ($${(amount / 100).toFixed(2)}) is greater than unrefunded amount on charge ($${(left / 100).toFixed(2)})`,
      { param: 'amount' },
    );
  }
  if (charge.disputed) {
    throw new StripeError(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  const refund: RefundDoc = {
    id: newId('refund'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: context.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    metadata: mergeMetadata({}, params.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  context.store.put('refund', refund);
  context.emit('refund.created', refund);
  const amount_refunded = charge.amount_refunded + amount;
  const after = { ...charge, amount_refunded, refunded: amount_refunded === charge.amount };
  saveChanged(context, 'charge', charge, after, 'charge.refunded');
  return refund;
}

function chargeOf(
  context: Context,
  { charge, payment_intent: intent }: { charge?: string | undefined; payment_intent?: string | undefined },
): ChargeDoc {
  if (charge !== undefined) return find(context, 'charge', charge, 'charge');
  const found = context.store.all('charge', { fields: [['$.payment_intent', intent ?? '']] })[0];
  if (!found) {
    throw new StripeError('One of the following params should be provided: payment_intent or charge.', {
      code: 'parameter_missing',
    });
  }
  return found;
}

const listRefundParams = z.strictObject({
  ...listCall,
  charge: text.optional(),
  payment_intent: text.optional(),
  created: instantFilter.optional(),
});

export function listRefunds(context: Context, form: Form): ListOf<RefundDoc> {
  const { charge, payment_intent: intent, created, ...page } = parseParams(listRefundParams, form);
  const fields: [string, string][] = [];
  if (charge !== undefined) fields.push(['$.charge', charge]);
  if (intent !== undefined) fields.push(['$.payment_intent', intent]);
  return listOf(context, 'refund', '/v1/refunds', { created, fields }, page);
}

/** The bank of a refunded customer returns the money to us: the API has no call for that. */
export function failRefund(context: Context, id: string): RefundDoc {
  const before = find(context, 'refund', id);
  const after: RefundDoc = { ...before, status: 'failed', failure_reason: 'expired_or_canceled_card' };
  context.store.put('refund', after);
  context.emit('refund.failed', after);
  const charge = context.store.get('charge', before.charge);
  if (charge) {
    const amount_refunded = charge.amount_refunded - before.amount;
    context.store.put('charge', { ...charge, amount_refunded, refunded: false });
  }
  return after;
}

/** What a customer's bank does when the customer disputes the payment of an invoice. */
export function openDispute(context: Context, invoiceId: string, reason: string): DisputeDoc {
  const payment = context.store.all('invoice_payment', { fields: [['$.invoice', invoiceId]] })[0];
  const intent = payment?.payment.payment_intent ?? '';
  const charge = context.store.all('charge', { fields: [['$.payment_intent', intent]] })[0];
  if (!charge) throw new StripeError(`The invoice ${invoiceId} was not paid by a charge.`);
  const dispute: DisputeDoc = {
    id: newId('dispute'),
    object: 'dispute',
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: context.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { enhanced_evidence: {} },
    evidence_details: {
      due_by: context.now() + 7 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason,
    status: 'needs_response',
  };
  context.store.put('dispute', dispute);
  context.store.put('charge', { ...charge, disputed: true });
  context.emit('charge.dispute.created', dispute);
  context.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

export function closeDispute(context: Context, id: string, status: 'won' | 'lost'): DisputeDoc {
  const before = find(context, 'dispute', id);
  const after: DisputeDoc = { ...before, status };
  saveChanged(context, 'dispute', before, after, 'charge.dispute.closed');
  if (status === 'won') context.emit('charge.dispute.funds_reinstated', after);
  return after;
}

export function listDisputes(context: Context, form: Form): ListOf<DisputeDoc> {
  const params = z.strictObject({ ...listCall, charge: text.optional(), created: instantFilter.optional() });
  const { charge, created, ...page } = parseParams(params, form);
  const fields = charge === undefined ? [] : [['$.charge', charge] as const];
  return listOf(context, 'dispute', '/v1/disputes', { created, fields }, page);
}
