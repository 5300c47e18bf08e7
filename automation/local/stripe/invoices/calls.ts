/** The routes of invoices. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { InvoiceDoc, InvoiceLineDoc, ListOf } from '../documents.ts';
import { cardDeclined, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  flag,
  ignored,
  instantFilter,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { collect } from './collection.ts';
import { closeInvoice, finalizeInvoice } from './invoices.ts';

const listParams = z.strictObject({
  ...listCall,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
  created: instantFilter.optional(),
  collection_method: ignored,
});

export function listInvoices(context: Context, form: Form): ListOf<InvoiceDoc> {
  const params = parseParams(listParams, form);
  const filter = {
    customer: params.customer,
    subscription: params.subscription,
    statusIn: params.status && [params.status],
    created: params.created,
  };
  return listOf(context, 'invoice', '/v1/invoices', filter, params);
}

export function listInvoiceLines(context: Context, id: string, form: Form): ListOf<InvoiceLineDoc> {
  parseParams(z.strictObject(listCall), form);
  return find(context, 'invoice', id).lines;
}

const updateParams = z.strictObject({
  ...anyCall,
  metadata: metadata.optional(),
  description: clearable(text).optional(),
  auto_advance: flag.optional(),
});

export function updateInvoice(context: Context, id: string, form: Form): InvoiceDoc {
  const before = find(context, 'invoice', id);
  const params = parseParams(updateParams, form);
  const after: InvoiceDoc = {
    ...before,
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
    description: params.description === undefined ? before.description : params.description,
    auto_advance: params.auto_advance ?? before.auto_advance ?? false,
  };
  saveChanged(context, 'invoice', before, after, 'invoice.updated');
  return after;
}

export function finalizeByHand(context: Context, id: string, form: Form): InvoiceDoc {
  const invoice = find(context, 'invoice', id);
  const params = parseParams(z.strictObject({ ...anyCall, auto_advance: flag.optional() }), form);
  if (invoice.status !== 'draft') {
    throw new StripeError("This invoice is already finalized, you can't re-finalize a non-draft invoice.", {
      code: 'invoice_not_editable',
    });
  }
  const open = finalizeInvoice(context, invoice);
  return params.auto_advance ? collect(context, open, { automatic: true }) : open;
}

const payParams = z.strictObject({
  ...anyCall,
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
  off_session: ignored,
  forgive: ignored,
});

/** @throws StripeError card_declined; the failed attempt stays recorded */
export function payInvoice(context: Context, id: string, form: Form): InvoiceDoc {
  const invoice = find(context, 'invoice', id);
  const params = parseParams(payParams, form);
  if (invoice.status === 'paid')
    throw new StripeError('Invoice is already paid', { code: 'invoice_already_paid' });
  if (invoice.status === 'void') {
    throw new StripeError('Invoices with status void cannot be paid.', { code: 'invoice_not_editable' });
  }
  const open = invoice.status === 'draft' ? finalizeInvoice(context, invoice) : invoice;
  if (params.paid_out_of_band) {
    return collect(context, open, { automatic: false, outOfBand: true });
  }
  const settled = collect(context, open, { automatic: false });
  if (settled.status !== 'paid') throw cardDeclined(true);
  return settled;
}

export function voidByHand(context: Context, id: string): InvoiceDoc {
  return close(context, id, 'void');
}

export function markUncollectible(context: Context, id: string): InvoiceDoc {
  return close(context, id, 'uncollectible');
}

function close(context: Context, id: string, status: 'void' | 'uncollectible'): InvoiceDoc {
  const invoice = find(context, 'invoice', id);
  if (invoice.status !== 'open' && !(status === 'void' && invoice.status === 'uncollectible')) {
    throw new StripeError(`You can only pass in open invoices. This invoice isn't open.`, {
      code: 'invoice_not_editable',
    });
  }
  return closeInvoice(context, invoice, status);
}
