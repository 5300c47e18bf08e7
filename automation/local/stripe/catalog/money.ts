/** Money arithmetic on decimal strings: Stripe prices may be fractions of a cent, sums are whole cents. */

const scale = 12;

/** `unit` times `quantity` in whole cents, half a cent rounded away from zero. Both are decimal strings. */
export function amountCents(unit: string, quantity: string): number {
  const product = scaled(unit) * scaled(quantity);
  const one = 10n ** BigInt(2 * scale);
  const half = product < 0n ? -one / 2n : one / 2n;
  return Number((product + half) / one);
}

/** The share `numerator / denominator` of an amount, in whole cents. */
export function shareCents(amount: number, numerator: number, denominator: number): number {
  if (denominator <= 0) return 0;
  const product = BigInt(amount) * BigInt(numerator) * 2n;
  const divisor = BigInt(denominator) * 2n;
  const half = product < 0n ? -BigInt(denominator) : BigInt(denominator);
  return Number((product + half) / divisor);
}

/** The sum of decimal strings, exactly. */
export function sumDecimals(values: readonly string[]): string {
  const total = values.reduce((sum, value) => sum + scaled(value), 0n);
  const negative = total < 0n;
  const digits = String(negative ? -total : total).padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  const whole = digits.slice(0, -scale);
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function scaled(value: string): bigint {
  const match = value.match(/^(-?)(\d+)(?:\.(\d+))?$/);
  if (!match) throw new RangeError(`Not a decimal number: ${value}`);
  const fraction = (match[3] ?? '').slice(0, scale).padEnd(scale, '0');
  const magnitude = BigInt(`${match[2]}${fraction}`);
  return match[1] === '-' ? -magnitude : magnitude;
}
