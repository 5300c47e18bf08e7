/** A checkout's offers: a trial, a promotion code. */
import type Stripe from 'stripe';
import { firstRow, type Queryable } from '../automation/store/database.ts';
import type { Plan, Product } from '../tenants/catalog/index.ts';
import { Problem } from './errors.ts';

/**
 * Parameters of the subscription for a free trial: checkout asks for a card, and the subscription ends with the trial
 * if the card is removed meanwhile. Each customer gets one trial of a product.
 * @throws Problem `invalid_request` when the plan has no trial or the customer had one
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
  const before = firstRow(
    await db.query('select 1 from tenantry.subscription where customer_id = $1 and product = $2 limit 1', [
      customerId,
      product.id,
    ]),
  );
  if (before) throw refuse(`${product.name} was subscribed to before.`, 'is for the first subscription');
  return {
    trial_period_days: plan.trialDays,
    trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
  };
}

type Discounts = Pick<Stripe.Checkout.SessionCreateParams, 'discounts' | 'allow_promotion_codes'>;

/**
 * Parameters of the session for a promotion code: applies a given one, otherwise lets the customer type one.
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
