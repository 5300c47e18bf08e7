/** The billing portal: sessions, and what a customer can do in one. */

import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type { PortalSessionDoc, PriceDoc, SubscriptionDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { anyCall, ignored, parseParams, text } from '../http/params.ts';
import { newId, stableId } from '../ids.ts';
import { collect } from '../invoices/collection.ts';
import { isMetered } from '../invoices/lines.ts';
import { updateSubscription } from '../subscriptions/change.ts';
import { setCustomerCard } from '../subscriptions/payment-methods.ts';
import { ended } from '../subscriptions/schedule.ts';
import { cancelSubscription } from '../subscriptions/subscriptions.ts';

const sessionParams = z.strictObject({
  ...anyCall,
  customer: text,
  return_url: text.optional(),
  configuration: text.optional(),
  flow_data: ignored,
  locale: ignored,
});

export function createPortalSession(context: Context, form: Form): PortalSessionDoc {
  const params = parseParams(sessionParams, form);
  const customer = find(context, 'customer', params.customer, 'customer');
  const configuration = find(
    context,
    'portal_configuration',
    params.configuration ?? stableId('portal_configuration', 'default'),
    'configuration',
  );
  const id = newId('portal_session');
  const session: PortalSessionDoc = {
    id,
    object: 'billing_portal.session',
    configuration: configuration.id,
    created: context.now(),
    customer: customer.id,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: params.return_url ?? configuration.default_return_url,
    url: `${context.url}/p/session/${id}`,
  };
  context.store.put('portal_session', session);
  return session;
}

export type PortalAction =
  | { readonly action: 'change_plan'; readonly subscription: string; readonly price: string }
  | { readonly action: 'cancel' | 'reactivate'; readonly subscription: string }
  | { readonly action: 'card'; readonly works: boolean };

/** Carries out what the customer chose on the portal's page, within what its configuration allows. */
export function actInPortal(context: Context, sessionId: string, chosen: PortalAction): void {
  const session = find(context, 'portal_session', sessionId);
  const { features } = find(context, 'portal_configuration', session.configuration);
  if (chosen.action === 'card') {
    if (!features.payment_method_update.enabled) throw refused('payment_method_update');
    setCustomerCard(context, session.customer, chosen.works);
    if (chosen.works) payOpenInvoices(context, session.customer);
    return;
  }
  const subscription = ownSubscription(context, session.customer, chosen.subscription);
  const item = subscription.items.data.find((each) => !isMetered(each.price));
  switch (chosen.action) {
    case 'change_plan':
      if (!features.subscription_update.enabled || !item) throw refused('subscription_update');
      updateSubscription(context, subscription.id, {
        items: [{ id: item.id, price: chosen.price }],
        proration_behavior: features.subscription_update.proration_behavior,
      });
      return;
    case 'cancel':
      if (!features.subscription_cancel.enabled) throw refused('subscription_cancel');
      if (features.subscription_cancel.mode === 'immediately')
        cancelSubscription(context, subscription.id, {});
      else updateSubscription(context, subscription.id, { cancel_at_period_end: 'true' });
      return;
    case 'reactivate':
      updateSubscription(context, subscription.id, { cancel_at_period_end: 'false' });
      return;
  }
}

function refused(feature: string): StripeError {
  return new StripeError(`The portal's configuration does not allow this: ${feature}.`, {
    param: 'features',
  });
}

function ownSubscription(context: Context, customer: string, id: string): SubscriptionDoc {
  const subscription = find(context, 'subscription', id, 'subscription');
  if (subscription.customer !== customer)
    throw new StripeError(`No such subscription: '${id}'`, { param: 'subscription' });
  return subscription;
}

/** With a good card on file the customer settles open invoices, as the portal offers to. */
export function payOpenInvoices(context: Context, customer: string): void {
  for (const invoice of context.store.all('invoice', { customer, statusIn: ['open'] })) {
    collect(context, invoice, { automatic: false });
  }
}

export interface PortalView {
  readonly session: PortalSessionDoc;
  readonly email: string | null;
  readonly card: { readonly last4: string; readonly works: boolean } | null;
  readonly subscriptions: readonly {
    readonly subscription: SubscriptionDoc;
    readonly plan: string;
    /** Other prices of the same catalog product. */
    readonly alternatives: readonly { price: PriceDoc; name: string }[];
  }[];
}

export function viewPortal(context: Context, sessionId: string): PortalView {
  const session = find(context, 'portal_session', sessionId);
  const { features } = find(context, 'portal_configuration', session.configuration);
  const customer = find(context, 'customer', session.customer);
  const methodId = customer.invoice_settings.default_payment_method;
  const method = methodId === null ? undefined : context.store.get('payment_method', methodId);
  const prices = context.store.all('price', {
    fields: [
      ['$.active', 1],
      ['$.type', 'recurring'],
    ],
  });
  const nameOf = (price: PriceDoc) => context.store.get('product', price.product)?.name ?? price.id;
  const subscriptions = context.store
    .all('subscription', { customer: customer.id })
    .filter((subscription) => !ended(subscription))
    .map((subscription) => {
      const current = subscription.items.data.find((item) => !isMetered(item.price))?.price;
      const product = current?.metadata.tenantry_product;
      const alternatives = (features.subscription_update.enabled ? prices : [])
        .filter(
          (price) =>
            price.id !== current?.id && !isMetered(price) && price.metadata.tenantry_product === product,
        )
        .map((price) => ({ price, name: nameOf(price) }));
      return { subscription, plan: current ? nameOf(current) : subscription.id, alternatives };
    });
  return {
    session,
    email: customer.email,
    card: method?.card
      ? { last4: method.card.last4, works: context.store.hidden('payment_method', method.id)?.works ?? false }
      : null,
    subscriptions,
  };
}
