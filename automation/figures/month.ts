/** What a recurring price brings in a month. Amounts are micro-units: 1/1,000,000 of the currency, 10,000 a cent. */

export const microsPerCent = 10_000;

/** Lengths in months as a fraction: a year is 12 months, 52 weeks and 365 days. */
const monthsIn = {
  day: [12, 365],
  week: [12, 52],
  month: [1, 1],
  year: [12, 1],
} as const;

export type Interval = keyof typeof monthsIn;

export const intervals: readonly Interval[] = ['day', 'week', 'month', 'year'];

/**
 * One month's share of a charge every `count` intervals, in micro-units. Rounded once, half up: $100 a year is
 * 8,333,333 micro-dollars a month, off by less than one millionth of a dollar.
 * @param cents a decimal number of cents, at least 0, as Stripe writes it: `1500` or `0.5`
 */
export function monthlyMicros(cents: string, quantity: number, interval: Interval, count: number): number {
  const [whole = '0', fraction = ''] = cents.split('.');
  // Stripe gives at most 12 decimal places of a cent.
  const scaled = BigInt(whole + fraction.padEnd(12, '0').slice(0, 12));
  const [months, of] = monthsIn[interval];
  return divided(
    scaled * BigInt(quantity) * BigInt(microsPerCent) * BigInt(of),
    10n ** 12n * BigInt(months) * BigInt(count),
  );
}

/** `amount * numerator / denominator`, rounded half up; for amounts that are not negative. */
export function share(amount: number, numerator: number, denominator: number): number {
  return divided(BigInt(amount) * BigInt(numerator), BigInt(denominator));
}

function divided(numerator: bigint, denominator: bigint): number {
  return Number((numerator * 2n + denominator) / (denominator * 2n));
}

/** Micro-units in whole cents, rounded half away from zero; for display only, after summing. */
export function centsOf(micros: number): number {
  return Math.sign(micros) * share(Math.abs(micros), 1, microsPerCent);
}
