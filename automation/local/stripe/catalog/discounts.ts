/** Discounts: a coupon as it applies to one subscription, and what it takes off an invoice. */

import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type {
  CouponDoc,
  DiscountDoc,
  InvoiceLineDoc,
  PromotionCodeDoc,
  SubscriptionDoc,
} from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import { clearable, text } from '../http/params.ts';
import { newId } from '../ids.ts';
import { fromAnchor } from '../subscriptions/billing-periods.ts';
import { shareCents } from './money.ts';

const monthly = { interval: 'month', count: 1 };

/** The discounts that a new subscription or checkout asks for. */
export interface WantedDiscount {
  readonly coupon: CouponDoc;
  readonly promotionCode: PromotionCodeDoc | null;
}

export const discountParams = clearable(
  z
    .array(
      z.strictObject({
        coupon: text.optional(),
        promotion_code: text.optional(),
        discount: text.optional(),
      }),
    )
    .max(20),
);
export type DiscountParams = z.output<typeof discountParams>;

/** @throws StripeError when a coupon or code does not exist or is used up */
export function wantedDiscounts(context: Context, params: DiscountParams | undefined): WantedDiscount[] {
  return (params ?? []).flatMap(({ coupon, promotion_code: code }, index) => {
    if (code !== undefined) return [byCode(context, code, `discounts[${index}][promotion_code]`)];
    if (coupon === undefined) return [];
    const found = find(context, 'coupon', coupon, `discounts[${index}][coupon]`);
    assertRedeemable(context, found, `discounts[${index}][coupon]`);
    return [{ coupon: found, promotionCode: null }];
  });
}

function byCode(context: Context, id: string, param: string): WantedDiscount {
  const promotionCode = find(context, 'promotion_code', id, param);
  const { active, expires_at: expiresAt, max_redemptions: most, times_redeemed: times } = promotionCode;
  if (!active || (expiresAt !== null && expiresAt <= context.now()) || (most !== null && times >= most)) {
    throw new StripeError('This promotion code cannot be redeemed because it is inactive or has expired.', {
      code: 'promotion_code_expired',
      param,
    });
  }
  const coupon = find(context, 'coupon', promotionCode.promotion.coupon, param);
  assertRedeemable(context, coupon, param);
  return { coupon, promotionCode };
}

/** The active code with these letters, as a customer types it. @throws StripeError when there is none */
export function typedCode(context: Context, letters: string): WantedDiscount {
  const code = context.store
    .all('promotion_code', { fields: [['$.active', 1]] })
    .find((one) => one.code.toLowerCase() === letters.trim().toLowerCase());
  if (!code) throw new StripeError('This code is invalid.', { code: 'promotion_code_invalid' });
  return byCode(context, code.id, 'promotion_code');
}

function assertRedeemable(context: Context, coupon: CouponDoc, param: string): void {
  const { redeem_by: by, max_redemptions: most, times_redeemed: times } = coupon;
  if ((by !== null && by <= context.now()) || (most !== null && times >= most)) {
    throw new StripeError(`Coupon expired: ${coupon.id}`, { code: 'coupon_expired', param });
  }
}

/** Redeems coupons for a subscription. @returns the ids of the discounts */
export function redeem(
  context: Context,
  wanted: readonly WantedDiscount[],
  holder: { readonly customer: string; readonly subscription: string; readonly checkout: string | null },
): string[] {
  return wanted.map(({ coupon, promotionCode }) => {
    const now = context.now();
    const discount: DiscountDoc = {
      id: newId('discount'),
      object: 'discount',
      checkout_session: holder.checkout,
      created: now,
      customer: holder.customer,
      customer_account: null,
      end: coupon.duration === 'repeating' ? fromAnchor(now, monthly, coupon.duration_in_months ?? 1) : null,
      invoice: null,
      invoice_item: null,
      promotion_code: promotionCode?.id ?? null,
      source: { type: 'coupon', coupon: coupon.id },
      start: now,
      subscription: holder.subscription,
      subscription_item: null,
    };
    context.store.put('discount', discount, { hidden: termsOf(coupon) });
    const times_redeemed = coupon.times_redeemed + 1;
    const valid = coupon.max_redemptions === null || times_redeemed < coupon.max_redemptions;
    context.store.put('coupon', { ...coupon, times_redeemed, valid });
    if (promotionCode) {
      const times = promotionCode.times_redeemed + 1;
      context.store.put('promotion_code', { ...promotionCode, times_redeemed: times });
    }
    context.emit('customer.discount.created', discount);
    return discount.id;
  });
}

