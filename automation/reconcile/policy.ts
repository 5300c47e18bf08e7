import { defaultOf } from '../environment/index.ts';

/** Every time limit and bound of the reconciler. All durations in milliseconds. */
export interface ReconcilePolicy {
  /** How often everything is compared without being asked. */
  readonly intervalMs: number;
  /** Between the two looks of a comparison that found something new. */
  readonly secondLookMs: number;
  /** Whatever a job, an event or a person touched within so long is under way: no finding. */
  readonly graceMs: number;
  /** A tenant that waits for work that nobody does is a finding after so long. */
  readonly stalledMs: number;
  /** First pause between two tries of healing; doubles. */
  readonly healAgainMs: number;
  /** After so many tries that did not help, a person must look. */
  readonly mostHeals: number;
  /** Findings that one look heals at most, so that a wrong view of the world does not set everything in motion at once. */
  readonly healsPerLook: number;
  /** What was approved and is still there after so long waits for a person again. */
  readonly approvalMs: number;
  /** How long findings that ended are kept. */
  readonly keptMs: number;
}

export const defaultReconcilePolicy: ReconcilePolicy = {
  intervalMs: defaultOf('TENANTRY_RECONCILE_INTERVAL_MS'),
  secondLookMs: 5_000,
  graceMs: defaultOf('TENANTRY_RECONCILE_GRACE_MS'),
  stalledMs: 600_000,
  healAgainMs: 60_000,
  mostHeals: 5,
  healsPerLook: 200,
  approvalMs: 1_800_000,
  keptMs: 90 * 24 * 3_600_000,
};
