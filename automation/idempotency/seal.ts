import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** An answer as it goes over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ivBytes = 12;
const tagBytes = 16;

/** Encrypts an answer with the request's own key, so that the database alone does not reveal it. */
export function seal(answer: Answer, key: string, context: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', keyOf(key, context), iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]);
}

export function open(sealed: Buffer, key: string, context: string): Answer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(key, context), sealed.subarray(0, ivBytes));
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  const text = Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]);
  return JSON.parse(text.toString()) as Answer;
}

export function sha256(...parts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}

function keyOf(key: string, context: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, context, 'tenantry idempotency', 32));
}
