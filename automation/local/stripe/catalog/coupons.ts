/** Coupons and the promotion codes by which customers ask for them: their shape and routes. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { CouponDoc, ListOf, PromotionCodeDoc } from '../documents.ts';
import { StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  clearable,
  decimal,
  flag,
  instantFilter,
  integer,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId } from '../ids.ts';

export interface NewCoupon {
  readonly id: string;
  readonly name: string | null;
  /** Either of these two. */
  readonly percentOff: number | null;
  readonly amountOff: number | null;
  readonly duration: 'once' | 'repeating' | 'forever';
  readonly months: number | null;
  readonly maxRedemptions: number | null;
  readonly redeemBy: number | null;
  readonly metadata: Record<string, string>;
}

export function makeCoupon(context: Context, given: NewCoupon): CouponDoc {
  const coupon: CouponDoc = {
    id: given.id,
    object: 'coupon',
    amount_off: given.amountOff,
    created: context.now(),
    currency: given.amountOff === null ? null : 'usd',
    duration: given.duration,
    duration_in_months: given.months,
    livemode: false,
    max_redemptions: given.maxRedemptions,
    metadata: given.metadata,
    name: given.name,
    percent_off: given.percentOff,
    redeem_by: given.redeemBy,
    times_redeemed: 0,
    valid: true,
  };
  context.store.put('coupon', coupon);
  context.emit('coupon.created', coupon);
  return coupon;
}

const percent = decimal.transform(Number).pipe(z.number().gt(0).max(100));
const createParams = z.strictObject({
  ...anyCall,
  id: text.optional(),
  name: text.max(40).optional(),
  percent_off: percent.optional(),
  amount_off: integer.pipe(z.int().min(1)).optional(),
  currency: z.literal('usd').optional(),
  duration: z.enum(['once', 'repeating', 'forever']).optional(),
  duration_in_months: integer.pipe(z.int().min(1)).optional(),
  max_redemptions: integer.pipe(z.int().min(1)).optional(),
  redeem_by: integer.optional(),
  metadata: metadata.optional(),
});

export function createCoupon(context: Context, form: Form): CouponDoc {
  const params = parseParams(createParams, form);
  const duration = params.duration ?? 'once';
  if ((params.percent_off === undefined) === (params.amount_off === undefined)) {
    throw new StripeError('You must pass either `percent_off` or `amount_off`.', { param: 'percent_off' });
  }
  if ((duration === 'repeating') !== (params.duration_in_months !== undefined)) {
    throw new StripeError('`duration_in_months` is required when, and only when, `duration` is repeating.', {
      param: 'duration_in_months',
    });
  }
  if (params.id !== undefined && context.store.get('coupon', params.id)) {
    throw new StripeError('Coupon already exists.', { code: 'resource_already_exists', param: 'id' });
  }
  return makeCoupon(context, {
    id: params.id ?? newId('coupon'),
    name: params.name ?? null,
    percentOff: params.percent_off ?? null,
    amountOff: params.amount_off ?? null,
    duration,
    months: params.duration_in_months ?? null,
    maxRedemptions: params.max_redemptions ?? null,
    redeemBy: params.redeem_by ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
}

const updateParams = z.strictObject({
  ...anyCall,
  name: clearable(text.max(40)).optional(),
  metadata: metadata.optional(),
});

/** A coupon's terms cannot be changed. */
export function updateCoupon(context: Context, id: string, form: Form): CouponDoc {
  const before = find(context, 'coupon', id);
  const params = parseParams(updateParams, form);
  const after: CouponDoc = {
    ...before,
    name: params.name === undefined ? before.name : params.name,
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
  };
  saveChanged(context, 'coupon', before, after, 'coupon.updated');
  return after;
}

/** Customers who already have the coupon keep it. */
export function deleteCoupon(context: Context, id: string): { id: string; object: 'coupon'; deleted: true } {
  const coupon = find(context, 'coupon', id);
  context.store.remove('coupon', id);
  context.emit('coupon.deleted', coupon);
  return { id, object: 'coupon', deleted: true };
}

export function listCoupons(context: Context, form: Form): ListOf<CouponDoc> {
  const params = parseParams(z.strictObject({ ...listCall, created: instantFilter.optional() }), form);
  return listOf(context, 'coupon', '/v1/coupons', { created: params.created }, params);
}

const createCodeParams = z.strictObject({
  ...anyCall,
  promotion: z.strictObject({ type: z.literal('coupon'), coupon: text }),
  code: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,500}$/)
    .optional(),
  active: flag.optional(),
  customer: text.optional(),
  expires_at: integer.optional(),
  max_redemptions: integer.pipe(z.int().min(1)).optional(),
  metadata: metadata.optional(),
});

