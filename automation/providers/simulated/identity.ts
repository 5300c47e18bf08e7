/** Ids that look like the cloud's, and are always the same for the same resource. */
import { createHash } from 'node:crypto';

/** So many hexadecimal digits, derived from the text. */
export function digits(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** So many decimal digits, derived from the text. */
export function decimals(text: string, length: number): string {
  return BigInt(`0x${digits(text, 32)}`)
    .toString()
    .slice(0, length);
}

/** A UUID derived from the text. */
export function uuid(text: string): string {
  const hex = digits(text, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The last part of a URN. */
export function nameOfUrn(urn: string): string {
  return urn.split('::').at(-1) ?? '';
}
