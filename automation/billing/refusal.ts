import Stripe from 'stripe';

export type RefusalCode =
  | 'invalid_request'
  | 'not_found'
  | 'plan_not_for_sale'
  | 'payment_declined'
  | 'payment_overdue'
  | 'subscription_ended'
  | 'not_payable'
  | 'cause_reused';

/** Refuses a customer's request. The message is for the customer. */
export class BillingRefusal extends Error {
  override readonly name = 'BillingRefusal';
  readonly code: RefusalCode;
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  /** @param field the field at fault; `message` then continues its name */
  constructor(code: RefusalCode, message: string, field?: string) {
    super(field === undefined ? message : `${field}: ${message}`);
    this.code = code;
    this.errors = field === undefined ? [] : [{ field, message }];
  }
}

/** Turns Stripe's refusals into ours; other errors stay as they are. */
export function asRefusal(error: unknown): unknown {
  if (error instanceof Stripe.errors.StripeCardError) {
    return new BillingRefusal(
      'payment_declined',
      `${error.message} Nothing has changed; use another payment method and try again.`,
    );
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError) {
    return new BillingRefusal('cause_reused', 'The Idempotency-Key was used before for another request.');
  }
  return error;
}
