import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { day, idOf, priceOf, type Simulated, simulate, subscribe } from './simulated.ts';

const month = 31 * day;

async function amounts({ stripe }: Simulated, subscription: string): Promise<number[]> {
  const { data } = await stripe.invoices.list({ subscription, limit: 20 });
  return data.map(({ total }) => total).reverse();
}

async function codeOf(stripe: Stripe, coupon: Stripe.CouponCreateParams, code = 'SAVE'): Promise<string> {
  const made = await stripe.coupons.create(coupon);
  const { id } = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: made.id }, code });
  return id;
}

describe('a coupon', () => {
  test.each([
    ['for months', { percent_off: 25, duration: 'repeating', duration_in_months: 2 }, [1125, 1125, 1500]],
    ['for one invoice', { percent_off: 10.5, duration: 'once' }, [1342, 1500, 1500]],
    ['for ever', { amount_off: 2000, currency: 'usd', duration: 'forever' }, [0, 0, 0]],
  ] as const)('%s lowers just its invoices', async (_name, coupon, expected) => {
    const it = await simulate();
    const promotion_code = await codeOf(it.stripe, coupon);
    const { session, subscription } = await subscribe(it, 'small', { discounts: [{ promotion_code }] });
    expect(session.amount_total).toBe(expected[0]);
    expect(session.total_details?.amount_discount).toBe(1500 - expected[0]);
    await it.simulator.advanceClock({ seconds: 2 * month });
    expect(await amounts(it, subscription.id)).toEqual(expected);
  });

  test('is shown on the subscription and on each line that it lowers', async () => {
    const it = await simulate();
    const code = await codeOf(it.stripe, { id: 'half', percent_off: 50, duration: 'forever' });
    const { subscription } = await subscribe(it, 'small', { discounts: [{ promotion_code: code }] });
    const shown = await it.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['discounts', 'discounts.source.coupon'],
    });
    const [discount] = shown.discounts as Stripe.Discount[];
    expect(discount).toMatchObject({
      promotion_code: code,
      source: { coupon: { id: 'half', times_redeemed: 1 } },
    });
    const invoice = await it.stripe.invoices.retrieve(idOf(subscription.latest_invoice));
    const amount = { amount: 750, discount: discount?.id };
    expect(invoice).toMatchObject({ subtotal: 1500, total: 750, total_discount_amounts: [amount] });
    expect(invoice.lines.data[0]).toMatchObject({ amount: 1500, discount_amounts: [amount] });
  });

  test('lowers what a change in the middle of a period costs and gives back', async () => {
    const it = await simulate();
    const code = await codeOf(it.stripe, { percent_off: 50, duration: 'forever' });
    const { subscription } = await subscribe(it, 'small', { discounts: [{ promotion_code: code }] });
    const large = await priceOf(it.stripe, 'large');
    await it.stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? '', price: large.id }],
      proration_behavior: 'always_invoice',
    });
    // At the very beginning of the period: half of 4,500 less half of 1,500.
    expect(await amounts(it, subscription.id)).toEqual([750, 1500]);
  });

  test('goes on for who has it when it is deleted, and ends when it is taken away', async () => {
    const it = await simulate();
    const code = await codeOf(it.stripe, { id: 'half', percent_off: 50, duration: 'forever' });
    const { subscription } = await subscribe(it, 'small', { discounts: [{ promotion_code: code }] });
    await it.stripe.coupons.del('half');
    await it.simulator.advanceClock({ seconds: month });
    await it.stripe.subscriptions.update(subscription.id, { discounts: '' });
    await it.simulator.advanceClock({ seconds: month });
    expect(await amounts(it, subscription.id)).toEqual([750, 750, 1500]);
    const { data } = await it.stripe.events.list({ type: 'customer.discount.*' });
    expect(data.map(({ type }) => type)).toEqual(['customer.discount.deleted', 'customer.discount.created']);
  });
});

describe('a promotion code', () => {
  test('is typed where the customer pays', async () => {
    const it = await simulate();
    await codeOf(it.stripe, { percent_off: 20, duration: 'forever' });
    const price = await priceOf(it.stripe, 'small');
    const open = await it.stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price.id, quantity: 1 }],
      allow_promotion_codes: true,
      success_url: 'http://localhost/',
    });
    expect(() => it.simulator.payCheckout(open.id, { code: 'WRONG' })).toThrow('This code is invalid.');
    it.simulator.payCheckout(open.id, { code: 'save' });
    expect(await it.stripe.checkout.sessions.retrieve(open.id)).toMatchObject({
      amount_total: 1200,
      payment_status: 'paid',
    });
  });

  test('that is archived or used up is refused, and an active one is unique', async () => {
    const { stripe } = await simulate();
    const id = await codeOf(stripe, { id: 'c', percent_off: 20, duration: 'forever' });
    const promotion = { type: 'coupon' as const, coupon: 'c' };
    await expect(stripe.promotionCodes.create({ promotion, code: 'save' })).rejects.toThrow('already exists');
    await stripe.promotionCodes.update(id, { active: false });
    const price = await priceOf(stripe, 'small');
    await expect(
      stripe.checkout.sessions.create({
        mode: 'subscription',
        line_items: [{ price: price.id, quantity: 1 }],
        discounts: [{ promotion_code: id }],
        success_url: 'http://localhost/',
      }),
    ).rejects.toThrow('inactive or has expired');
  });
});
