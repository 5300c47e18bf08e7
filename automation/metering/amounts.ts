/** Exact arithmetic of usage and money. Pure. Amounts are millionths of a unit, prices micro-dollars per unit. */

const microsPerUnit = 1_000_000n;
const microsPerCent = 10_000n;

/** The cost of an amount in micro-dollars, rounded down. */
export function costMicros(microUnits: bigint, unitPriceMicros: number): bigint {
  return (microUnits * BigInt(unitPriceMicros)) / microsPerUnit;
}

/** The cost of an amount in whole cents. Rounds half a cent up, as Stripe does for the line of an invoice. */
export function costCents(microUnits: bigint, unitPriceMicros: number): number {
  return roundedShare(microUnits * BigInt(unitPriceMicros), microsPerUnit * microsPerCent);
}

/** `numerator / denominator` with a half rounded up; both must be at least 0. */
export function roundedShare(numerator: bigint, denominator: bigint): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}

/** Millionths of a unit as a decimal number: 1_500_000 is `1.5`. */
export function decimalOf(microUnits: number | bigint): string {
  const value = BigInt(microUnits);
  const digits = String(value < 0n ? -value : value).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A decimal number of up to six decimals as millionths: `1.5` is 1_500_000. Null for anything else or too much. */
export function microUnitsOf(decimal: string): number | null {
  const match = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(decimal);
  if (!match) return null;
  const value = Number(`${match[1]}${(match[2] ?? '').padEnd(6, '0')}`);
  return Number.isSafeInteger(value) ? value : null;
}

/** Cents for people to read: 123456 is `1234.56`. */
export function dollarsOf(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
