/** The hosted page of an invoice, to read and pay it, and its PDF. */

import { Hono } from 'hono';
import { z } from 'zod';
import { type Account, byItself } from '../account.ts';
import { assertSameOrigin } from '../checkout/page-origin.ts';
import { date, dollars, html, page } from '../checkout/pages.ts';
import { type Context, find } from '../context.ts';
import type { InvoiceDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import { decodeForm } from '../http/form.ts';
import { parseParams } from '../http/params.ts';
import { setCustomerCard } from '../subscriptions/payment-methods.ts';
import { payInvoice } from './calls.ts';

const payForm = z.object({ card: z.enum(['works', 'declines']) });

export function invoicePages(account: Account): Hono {
  const app = new Hono();
  const read = <R>(work: (context: Context) => R): R => account.perform(byItself, work);
  const shown = (context: Context, id: string): InvoiceDoc => {
    const invoice = find(context, 'invoice', id);
    // A draft has no page yet.
    if (invoice.status === 'draft') throw new StripeError(`No such invoice: '${id}'`, { status: 404 });
    return invoice;
  };

  app.get('/i/:id', (c) => c.html(read((context) => invoicePage(shown(context, c.req.param('id')), false))));
  app.get('/i/:id/pdf', (c) => {
    const invoice = read((context) => shown(context, c.req.param('id')));
    return c.body(pdf(textOf(invoice)), 200, {
      'content-type': 'application/pdf',
      'content-disposition': `inline; filename="${invoice.number ?? invoice.id}.pdf"`,
    });
  });
  app.post('/i/:id', async (c) => {
    const id = c.req.param('id');
    assertSameOrigin(c);
    const { card } = parseParams(payForm, decodeForm(await c.req.text()));
    read((context) => setCustomerCard(context, shown(context, id).customer, card === 'works'));
    try {
      read((context) => payInvoice(context, id, {}));
      return c.redirect(`/i/${id}`, 303);
    } catch (error) {
      if (!(error instanceof StripeError) || error.type !== 'card_error') throw error;
      return c.html(
        read((context) => invoicePage(shown(context, id), true)),
        402,
      );
    }
  });
  return app;
}

function invoicePage(invoice: InvoiceDoc, declined: boolean): string {
  const rows = invoice.lines.data
    .map(
      (line) =>
        `<div class="line"><span>${html(line.description ?? '')}</span><span>${dollars(line.amount)}</span></div>`,
    )
    .join('');
  const open = invoice.status === 'open' || invoice.status === 'uncollectible';
  return page(
    'Invoice',
    `<h1>Invoice ${html(invoice.number ?? invoice.id)}</h1>
     <p class="soft">${html(invoice.customer_email ?? invoice.customer)} · ${date(invoice.created)} · ${html(invoice.status ?? '')} · simulated</p>
     <p class="total">${dollars(open ? invoice.amount_remaining : invoice.total)}</p>
     ${rows}
     ${declined ? '<p class="alert" role="alert">Your card was declined. Try another one.</p>' : ''}
     ${
       open
         ? `<form method="post">
              <label><input type="radio" name="card" value="works" checked> Card ending 4242</label>
              <label><input type="radio" name="card" value="declines"> Card ending 0002 (card declines)</label>
              <button type="submit">Pay invoice</button></form>`
         : ''
     }
     <p class="foot"><a href="/i/${html(invoice.id)}/pdf">Download as PDF</a></p>`,
  );
}

function textOf(invoice: InvoiceDoc): string[] {
  return [
    `Invoice ${invoice.number ?? invoice.id}`,
    `${date(invoice.created)}, ${invoice.status}`,
    invoice.customer_email ?? invoice.customer,
    '',
    ...invoice.lines.data.map((line) => `${dollars(line.amount).padStart(12)}  ${line.description ?? ''}`),
    `${dollars(invoice.total).padStart(12)}  Total`,
    `${dollars(invoice.amount_remaining).padStart(12)}  Due`,
  ];
}

/** A PDF of one page with lines of text, the minimum of ISO 32000-1. */
function pdf(lines: readonly string[]): string {
  const shown = lines
    .map((line) => line.replace(/[^ -~]/g, '?').replace(/[\\()]/g, (special) => `\\${special}`))
    .map((line) => `(${line}) Tj T*`)
    .join('\n');
  const content = `BT /F1 10 Tf 50 780 Td 16 TL\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const rows = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  return `${text}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
}
