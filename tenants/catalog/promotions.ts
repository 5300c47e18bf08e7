/**
 * Promotion codes, which customers type at checkout, and the coupons behind them.
 *
 * All of it is our choice: the requirements name coupons, but no figures.
 */
export interface Promotion {
  /** Stable name of the coupon. */
  readonly id: string;
  /** Shown on invoices. */
  readonly name: string;
  /** What the customer types; letters, digits and hyphens. */
  readonly code: string;
  /** Share of the price, in basis points (1/100 of a percent). */
  readonly discountBasisPoints: number;
  /** How many months the discount lasts; null for as long as the subscription does. */
  readonly months: number | null;
}

export const promotions: readonly Promotion[] = [
  { id: 'welcome', name: 'Welcome', code: 'WELCOME20', discountBasisPoints: 2_000, months: 3 },
];
