import type { WebhookEvent } from './generated/types.gen.ts';

export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How much the sender's clock may differ, including the time that a message takes. Default five minutes. */
  readonly toleranceMs?: number;
  readonly now?: Date;
}

/** The message cannot be trusted. Answer 400. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly code: 'missing_header' | 'invalid_timestamp' | 'outside_tolerance' | 'invalid_signature';

  constructor(code: WebhookError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const defaultToleranceMs = 5 * 60_000;

/**
 * Checks that the sender of a webhook knows the secret and that the message arrived unchanged. A message may come twice:
 * remember its `webhook-id` and handle each once.
 * @param body the exact bytes that arrived, not parsed and serialised again
 * @param secret the endpoint's secret (`whsec_…`); several while it is being rotated
 * @returns the event. Decide by its `type`, and ignore types that you do not know: later versions may add some.
 * @throws WebhookError when the message cannot be trusted
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceMs = defaultToleranceMs, now = new Date() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp))
    throw new WebhookError('invalid_timestamp', 'webhook-timestamp: must be seconds since 1970.');
  if (Math.abs(now.getTime() - Number(timestamp) * 1000) > toleranceMs)
    throw new WebhookError(
      'outside_tolerance',
      `webhook-timestamp: is more than ${toleranceMs / 1000} s from this machine's time.`,
    );
  const content = typeof body === 'string' ? encode(body) : body;
  const signed = concat(encode(`${id}.${timestamp}.`), content);
  const keys = await Promise.all([secret].flat().map(keyOf));
  const given = signatures.split(' ').flatMap(signatureOf);
  for (const key of keys)
    for (const signature of given)
      if (await crypto.subtle.verify('HMAC', key, signature, signed))
        return JSON.parse(new TextDecoder().decode(content)) as WebhookEvent;
  throw new WebhookError(
    'invalid_signature',
    'webhook-signature: no signature fits the body and the secret. Was the body parsed before, or the secret rotated?',
  );
}

function header(headers: WebhookHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const one = typeof value === 'string' ? value : value?.join(' ');
  if (!one) throw new WebhookError('missing_header', `${name}: is missing.`);
  return one;
}

function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''));
  if (bytes === null || bytes.length === 0)
    throw new TypeError('secret: must be the secret of the endpoint, whsec_ and base64.');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/** Reads `v1,<base64>` and ignores signatures of other versions. */
function signatureOf(text: string): Uint8Array<ArrayBuffer>[] {
  const bytes = text.startsWith('v1,') ? fromBase64(text.slice(3)) : null;
  return bytes === null ? [] : [bytes];
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
