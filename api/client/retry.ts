import { pause } from './pause.ts';

export interface RetryPolicy {
  /** How often to try again; 0 for never. */
  readonly retries: number;
  /** Longest first wait; doubles with every further try. */
  readonly firstWaitMs: number;
  /** When the service asks for a longer wait, the caller gets its refusal. */
  readonly longestWaitMs: number;
}

export const defaultRetry: RetryPolicy = { retries: 2, firstWaitMs: 200, longestWaitMs: 10_000 };

export type Outcome = { readonly answer: Response } | { readonly error: unknown };

/** Repeats requests that are safe to repeat, after temporary failures. */
export function retrying(send: (request: Request) => Promise<Response>, policy: RetryPolicy) {
  return async (request: Request): Promise<Response> => {
    for (let tried = 0; ; tried++) {
      const last = tried >= policy.retries || !isRepeatable(request);
      const outcome = await send(last ? request : request.clone()).then(
        (answer): Outcome => ({ answer }),
        (error: unknown): Outcome => ({ error }),
      );
      const waitMs = last || request.signal.aborted ? null : retryWaitMs(outcome, tried, policy);
      if (waitMs === null) {
        if ('error' in outcome) throw outcome.error;
        return outcome.answer;
      }
      if ('answer' in outcome) await outcome.answer.body?.cancel();
      await pause(waitMs, request.signal);
      request.signal.throwIfAborted();
    }
  };
}

/** True when the request is safe to repeat: by its method, or by its idempotency key. */
function isRepeatable({ method, headers }: Request): boolean {
  return ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].includes(method) || headers.has('idempotency-key');
}

const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * How long to wait before the next try; null for no other try. Follows the service's `Retry-After`, or else waits a random
 * time, so that many clients do not return at once.
 */
export function retryWaitMs(
  outcome: Outcome,
  tried: number,
  { firstWaitMs, longestWaitMs }: RetryPolicy,
): number | null {
  if ('answer' in outcome) {
    if (!passing.has(outcome.answer.status)) return null;
    const asked = retryAfterMs(outcome.answer.headers);
    if (asked !== undefined) return asked <= longestWaitMs ? asked : null;
  }
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** tried);
}

/** Reads `Retry-After` in its two forms, seconds and a date. */
export function retryAfterMs(headers: Headers, nowMs = Date.now()): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
