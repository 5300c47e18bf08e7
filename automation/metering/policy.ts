import type { UsageRetention } from './usage-roll-up.ts';

/** Every time limit of metering, side by side. All durations in milliseconds. */

/** How often metering looks for work; it retries a slot that could not be sampled after this time. */
export const tickMs = 15_000;

/** How often due usage is reported to Stripe. */
export const reportEveryMs = 60_000;

/** How often old data is dropped. */
export const forgetEveryMs = 3_600_000;

/**
 * How long everything is kept. Samples as long as Stripe accepts late use; hours for a year; days, from which
 * statements are made, as long as bookkeeping may ask.
 */
export const usageRetention: UsageRetention = { samples: 35, hours: 400, days: 3 * 366 };
