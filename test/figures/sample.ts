/** Histories for tests of figures: Stripe's statements about a subscription, in few words. */
import { type Observation, ranks } from '../../automation/figures/observation.ts';
import { type Segment, segmentsOf } from '../../automation/figures/segments.ts';

export const micros = (dollars: number): number => Math.round(dollars * 1_000_000);
export const day = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
export const graceMs = 7 * 86_400_000;

export interface Told {
  readonly at: string;
  readonly status?: string;
  readonly plan?: string | null;
  readonly seats?: number;
  /** Dollars a month. */
  readonly monthly?: number;
  /** Dollars a month from a date on, as where a discount ends. */
  readonly later?: readonly [date: string, dollars: number];
}

export interface History {
  readonly id?: string;
  readonly account?: string;
  readonly product?: string;
  readonly currency?: string;
  readonly checkoutId?: string;
  /** Null: never; the time of its first statement where omitted. */
  readonly paidSince?: string | null;
  readonly told: readonly Told[];
}

export const instant = (text: string): Date => new Date(text.length === 10 ? `${text}T12:00:00Z` : text);

export function observationsOf(history: History): Observation[] {
  return history.told.map((told, index) => ({
    subscriptionId: history.id ?? 'sub_1',
    at: instant(told.at),
    source: 'event',
    sourceId: `evt_${index}`,
    rank: ranks.updated,
    status: told.status ?? 'active',
    account: history.account ?? 'ada',
    checkoutId: history.checkoutId ?? null,
    product: told.plan === null ? null : (history.product ?? 'agents'),
    plan: told.plan === undefined ? 'pro' : told.plan,
    seats: told.seats ?? 1,
    currency: history.currency ?? 'usd',
    rates: [
      { from: 0, micros: micros(told.monthly ?? 0) },
      ...(told.later
        ? [{ from: Date.parse(`${told.later[0]}T12:00:00Z`) / 1000, micros: micros(told.later[1]) }]
        : []),
    ],
  }));
}

export function historyOf(...histories: readonly History[]): Segment[] {
  return histories.flatMap((history) => {
    const first = history.told[0]?.at;
    const since = history.paidSince === undefined ? first : history.paidSince;
    return segmentsOf(observationsOf(history), {
      paidSince: since === null || since === undefined ? null : instant(since),
      graceMs,
    });
  });
}
