import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const idLetters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const keyPattern = /^tk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const idPattern = /^[a-z0-9]{12}$/;

/** A key with its secret, which is shown once and stored nowhere. */
export interface KeySecret {
  /** The public part: identifies the key in lists and in the audit trail. */
  readonly id: string;
  readonly text: string;
  readonly sha256: Buffer;
}

/** Draws a key of 256 random bits. */
export function drawKey(): KeySecret {
  const id = Array.from({ length: 12 }, () => idLetters[randomInt(idLetters.length)]).join('');
  const secret = randomBytes(32).toString('base64url');
  return { id, text: `tk_${id}_${secret}`, sha256: digest(secret) };
}

/** Null when the text is not a key. */
export function parseKey(text: string): { readonly id: string; readonly sha256: Buffer } | null {
  const [, id, secret] = keyPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, sha256: digest(secret) };
}

export function isKeyId(text: string): boolean {
  return idPattern.test(text);
}

/** Compares in constant time. */
export function sameDigest(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A plain digest suffices: the secret is random, so nobody can guess it from a dictionary. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
