/** The two loops: from a subscription to its tenant's desired state, and from there to the observed state. */
export type { JobContext } from './context.ts';
export { jobsWork } from './work.ts';
