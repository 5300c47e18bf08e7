import type { UsageRetention } from './usage-roll-up.ts';

/** Every time limit of metering, side by side. All durations in milliseconds. */

/** How often it is looked whether there is anything to do; a slot that could not be sampled is tried again after it. */
export const tickMs = 15_000;

/** How often Stripe is told what is due. */
export const reportEveryMs = 60_000;

/** How often what is too old is dropped. */
export const forgetEveryMs = 3_600_000;

/**
 * How long everything is kept. Samples as long as Stripe takes use that came late; hours for a year; days, from which
 * statements are made, as long as bookkeeping may ask.
 */
export const usageRetention: UsageRetention = { samples: 35, hours: 400, days: 3 * 366 };
