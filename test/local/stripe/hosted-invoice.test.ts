import { expect, test } from 'vitest';
import { day, priceOf, simulate, subscribe } from './simulated.ts';

async function overdue() {
  const it = await simulate();
  const { customer, subscription } = await subscribe(it, 'small');
  it.simulator.setCard(customer, { works: false });
  await it.simulator.advanceClock({ seconds: 32 * day });
  const { data } = await it.stripe.invoices.list({ subscription: subscription.id, status: 'open' });
  const invoice = data[0];
  if (!invoice?.hosted_invoice_url || !invoice.invoice_pdf) throw new Error('no open invoice with a page');
  const url = invoice.hosted_invoice_url;
  const pay = (card: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ card }), redirect: 'manual', headers });
  const status = async () => (await it.stripe.subscriptions.retrieve(subscription.id)).status;
  return { ...it, invoice, url, pdfUrl: invoice.invoice_pdf, pay, status, subscription, customer };
}

test('an open invoice is read and paid on its page, which brings its subscription back', async () => {
  const { url, pay, status, stripe, invoice } = await overdue();
  expect(await (await fetch(url)).text()).toContain('$15.00');
  expect(await status()).toBe('past_due');
  expect((await pay('works', { origin: 'https://elsewhere.example' })).status).toBe(403);
  const declined = await pay('declines');
  expect([declined.status, (await declined.text()).includes('declined')]).toEqual([402, true]);
  expect(await status()).toBe('past_due');
  expect((await pay('works')).status).toBe(303);
  expect(await status()).toBe('active');
  expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('paid');
  expect(await (await fetch(url)).text()).not.toContain('Pay invoice');
});

test('an invoice is a PDF too, with parentheses and other scripts in it', async () => {
  const { pdfUrl, stripe, customer, simulator } = await overdue();
  await stripe.customers.update(customer, { email: 'söhne(1)@example.com' });
  simulator.setCard(customer, { works: true, retry: true });
  const answer = await fetch(pdfUrl);
  expect(answer.headers.get('content-type')).toBe('application/pdf');
  const text = await answer.text();
  const at = Number(/startxref\n(\d+)/.exec(text)?.[1]);
  expect(text.slice(at, at + 4)).toBe('xref');
  expect(text).toContain('$15.00');
});

test('a cancellation at once invoices what waits, when it is asked to', async () => {
  const it = await simulate();
  const { subscription } = await subscribe(it, 'large');
  const small = await priceOf(it.stripe, 'small');
  const item = subscription.items.data[0]?.id ?? '';
  await it.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, price: small.id }],
    proration_behavior: 'create_prorations',
  });
  await it.stripe.subscriptions.cancel(subscription.id, { invoice_now: true });
  const { data } = await it.stripe.invoices.list({ subscription: subscription.id });
  expect(data.map(({ total, status }) => [Math.sign(total), status])).toEqual([
    [-1, 'paid'],
    [1, 'paid'],
  ]);
  const plain = await subscribe(it, 'small');
  await it.stripe.subscriptions.cancel(plain.subscription.id, { invoice_now: true });
  expect((await it.stripe.invoices.list({ subscription: plain.subscription.id })).data).toHaveLength(1);
});
