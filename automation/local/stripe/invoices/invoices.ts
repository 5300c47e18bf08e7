/** The life of an invoice: draft, open, then paid, void or uncollectible. Who is asked to pay, and what follows for
 *  the subscription, is decided in `collection.ts`. */

import { type AppliedDiscount, activeDiscounts, discountLines } from '../catalog/discounts.ts';
import { type Context, find, saveChanged } from '../context.ts';
import type { CustomerDoc, InvoiceDoc, InvoiceLineDoc, SubscriptionDoc } from '../documents.ts';
import { embeddedList } from '../http/lists.ts';
import { newId } from '../ids.ts';
import type { Period } from './lines.ts';

export interface Draft {
  readonly customer: CustomerDoc;
  readonly subscription: SubscriptionDoc | null;
  readonly reason:
    | 'subscription_create'
    | 'subscription_cycle'
    | 'subscription_update'
    | 'manual'
    | 'upcoming';
  readonly lines: readonly InvoiceLineDoc[];
  readonly period: Period;
  /** Discounts on its lines. */
  readonly discounts?: readonly AppliedDiscount[];
  /** When Stripe finalizes it by itself; null where the caller does, or nobody should. */
  readonly finalizeAt: number | null;
}

/** An invoice as it would be, stored nowhere. */
export function composeInvoice(draft: Draft, now: number): InvoiceDoc {
  const id = newId('invoice');
  const lines = discountLines(draft.lines, draft.discounts ?? []);
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const taken = discountTotals(lines);
  const total = subtotal - taken.reduce((sum, { amount }) => sum + amount, 0);
  const { customer, subscription } = draft;
  const balance = balanceAfter(total, customer.balance);
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Tenantry (simulated)',
    account_tax_ids: null,
    amount_due: balance.due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_paid_off_stripe: 0,
    amount_remaining: balance.due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: draft.finalizeAt !== null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: draft.finalizeAt,
    billing_reason: draft.reason,
    collection_method: 'charge_automatically',
    created: now,
    currency: draft.lines[0]?.currency ?? subscription?.currency ?? 'usd',
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: (draft.discounts ?? []).map((discount) => discount.id),
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: embeddedList(
      lines.map((line) => ({ ...line, invoice: id })),
      `/v1/invoices/${id}/lines`,
    ),
    livemode: false,
    metadata: {},
    next_payment_attempt: draft.finalizeAt,
    number: null,
    on_behalf_of: null,
    parent: subscription && {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: draft.period.end,
    period_start: draft.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal,
    subtotal_excluding_tax: subtotal,
    test_clock: null,
    total,
    total_discount_amounts: taken,
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** The whole amount of each discount on the invoice. */
function discountTotals(lines: readonly InvoiceLineDoc[]): { amount: number; discount: string }[] {
  const totals = new Map<string, number>();
  for (const { amount, discount } of lines.flatMap((line) => line.discount_amounts ?? [])) {
    const id = typeof discount === 'string' ? discount : discount.id;
    totals.set(id, (totals.get(id) ?? 0) + amount);
  }
  return [...totals].map(([discount, amount]) => ({ amount, discount }));
}

/**
 * A credit (negative total) goes to the customer's balance; an existing credit pays first. Stripe's sign: negative is
 * credit.
 */
export function balanceAfter(total: number, balance: number): { due: number; balance: number } {
  if (total < 0) return { due: 0, balance: balance + total };
  const applied = Math.min(total, Math.max(0, -balance));
  return { due: total - applied, balance: balance + applied };
}

/** Stores a new draft with the lines given and whatever waits for the customer's next invoice. */
export function draftInvoice(context: Context, draft: Draft): InvoiceDoc {
  const pending = draft.subscription
    ? context.store.all('invoiceitem', { subscription: draft.subscription.id })
    : [];
  const lines = [...pending.map((item) => item.line), ...draft.lines];
  const discounts = draft.subscription ? activeDiscounts(context, draft.subscription, context.now()) : [];
  const invoice = composeInvoice({ ...draft, lines, discounts }, context.now());
  for (const item of pending) context.store.remove('invoiceitem', item.id);
  const due = draft.finalizeAt === null ? null : { at: draft.finalizeAt, kind: 'finalize' };
  context.store.put('invoice', invoice, { due });
  context.emit('invoice.created', invoice);
  return invoice;
}

export function finalizeInvoice(context: Context, invoice: InvoiceDoc): InvoiceDoc {
  const customer = context.store.get('customer', invoice.customer);
  const { due, balance } = balanceAfter(invoice.total, customer?.balance ?? 0);
  const sequence = customer?.next_invoice_sequence ?? 1;
  if (customer) {
    const after = { ...customer, balance, next_invoice_sequence: sequence + 1, currency: invoice.currency };
    context.store.put('customer', after);
    if (balance !== customer.balance) context.emit('customer.updated', after, { balance: customer.balance });
  }
  const after: InvoiceDoc = {
    ...invoice,
    status: 'open',
    amount_due: due,
    amount_remaining: due,
    starting_balance: customer?.balance ?? 0,
    ending_balance: balance,
    automatically_finalizes_at: null,
    auto_advance: invoice.billing_reason !== 'manual',
    effective_at: context.now(),
    number: `${customer?.invoice_prefix ?? 'DELETED'}-${String(sequence).padStart(4, '0')}`,
    hosted_invoice_url: `${context.url}/i/${invoice.id}`,
    invoice_pdf: `${context.url}/i/${invoice.id}/pdf`,
    status_transitions: { ...invoice.status_transitions, finalized_at: context.now() },
  };
  context.store.put('invoice', after, { due: null });
  context.emit('invoice.finalized', after);
  return after;
}

export function markPaid(context: Context, invoice: InvoiceDoc): InvoiceDoc {
  const after: InvoiceDoc = {
    ...invoice,
    status: 'paid',
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    attempt_count: invoice.amount_due === 0 ? invoice.attempt_count : Math.max(1, invoice.attempt_count),
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: context.now() },
  };
  context.store.put('invoice', after, { due: null });
  context.emit('invoice.paid', after);
  context.emit('invoice.payment_succeeded', after);
  return after;
}

/** A failed attempt; `retryAt` is the next automatic one, null when there is none. */
export function markFailed(
  context: Context,
  invoice: InvoiceDoc,
  attempt: number,
  retryAt: number | null,
): InvoiceDoc {
  const after: InvoiceDoc = {
    ...invoice,
    attempted: true,
    attempt_count: attempt,
    next_payment_attempt: retryAt,
    auto_advance: retryAt !== null,
  };
  context.store.put('invoice', after, { due: retryAt === null ? null : { at: retryAt, kind: 'retry' } });
  context.emit('invoice.payment_failed', after);
  return after;
}

export function closeInvoice(
  context: Context,
  invoice: InvoiceDoc,
  status: 'void' | 'uncollectible',
): InvoiceDoc {
  const transition = status === 'void' ? 'voided_at' : 'marked_uncollectible_at';
  const after: InvoiceDoc = {
    ...invoice,
    status,
    auto_advance: false,
    next_payment_attempt: null,
    automatically_finalizes_at: null,
    status_transitions: { ...invoice.status_transitions, [transition]: context.now() },
  };
  context.store.put('invoice', after, { due: null });
  context.emit(status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', after);
  return after;
}

/** No further automatic attempts: what happens to the open invoices of a subscription that ended. */
export function stopCollecting(context: Context, subscriptionId: string): void {
  for (const invoice of context.store.all('invoice', {
    subscription: subscriptionId,
    statusIn: ['open', 'draft'],
  })) {
    const after = {
      ...invoice,
      auto_advance: false,
      next_payment_attempt: null,
      automatically_finalizes_at: null,
    };
    saveChanged(context, 'invoice', invoice, after, 'invoice.updated');
    context.store.put('invoice', after, { due: null });
  }
}

export function customerOf(context: Context, subscription: SubscriptionDoc): CustomerDoc {
  return find(context, 'customer', subscription.customer, 'customer');
}