/** Terms of a discount, kept with it: customers keep a deleted coupon. */
export interface DiscountTerms {
  readonly percentOff: number | null;
  readonly amountOff: number | null;
  readonly once: boolean;
}

const termsOf = ({ percent_off, amount_off, duration }: CouponDoc): DiscountTerms => ({
  percentOff: percent_off,
  amountOff: amount_off,
  once: duration === 'once',
});

export interface AppliedDiscount extends Pick<DiscountTerms, 'percentOff' | 'amountOff'> {
  readonly id: string;
}

/** The discounts of an invoice made at `at` (seconds): neither ended ones nor used single ones. */
export function activeDiscounts(
  context: Context,
  subscription: Pick<SubscriptionDoc, 'id' | 'discounts'>,
  at: number,
): AppliedDiscount[] {
  return subscription.discounts.flatMap((id) => {
    const discount = context.store.get('discount', id);
    const terms = context.store.hidden('discount', id);
    if (!discount || !terms || (discount.end !== null && discount.end <= at)) return [];
    if (terms.once && hasBeenUsed(context, subscription.id, id)) return [];
    return [{ id, percentOff: terms.percentOff, amountOff: terms.amountOff }];
  });
}

function hasBeenUsed(context: Context, subscription: string, discount: string): boolean {
  return context.store
    .all('invoice', { subscription })
    .some(
      ({ status, total_discount_amounts: amounts }) =>
        status !== 'void' && amounts?.some((one) => one.discount === discount && one.amount > 0),
    );
}

/** Removes ended discounts from a subscription. @returns the remaining ones */
export function endDiscounts(context: Context, subscription: SubscriptionDoc): string[] {
  const active = new Set(activeDiscounts(context, subscription, context.now()).map(({ id }) => id));
  return dropDiscounts(
    context,
    subscription.discounts.filter((id) => !active.has(id)),
    subscription,
  );
}

/** @returns the discounts that stay */
export function dropDiscounts(
  context: Context,
  gone: readonly string[],
  { discounts }: Pick<SubscriptionDoc, 'discounts'>,
): string[] {
  for (const id of gone) {
    const discount = context.store.get('discount', id);
    if (discount) context.emit('customer.discount.deleted', { ...discount, deleted: true });
  }
  return discounts.filter((id) => !gone.includes(id));
}

/** The lines with each discount's part, one discount after the other. Pure. */
export function discountLines(
  lines: readonly InvoiceLineDoc[],
  discounts: readonly AppliedDiscount[],
): InvoiceLineDoc[] {
  const left = lines.map(({ amount, discountable }) => (discountable ? Math.max(0, amount) : 0));
  const taken = lines.map((): { amount: number; discount: string }[] => []);
  for (const { id, percentOff, amountOff } of discounts) {
    let fixed = amountOff ?? 0;
    for (const [index, rest] of left.entries()) {
      const off =
        percentOff === null ? Math.min(fixed, rest) : shareCents(rest, Math.round(percentOff * 100), 10_000);
      fixed -= percentOff === null ? off : 0;
      left[index] = rest - off;
      if (off > 0) taken[index]?.push({ amount: off, discount: id });
    }
  }
  return lines.map((line, index) => {
    const amounts = taken[index] ?? [];
    return amounts.length === 0 ? line : { ...line, discount_amounts: amounts };
  });
}

/**
 * An amount minus its percentages, as the lines of a change show it with `proration_discounts: included`. Coupons for
 * a fixed amount are not spread over a part of a period.
 */
export function lessPercentages(amount: number, discounts: readonly AppliedDiscount[]): number {
  return discounts.reduce(
    (rest, { percentOff }) =>
      percentOff === null ? rest : rest - shareCents(rest, Math.round(percentOff * 100), 10_000),
    amount,
  );
}

/** What lines of these amounts cost after the coupons. Pure. */
export function afterDiscounts(amounts: readonly number[], wanted: readonly WantedDiscount[]): number {
  const lines = amounts.map((amount) => ({ amount, discountable: true }) as InvoiceLineDoc);
  const discounts = wanted.map(({ coupon }, index) => ({ id: String(index), ...termsOf(coupon) }));
  const off = discountLines(lines, discounts).flatMap((line) => line.discount_amounts ?? []);
  return amounts.reduce((sum, amount) => sum + amount, 0) - off.reduce((sum, { amount }) => sum + amount, 0);
}
