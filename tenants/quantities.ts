/**
 * Kubernetes quantities in the form in which the API server writes them, so that comparisons with live objects show no false
 * differences.
 */

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const decimal = ['', 'k', 'M', 'G', 'T', 'P'];

/** Bytes as a quantity: `200Gi`, `6400M`. Of several exact forms it picks the one with the fewest digits. */
export function bytesQuantity(bytes: number): string {
  requireWhole(bytes);
  const forms = [scaled(bytes, 1024, binary), scaled(bytes, 1000, decimal)];
  return forms.reduce((best, form) => (Number.parseInt(form, 10) < Number.parseInt(best, 10) ? form : best));
}

/** Thousandths of a CPU as a quantity: `500m`, `2`. */
export function cpuQuantity(millis: number): string {
  requireWhole(millis);
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** A number of objects as a quantity: `500`, `1k`. */
export function countQuantity(count: number): string {
  requireWhole(count);
  return scaled(count, 1000, decimal);
}

function scaled(value: number, base: number, suffixes: readonly string[]): string {
  let mantissa = value;
  let exponent = 0;
  while (mantissa !== 0 && mantissa % base === 0 && exponent < suffixes.length - 1) {
    mantissa /= base;
    exponent += 1;
  }
  return `${mantissa}${suffixes[exponent]}`;
}

function requireWhole(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a whole quantity`);
}
