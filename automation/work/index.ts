/** What a room gives a worker to do, and how often. */
export { paced } from './paced.ts';
export { repeat } from './repeat.ts';
export { settleAll } from './settle-all.ts';
export { task, tenantPayload } from './task.ts';
export { type Lane, lanes, type SweepPart, type SweepSteps, sweepParts, type Work } from './work.ts';
