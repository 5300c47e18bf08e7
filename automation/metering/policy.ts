import type { UsageRetention } from './usage-roll-up.ts';

/** Every time limit of metering, side by side. All durations in milliseconds. */

/** How often metering looks for work, and so how soon it retries a slot that it could not sample. */
export const tickMs = 15_000;

export const reportEveryMs = 60_000;

export const forgetEveryMs = 3_600_000;

/**
 * How many days everything is kept: samples as long as Stripe accepts late use, hours for a year, days (statements are
 * made from them) as long as bookkeeping may ask.
 */
export const usageRetention: UsageRetention = { samples: 35, hours: 400, days: 3 * 366 };
