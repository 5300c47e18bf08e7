import { pause } from './pause.ts';

export interface RetryPolicy {
  /** Tries after the first; 0 is none. */
  readonly retries: number;
  /** Most that the first wait is; it doubles with every further try. */
  readonly firstWaitMs: number;
  /** If the service asks for a longer wait, its refusal is passed on. */
  readonly longestWaitMs: number;
}

export const defaultRetry: RetryPolicy = { retries: 2, firstWaitMs: 200, longestWaitMs: 10_000 };

/** The outcome of a try. */
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

/** Safe to repeat: by its method, or because the service recognises its key. */
function isRepeatable({ method, headers }: Request): boolean {
  return ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].includes(method) || headers.has('idempotency-key');
}

const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * How long to wait before the next try, or null for none. The service's `Retry-After` counts; without it, a random
 * time up to twice the last one, so that many clients do not return at once.
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

/** `Retry-After` in its two forms, seconds and a date. */
export function retryAfterMs(headers: Headers, nowMs = Date.now()): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
