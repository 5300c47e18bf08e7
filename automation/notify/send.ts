import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { type AddressRules, allowedAddresses, hostOf, RefusedAddress, urlProblem } from './address.ts';
import type { BegunDelivery } from './deliveries.ts';
import type { Result } from './schedule.ts';

/** How much of an answer's body is kept. */
const maxAnswerBytes = 1024;

export interface Sent {
  readonly result: Result;
  /** The beginning of the answer's body. */
  readonly answer: string | null;
  /** More about a failure, for our own log only. */
  readonly detail?: string | undefined;
}

/**
 * Headers of Standard Webhooks: the same id in all attempts, the time of this attempt, and a signature by each valid
 * secret.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders(
  { eventId, body, secrets }: Pick<BegunDelivery, 'eventId' | 'body' | 'secrets'>,
  at: Date,
): Record<string, string> {
  return {
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(eventId, at, body)).join(' '),
  };
}

/**
 * Posts an event to its endpoint. Connects only to addresses that it has checked, whatever the name resolves to a moment
 * later, and follows no redirect. Never rejects because of what the endpoint does.
 * @param limits.timeoutMs from the look-up of the name to the end of the answer
 * @param limits.signal cuts the request off; the promise then rejects
 */
export async function send(
  delivery: Pick<BegunDelivery, 'url' | 'eventId' | 'body' | 'secrets'>,
  rules: AddressRules,
  at: Date,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Sent> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await post(delivery, rules, at, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) throw error;
    const problem = timeout.aborted
      ? `The endpoint did not answer within ${timeoutMs / 1000} s`
      : problemOf(error);
    const detail = error instanceof RefusedAddress ? error.detail : undefined;
    return { result: { kind: 'failed', problem }, answer: null, detail };
  }
}

function problemOf(error: unknown): string {
  if (error instanceof RefusedAddress) return `Not sent: ${error.message}`;
  const { code, message } = error as NodeJS.ErrnoException;
  return `The endpoint could not be reached: ${code && !message.includes(code) ? `${code}, ` : ''}${message}`;
}

async function post(
  delivery: Pick<BegunDelivery, 'url' | 'eventId' | 'body' | 'secrets'>,
  rules: AddressRules,
  at: Date,
  signal: AbortSignal,
): Promise<Sent> {
  // The rules may have become stricter since the endpoint was registered.
  const wrong = urlProblem(delivery.url, rules);
  if (wrong !== null) throw new RefusedAddress(`the URL ${wrong}`);
  const url = new URL(delivery.url);
  const addresses = await allowedAddresses(hostOf(url), rules, signal);
  return new Promise<Sent>((resolve, reject) => {
    let begun = false;
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        method: 'POST',
        // A kept-alive connection could lead to an address that was checked for another name.
        agent: false,
        lookup: lookupIn(addresses),
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(delivery.body),
          'user-agent': 'Tenantry-Webhooks/1',
          connection: 'close',
          ...signatureHeaders(delivery, at),
        },
      },
      (response) => {
        begun = true;
        const chunks: Buffer[] = [];
        let bytes = 0;
        const answered = () => {
          const { statusCode: status = 0, headers } = response;
          resolve({
            result: { kind: 'answered', status, retryAfter: headers['retry-after'] ?? null },
            answer: bytes === 0 ? null : Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8'),
          });
          // Does not wait for the rest of a long answer.
          request.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes >= maxAnswerBytes) answered();
        });
        response.on('end', answered);
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    // A response whose body is still being read settles by itself. Something like 101 brings no response, only this.
    request.on('close', () => {
      if (!begun) reject(new Error('the connection was closed without an answer'));
    });
    request.end(delivery.body);
  });
}

/** Resolves every name to the checked addresses, so that the connection can go nowhere else. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (hostname, options, callback) => {
    const [first] = found;
    if (!first) callback(new Error(`${hostname} does not resolve`), []);
    else if (options.all) callback(null, found);
    else callback(null, first.address, first.family);
  };
}
