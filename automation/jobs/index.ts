/** The two loops: from a subscription to what is wanted of its tenant, and from there to what stands. */
export type { JobContext } from './context.ts';
export { jobsWork } from './work.ts';
