/** Answers questions about business figures from the log. */
import type { Queryable } from '../store/database.ts';
import { dayMs, dayOf } from './movements.ts';
import { dateOf } from './periods.ts';
import { booksNow, listCheckouts, listCurrencies, listReceipts, listSegments } from './read.ts';
import { churnWindowDays, type FiguresRow, figuresOf, type Question } from './report.ts';

export interface Asked extends Pick<Question, 'every' | 'by' | 'currency'> {
  readonly fromDay: number;
  /** Exclusive; future days are left out. */
  readonly toDay: number;
}

export interface Answer extends Pick<Question, 'every' | 'by' | 'currency'> {
  /** UTC days; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
  /** The instant up to which the figures go. */
  readonly asOf: Date;
  /** Every currency in use; the rows are in one of them. */
  readonly currencies: readonly string[];
  readonly rows: readonly FiguresRow[];
}

/** @param now our time; Stripe's latest instant replaces it where that is later, for example with a test clock */
export async function askFigures(db: Queryable, asked: Asked, now: Date): Promise<Answer> {
  const asOf = await booksNow(db, now);
  const { fromDay, every, by, currency } = asked;
  const toDay = Math.min(asked.toDay, dayOf(asOf) + 1);
  const until = new Date(Math.min(toDay * dayMs, asOf.getTime() + 1));
  const from = new Date(fromDay * dayMs);
  const sources = {
    segments: await listSegments(db, until),
    receipts: await listReceipts(db, from, until),
    checkouts: await listCheckouts(db, from, until),
  };
  return {
    from: dateOf(fromDay),
    to: dateOf(Math.max(fromDay, toDay)),
    every,
    by,
    currency,
    asOf,
    currencies: await listCurrencies(db),
    rows: figuresOf(sources, { fromDay, toDay, every, by, currency, now: until }),
  };
}

/** The last `churnWindowDays` days, today included, as one period. */
export function lastDays(asOf: Date): Pick<Asked, 'fromDay' | 'toDay' | 'every'> {
  const toDay = dayOf(asOf) + 1;
  return { fromDay: toDay - churnWindowDays, toDay, every: 'whole' };
}
