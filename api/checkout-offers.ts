/** A checkout's offers: a trial, a promotion code. */
import type Stripe from 'stripe';
import type { Queryable } from '../automation/store/database.ts';
import { hasSubscribed } from '../automation/store/subscriptions.ts';
import type { Plan, Product } from '../tenants/catalog/index.ts';
import { Problem } from './errors.ts';

/**
 * Parameters of a subscription with a free trial. Checkout asks for a card; if the card is removed meanwhile, the
 * subscription ends with the trial. Only a customer's first subscription to a product can have one.
 * @throws Problem `invalid_request` when the plan has no trial, or when it is not the first subscription
 */
export async function trialOf(
  db: Queryable,
  { product, plan }: { readonly product: Product; readonly plan: Plan },
  customerId: string,
): Promise<
  Pick<Stripe.Checkout.SessionCreateParams.SubscriptionData, 'trial_period_days' | 'trial_settings'>
> {
  const refuse = (message: string, detail: string) =>
    new Problem('invalid_request', `trial: ${message}`, [{ field: 'trial', message: detail }]);
  if (plan.trialDays === undefined) {
    throw refuse(`the plan ${plan.name} has no trial.`, 'must be left out for this plan');
  }
  if (await hasSubscribed(db, customerId, product.id))
    throw refuse(`${product.name} was subscribed to before.`, 'is for the first subscription');
  return {
    trial_period_days: plan.trialDays,
    trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
  };
}

type Discounts = Pick<Stripe.Checkout.SessionCreateParams, 'discounts' | 'allow_promotion_codes'>;

/**
 * Parameters of a session with a promotion code: applies the given one, or lets the customer type one.
 * @throws Problem `invalid_request` when Stripe has no such usable code
 */
export async function discountsOf(stripe: Stripe, code: string | undefined): Promise<Discounts> {
  if (code === undefined) return { allow_promotion_codes: true };
  const { data } = await stripe.promotionCodes.list({ code, active: true, limit: 1 });
  const found = data[0];
  if (!found) {
    throw new Problem('invalid_request', `promotionCode: there is no code ${code}.`, [
      { field: 'promotionCode', message: 'is not a code that can be used' },
    ]);
  }
  return { discounts: [{ promotion_code: found.id }] };
}
