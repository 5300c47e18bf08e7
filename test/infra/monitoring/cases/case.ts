/** Cases of alerts, as data; `rules.test.ts` makes promtool's unit tests of them. Series have a sample each minute. */

/** Samples by series, in promtool's notation (`1+0x10`: eleven times 1). */
export type Series = Readonly<Record<string, string>>;

export interface Firing {
  readonly series: Series;
  /** Minute from which on it fires; nothing fires a minute before. */
  readonly from: number;
  /** Labels beside the rule's own, and texts as a person reads them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Where the rule's description has something to fill in. */
  readonly description?: string;
}

export interface Silence {
  readonly because: string;
  readonly series: Series;
  /** Minute in which nothing fires. */
  readonly at: number;
}

export interface AlertCase {
  readonly alert: string;
  readonly fires: readonly Firing[];
  readonly silent: readonly Silence[];
}

/** The same value in every minute, for longer than any alert waits. */
export function steady(value: number | string): string {
  return `${value}+0x400`;
}

/** A counter that grows by so much each minute. */
export function growing(perMinute: number): string {
  return `0+${perMinute}x100`;
}
