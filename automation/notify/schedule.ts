/** Decides what an answer means for a delivery: delivered, try again and when, or give up. Pure. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Waits after each failed attempt. The first attempt is at once, the tenth a little over three days later. */
export const waitsMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/** An endpoint that has accepted nothing for this long is disabled at its next failure. */
export const disableAfterMs = 3 * 24 * hourMs;

/** Lengthens waits by up to a tenth, so that deliveries that failed together do not retry together. */
const jitterShare = 0.1;

/** The longest `Retry-After` that an endpoint may ask for. */
const longestAskedMs = 24 * hourMs;

/** The outcome of an attempt. */
export type Result =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | null }
  | { readonly kind: 'failed'; readonly problem: string };

export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly problem: string; readonly at: Date }
  /** The last attempt failed. */
  | { readonly kind: 'given-up'; readonly problem: string }
  /** The endpoint answered that it no longer exists. */
  | { readonly kind: 'gone'; readonly problem: string };

/**
 * @param tries attempts so far, this one among them
 * @param random from 0 to 1
 */
export function judge(result: Result, tries: number, now: Date, random: number): Verdict {
  if (result.kind === 'answered') {
    if (result.status >= 200 && result.status < 300) return { kind: 'delivered' };
    if (result.status === 410) return { kind: 'gone', problem: 'The endpoint answered 410: it is gone' };
  }
  const problem = result.kind === 'failed' ? result.problem : problemOf(result.status);
  const waitMs = waitsMs[tries - 1];
  if (waitMs === undefined) return { kind: 'given-up', problem };
  const askedMs = result.kind === 'answered' ? retryAfterMs(result, now) : 0;
  const delayMs = Math.max(waitMs * (1 + jitterShare * random), askedMs);
  return { kind: 'again', problem, at: new Date(now.getTime() + delayMs) };
}

function problemOf(status: number): string {
  return status >= 300 && status < 400
    ? `The endpoint answered ${status}: redirects are not followed`
    : `The endpoint answered ${status}`;
}

/** Reads `Retry-After`, in seconds or as a date (RFC 9110); 0 when there is none that makes sense. */
function retryAfterMs(
  { status, retryAfter }: { status: number; retryAfter: string | null },
  now: Date,
): number {
  if (retryAfter === null || (status !== 429 && status !== 503)) return 0;
  const ms = /^\d{1,9}$/.test(retryAfter.trim())
    ? Number(retryAfter) * secondMs
    : Date.parse(retryAfter) - now.getTime();
  return Number.isFinite(ms) ? Math.min(longestAskedMs, Math.max(0, ms)) : 0;
}

/** True when an endpoint that fails now has failed for long enough to be disabled. */
export function failedForDays(failingSince: Date | null, now: Date): boolean {
  return failingSince !== null && now.getTime() - failingSince.getTime() >= disableAfterMs;
}