export function createPromotionCode(context: Context, form: Form): PromotionCodeDoc {
  const params = parseParams(createCodeParams, form);
  const coupon = find(context, 'coupon', params.promotion.coupon, 'promotion[coupon]');
  const code = params.code ?? newId('coupon').toUpperCase();
  const active = params.active ?? true;
  if (active) assertCodeFree(context, code);
  return makePromotionCode(context, {
    id: newId('promotion_code'),
    coupon: coupon.id,
    code,
    active,
    customer: params.customer ?? null,
    expiresAt: params.expires_at ?? null,
    maxRedemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
}

export interface NewPromotionCode {
  readonly id: string;
  readonly coupon: string;
  readonly code: string;
  readonly active: boolean;
  readonly customer: string | null;
  readonly expiresAt: number | null;
  readonly maxRedemptions: number | null;
  readonly metadata: Record<string, string>;
}

export function makePromotionCode(context: Context, given: NewPromotionCode): PromotionCodeDoc {
  const made: PromotionCodeDoc = {
    id: given.id,
    object: 'promotion_code',
    active: given.active,
    code: given.code,
    created: context.now(),
    customer: given.customer,
    customer_account: null,
    expires_at: given.expiresAt,
    livemode: false,
    max_redemptions: given.maxRedemptions,
    metadata: given.metadata,
    promotion: { type: 'coupon', coupon: given.coupon },
    restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
    times_redeemed: 0,
  };
  context.store.put('promotion_code', made);
  context.emit('promotion_code.created', made);
  return made;
}

const updateCodeParams = z.strictObject({
  ...anyCall,
  active: flag.optional(),
  metadata: metadata.optional(),
});

export function updatePromotionCode(context: Context, id: string, form: Form): PromotionCodeDoc {
  const before = find(context, 'promotion_code', id);
  const params = parseParams(updateCodeParams, form);
  if (params.active === true && !before.active) assertCodeFree(context, before.code);
  const after: PromotionCodeDoc = {
    ...before,
    active: params.active ?? before.active,
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
  };
  saveChanged(context, 'promotion_code', before, after, 'promotion_code.updated');
  return after;
}

const listCodeParams = z.strictObject({
  ...listCall,
  active: flag.optional(),
  code: text.optional(),
  coupon: text.optional(),
  created: instantFilter.optional(),
});

export function listPromotionCodes(context: Context, form: Form): ListOf<PromotionCodeDoc> {
  const { active, code, coupon, created, ...page } = parseParams(listCodeParams, form);
  const fields: [string, string | number][] = [];
  if (active !== undefined) fields.push(['$.active', active ? 1 : 0]);
  if (code !== undefined) fields.push(['$.code', code]);
  if (coupon !== undefined) fields.push(['$.promotion.coupon', coupon]);
  return listOf(context, 'promotion_code', '/v1/promotion_codes', { created, fields }, page);
}

/** Two active codes never have the same letters, whatever their case. */
function assertCodeFree(context: Context, code: string): void {
  const taken = context.store
    .all('promotion_code', { fields: [['$.active', 1]] })
    .some((other) => other.code.toLowerCase() === code.toLowerCase());
  if (taken) {
    throw new StripeError(`An active promotion code with \`code: ${code}\` already exists.`, {
      code: 'resource_already_exists',
      param: 'code',
    });
  }
}
