import { defaultOf } from '../environment/index.ts';

/** Every time limit and bound of the reconciler. All durations in milliseconds. */
export interface ReconcilePolicy {
  /** How often everything is compared unasked. */
  readonly intervalMs: number;
  /** Pause before the second look of a comparison that found something new. */
  readonly secondLookMs: number;
  /** What a job, an event or a person touched within this time is no finding. */
  readonly graceMs: number;
  /** A tenant whose work nobody does for this long is a finding. */
  readonly stalledMs: number;
  /** First pause between two tries of healing; doubles. */
  readonly healAgainMs: number;
  /** After this many failed tries a person must look. */
  readonly mostHeals: number;
  /**
   * Most findings that one look heals, so that a wrong view of the world cannot do much at once.
   */
  readonly healsPerLook: number;
  /** An approved finding that still exists after this time waits for a person again. */
  readonly approvalMs: number;
  /** How long ended findings are kept. */
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
