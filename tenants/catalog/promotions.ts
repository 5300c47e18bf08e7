/**
 * Promotion codes: what a customer types at checkout, and the coupon behind it.
 *
 * Our choice, all of it: the requirements name coupons and no figure of one.
 */
export interface Promotion {
  /** Stable name of the coupon. */
  readonly id: string;
  /** Shown on invoices. */
  readonly name: string;
  /** What the customer types; letters, digits and hyphens. */
  readonly code: string;
  /** The part of the price that is let off, in basis points (1/100 of a percent). */
  readonly discountBasisPoints: number;
  /** Months for which it is let off; null is for as long as the subscription lasts. */
  readonly months: number | null;
}

export const promotions: readonly Promotion[] = [
  { id: 'welcome', name: 'Welcome', code: 'WELCOME20', discountBasisPoints: 2_000, months: 3 },
];
