/** The retentions that CloudWatch Logs offers, in days (API reference, `PutRetentionPolicy`, 2026-11). */
const offered = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** The shortest available retention that keeps logs for at least this many days; ten years at most. */
export function logRetentionDays(days: number): number {
  return offered.find((candidate) => candidate >= days) ?? 3653;
}
