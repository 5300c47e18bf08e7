import Stripe from 'stripe';
import { type Line, lineOf } from './change-plan.ts';
import { asRefusal, BillingRefusal } from './refusal.ts';
import type { invoiceStatuses } from './statuses.ts';

/** An invoice as its customer sees it. Amounts in cents of `currency`. */
export interface Invoice {
  readonly id: string;
  /** Null while it is a draft. */
  readonly number: string | null;
  readonly status: string;
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
  readonly currency: string;
  readonly totalCents: number;
  readonly dueCents: number;
  readonly paidCents: number;
  readonly remainingCents: number;
  readonly createdAt: Date;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly paidAt: Date | null;
  /** When Stripe tries to charge it again. */
  readonly nextAttemptAt: Date | null;
  readonly attempts: number;
  /** Where to read and pay it; null while it is a draft. */
  readonly hostedUrl: string | null;
  readonly pdfUrl: string | null;
  readonly lines: readonly Line[];
}

export type InvoiceStatus = (typeof invoiceStatuses)[number];

export interface InvoiceQuery {
  /** Every customer's when omitted. */
  readonly customerId?: string | undefined;
  readonly subscriptionId?: string | undefined;
  readonly status?: InvoiceStatus | undefined;
  /** Those older than this invoice. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Stripe's largest page: https://docs.stripe.com/api/pagination */
const mostAtOnce = 100;

/** Invoices, newest first. @throws BillingRefusal for an invalid cursor */
export async function listInvoices(
  stripe: Stripe,
  { customerId, subscriptionId, status, after, limit }: InvoiceQuery,
): Promise<Invoice[]> {
  try {
    const pages = stripe.invoices.list({
      ...(customerId !== undefined && { customer: customerId }),
      ...(subscriptionId !== undefined && { subscription: subscriptionId }),
      ...(status !== undefined && { status }),
      ...(after !== undefined && { starting_after: after }),
      limit: Math.min(limit, mostAtOnce),
    });
    return (await pages.autoPagingToArray({ limit })).map(invoiceOf);
  } catch (error) {
    if (after !== undefined && isMissing(error))
      throw new BillingRefusal('invalid_request', 'is not one of ours', 'cursor');
    throw error;
  }
}

/** Finds an invoice at Stripe. */
export async function findInvoice(stripe: Stripe, id: string): Promise<Invoice | null> {
  try {
    return invoiceOf(await stripe.invoices.retrieve(id));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * Charges an open invoice to the customer's present payment method now. Does nothing to a paid one.
 * @throws BillingRefusal `payment_declined`; `not_payable` for an invoice that is neither open nor paid
 */
export async function payInvoice(stripe: Stripe, invoice: Invoice): Promise<Invoice> {
  if (invoice.status === 'paid') return invoice;
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw new BillingRefusal(
      'not_payable',
      `The invoice is ${invoice.status}; only an open one can be paid.`,
    );
  try {
    return invoiceOf(await stripe.invoices.pay(invoice.id));
  } catch (error) {
    // Another click, or Stripe's own attempt, may have been first.
    const now =
      error instanceof Stripe.errors.StripeInvalidRequestError && (await findInvoice(stripe, invoice.id));
    if (now && now.status === 'paid') return now;
    throw asRefusal(error);
  }
}

export function invoiceOf(invoice: Stripe.Invoice): Invoice {
  const at = (seconds: number | null | undefined) => (seconds == null ? null : new Date(seconds * 1000));
  return {
    id: invoice.id,
    number: invoice.number,
    status: invoice.status ?? 'draft',
    customerId: idOf(invoice.customer),
    subscriptionId: idOf(invoice.parent?.subscription_details?.subscription),
    currency: invoice.currency,
    totalCents: invoice.total,
    dueCents: invoice.amount_due,
    paidCents: invoice.amount_paid,
    remainingCents: invoice.amount_remaining,
    createdAt: new Date(invoice.created * 1000),
    periodStart: new Date(invoice.period_start * 1000),
    periodEnd: new Date(invoice.period_end * 1000),
    paidAt: at(invoice.status_transitions.paid_at),
    nextAttemptAt: at(invoice.next_payment_attempt),
    attempts: invoice.attempt_count,
    hostedUrl: invoice.hosted_invoice_url ?? null,
    pdfUrl: invoice.invoice_pdf ?? null,
    lines: invoice.lines.data.map(lineOf),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
