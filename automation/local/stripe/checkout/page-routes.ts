/** The addresses of the customer's pages and what their buttons do. */

import { Hono } from 'hono';
import { z } from 'zod';
import { type Account, byItself } from '../account.ts';
import { amountCents } from '../catalog/money.ts';
import { type Context, find } from '../context.ts';
import type { CheckoutSessionDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import { decodeForm } from '../http/form.ts';
import { flag, parseParams, text } from '../http/params.ts';
import { isMetered } from '../invoices/lines.ts';
import { invoicePages } from '../invoices/page.ts';
import { payCheckoutSession } from './checkout.ts';
import { assertSameOrigin } from './page-origin.ts';
import { checkoutPage, messagePage, portalPage } from './pages.ts';
import { actInPortal, type PortalAction, viewPortal } from './portal.ts';

const checkoutForm = z.object({
  card: z.enum(['works', 'declines']),
  email: text.optional(),
  code: z.string().max(500).optional(),
});
const portalForm = z.discriminatedUnion('action', [
  z.object({ action: z.literal('change_plan'), subscription: text, price: text }),
  z.object({ action: z.enum(['cancel', 'reactivate']), subscription: text }),
  z.object({ action: z.literal('card'), works: flag }),
]);

export function pageRoutes(account: Account): Hono {
  const app = new Hono();
  const read = <R>(work: (context: Context) => R): R => account.perform(byItself, work);

  app.get('/c/pay/:id', (c) => c.html(read((context) => renderCheckout(context, c.req.param('id'), null))));
  app.post('/c/pay/:id', async (c) => {
    const id = c.req.param('id');
    assertSameOrigin(c);
    const { card, email, code } = parseParams(checkoutForm, decodeForm(await c.req.text()));
    try {
      const payment = {
        decline: card === 'declines',
        ...(email === undefined ? {} : { email }),
        ...(code ? { code } : {}),
      };
      return c.redirect(successUrl(read((context) => payCheckoutSession(context, id, payment))), 303);
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      const isCard = error.type === 'card_error';
      if (!isCard && !error.details.code?.startsWith('promotion_code')) throw error;
      const problem = isCard ? 'Your card was declined. Try another one.' : error.message;
      return c.html(
        read((context) => renderCheckout(context, id, problem)),
        402,
      );
    }
  });

  app.get('/p/session/:id', (c) =>
    c.html(read((context) => portalPage(viewPortal(context, c.req.param('id')), null))),
  );
  app.post('/p/session/:id', async (c) => {
    const id = c.req.param('id');
    assertSameOrigin(c);
    const chosen: PortalAction = parseParams(portalForm, decodeForm(await c.req.text()));
    try {
      read((context) => actInPortal(context, id, chosen));
      return c.redirect(`/p/session/${id}`, 303);
    } catch (error) {
      if (!(error instanceof StripeError) || error.status === 404) throw error;
      const { message, status } = error;
      return c.html(
        read((context) => portalPage(viewPortal(context, id), message)),
        status as 400,
      );
    }
  });

  app.route('/', invoicePages(account));

  app.onError((error, c) => {
    if (!(error instanceof StripeError)) throw error;
    return c.html(messagePage('That did not work', error.message), error.status as 400);
  });
  return app;
}

/** The address the customer returns to, with Stripe's placeholder filled in. */
export function successUrl(session: CheckoutSessionDoc): string {
  return (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

function renderCheckout(context: Context, id: string, problem: string | null): string {
  const session = find(context, 'checkout_session', id);
  const request = context.store.hidden('checkout_session', id);
  const lines = (request?.items ?? []).map((item) => {
    const price = find(context, 'price', item.price);
    const metered = isMetered(price);
    return {
      name: context.store.get('product', price.product)?.name ?? price.id,
      quantity: item.quantity,
      amount: metered ? 0 : amountCents(price.unit_amount_decimal ?? '0', String(item.quantity ?? 1)),
      metered,
    };
  });
  return checkoutPage({ session, lines, trialDays: request?.trialPeriodDays ?? null, problem });
}
