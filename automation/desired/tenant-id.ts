import { randomInt } from 'node:crypto';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const lettersAndDigits = `${letters}0123456789`;

/** Draws one of 26 × 36⁷ ≈ 2 × 10¹² ids; the table's key catches collisions. */
export function newTenantId(): string {
  const pick = (from: string) => from.charAt(randomInt(from.length));
  return pick(letters) + Array.from({ length: 7 }, () => pick(lettersAndDigits)).join('');
}
