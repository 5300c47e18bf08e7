/**
 * Computes the figures of periods from segments and payments, as a whole or by product or plan. Pure; definitions stand in
 * `docs/business-figures.md` and at each field.
 */
import { type Chance, chancesOf, type OpenedCheckout } from './conversion.ts';
import { share } from './month.ts';
import { customerKey, dayMs, dayOf, type MovementKind, movementKinds, movementsOf } from './movements.ts';
import { type Period, periodsOf, type Step } from './periods.ts';
import type { Segment } from './segments.ts';

export const groupings = ['none', 'product', 'plan'] as const;
export type Grouping = (typeof groupings)[number];

export interface Question {
  readonly fromDay: number;
  /** Exclusive. */
  readonly toDay: number;
  readonly every: Step;
  readonly by: Grouping;
  /** Figures are in one currency; amounts are never converted or summed across currencies. */
  readonly currency: string;
  readonly now: Date;
}

/** A payment, or the sum of a day's payments, with what was paid for, as far as known. */
export interface Receipt {
  readonly at: Date;
  readonly kind: 'invoice' | 'credit_note' | 'refund';
  readonly currency: string;
  readonly cents: number;
  readonly product: string | null;
  readonly plan: string | null;
}

export interface Sources {
  readonly segments: readonly Segment[];
  readonly receipts: readonly Receipt[];
  readonly checkouts: readonly OpenedCheckout[];
}

export interface Conversion {
  readonly of: number;
  readonly converted: number;
  /** Null where there was no chance to convert. */
  readonly rate: number | null;
}

/** All amounts are micro-units (10,000 a cent) unless they say cents; rates are shares of 1. */
export interface FiguresRow {
  readonly period: string;
  /** UTC days, the second exclusive. */
  readonly from: string;
  readonly to: string;
  readonly product: string | null;
  readonly plan: string | null;
  readonly openingMrrMicros: number;
  readonly movementsMicros: Readonly<Record<MovementKind, number>>;
  /** The opening one plus all movements. */
  readonly closingMrrMicros: number;
  readonly openingCustomers: number;
  readonly newCustomers: number;
  readonly reactivatedCustomers: number;
  readonly lostCustomers: number;
  /** By plan: arrivals from another plan of the product, minus departures to one. */
  readonly movedCustomers: number;
  readonly closingCustomers: number;
  /** MRR over customers at the end; null without customers. */
  readonly arpaMicros: number | null;
  /** Customers lost, of those at the start of the window (see `churnWindowDays`); null where there were none. */
  readonly logoChurnRate: number | null;
  /** MRR lost by churn and contraction in the window, of that at its start. */
  readonly revenueChurnRate: number | null;
  /** The same, minus expansion and reactivation; negative where these are larger. */
  readonly netRevenueChurnRate: number | null;
  /** ARPA times the months that a customer stays at the window's logo churn; null while nobody leaves. */
  readonly ltvMicros: number | null;
  readonly invoicedCents: number;
  readonly creditedCents: number;
  readonly refundedCents: number;
  /** Invoices paid, minus credit notes and refunds. */
  readonly revenueCents: number;
  readonly conversions: Readonly<Record<Chance['kind'], Conversion>>;
}

/** A single day's churn says too little: its rates cover this many days, up to and including it. */
export const churnWindowDays = 30;

interface Group {
  readonly product: string | null;
  readonly plan: string | null;
}

interface DayChange {
  day: number;
  readonly micros: Record<MovementKind, number>;
  new: number;
  reactivated: number;
  lost: number;
  /** For plans: customers who came from another plan, minus those who left for one. */
  moved: number;
}

/**
 * One row for each period and group, in order of periods. Every group that ever had a customer has a row in each period.
 */
export function figuresOf(sources: Sources, question: Question): readonly FiguresRow[] {
  const { by, currency, every } = question;
  const segments = sources.segments.filter((segment) => segment.currency === currency);
  const receipts = sources.receipts.filter((receipt) => receipt.currency === currency);
  const groupOf = ({ product, plan }: Group): Group => ({
    product: by === 'none' ? null : product,
    plan: by === 'plan' ? plan : null,
  });
  // Neither contains a space.
  const keyOf = ({ product, plan }: Group) =>
    by === 'none' ? '' : by === 'product' ? (product ?? '') : `${product ?? ''} ${plan ?? ''}`;

  const groups = new Map<string, Group>();
  if (by === 'none') groups.set(keyOf({ product: null, plan: null }), { product: null, plan: null });
  for (const sold of [segments, receipts, sources.checkouts])
    for (const of of sold) {
      if (by === 'none' || of.product === null) continue;
      const key = keyOf(of);
      if (!groups.has(key)) groups.set(key, groupOf(of));
    }
  const changes = changesOf(segments, keyOf);
  const chances = chancesOf(segments, sources.checkouts, question.now);
  const chancesBy = Map.groupBy(chances, keyOf);
  const receiptsBy = Map.groupBy(receipts, keyOf);

  const rows: FiguresRow[] = [];
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const period of periodsOf(question.fromDay, question.toDay, every)) {
    for (const [key, group] of sorted)
      rows.push(
        row(
          period,
          every,
          group,
          changes.get(key) ?? [],
          receiptsBy.get(key) ?? [],
          chancesBy.get(key) ?? [],
        ),
      );
  }
  return rows;
}

function row(
  period: Period,
  every: Step,
  group: Group,
  changes: readonly DayChange[],
  receipts: readonly Receipt[],
  chances: readonly Chance[],
): FiguresRow {
  const opening = sumUp(changes, Number.NEGATIVE_INFINITY, period.fromDay);
  const during = sumUp(changes, period.fromDay, period.toDay);
  const openingMrr = opening.total;
  const closingMrr = openingMrr + during.total;
  const closingCustomers = opening.customers + during.customers;
  const windowFrom = every === 'day' ? period.toDay - churnWindowDays : period.fromDay;
  const before = sumUp(changes, Number.NEGATIVE_INFINITY, windowFrom);
  const window = sumUp(changes, windowFrom, period.toDay);
  const lostMicros = -window.micros.churn - window.micros.contraction;
  const wonMicros = window.micros.expansion + window.micros.reactivation;
  const windowDays = every === 'month' ? null : period.toDay - windowFrom;
  const inPeriod = (day: number) => day >= period.fromDay && day < period.toDay;
  const money = (kind: Receipt['kind']) =>
    receipts
      .filter((receipt) => receipt.kind === kind && inPeriod(dayOf(receipt.at)))
      .reduce((sum, { cents }) => sum + cents, 0);
  const [invoicedCents, credited, refunded] = [money('invoice'), money('credit_note'), money('refund')];
  const conversion = (kind: Chance['kind']): Conversion => {
    const had = chances.filter((chance) => chance.kind === kind && inPeriod(chance.day));
    const converted = had.filter((chance) => chance.converted).length;
    return { of: had.length, converted, rate: rateOf(converted, had.length) };
  };
  return {
    period: period.name,
    from: new Date(period.fromDay * dayMs).toISOString().slice(0, 10),
    to: new Date(period.toDay * dayMs).toISOString().slice(0, 10),
    ...group,
    openingMrrMicros: openingMrr,
    movementsMicros: during.micros,
    closingMrrMicros: closingMrr,
    openingCustomers: opening.customers,
    newCustomers: during.new,
    reactivatedCustomers: during.reactivated,
    lostCustomers: during.lost,
    movedCustomers: during.moved,
    closingCustomers,
    arpaMicros: closingCustomers > 0 ? share(closingMrr, 1, closingCustomers) : null,
    logoChurnRate: rateOf(window.lost, before.customers),
    revenueChurnRate: rateOf(lostMicros, before.total),
    netRevenueChurnRate: rateOf(lostMicros - wonMicros, before.total),
    ltvMicros: lifetimeValue(closingMrr, closingCustomers, before.customers, window.lost, windowDays),
    invoicedCents,
    creditedCents: -credited || 0,
    refundedCents: -refunded || 0,
    revenueCents: invoicedCents + credited + refunded,
    conversions: { trial: conversion('trial'), free: conversion('free'), checkout: conversion('checkout') },
  };
}

/**
 * ARPA over the monthly logo churn, exact until it is rounded once: MRR / customers x (at the start / lost) x (days
 * of the window / 30), the last only where the window is not a month.
 */
function lifetimeValue(
  mrr: number,
  customers: number,
  atStart: number,
  lost: number,
  windowDays: number | null,
): number | null {
  if (customers <= 0 || atStart <= 0 || lost <= 0) return null;
  return share(
    mrr,
    atStart * (windowDays ?? 1),
    customers * lost * (windowDays === null ? 1 : churnWindowDays),
  );
}

function rateOf(part: number, of: number): number | null {
  return of > 0 ? Math.round((part / of) * 1_000_000) / 1_000_000 : null;
}

function noMicros(): Record<MovementKind, number> {
  return { new: 0, reactivation: 0, expansion: 0, contraction: 0, churn: 0, moved: 0 };
}

/** The events of a group on each day that has some. */
function changesOf(segments: readonly Segment[], keyOf: (of: Group) => string): Map<string, DayChange[]> {
  const groups = new Map<string, Map<number, DayChange>>();
  const changeOn = (key: string, day: number): DayChange => {
    const days = groups.get(key) ?? new Map<number, DayChange>();
    groups.set(key, days);
    const known = days.get(day) ?? { day, micros: noMicros(), new: 0, reactivated: 0, lost: 0, moved: 0 };
    days.set(day, known);
    return known;
  };
  const holdings = new Map<string, number>();
  const movements = movementsOf(segments);
  for (let index = 0; index < movements.length; ) {
    // The movements of one customer on one day are adjacent.
    const first = movements[index];
    if (!first) break;
    const who = customerKey(first);
    const net = new Map<string, { plan: Group; micros: number; kinds: Set<MovementKind> }>();
    for (; index < movements.length; index += 1) {
      const movement = movements[index];
      if (!movement || movement.day !== first.day || customerKey(movement) !== who) break;
      const key = keyOf(movement);
      changeOn(key, movement.day).micros[movement.kind] += movement.micros;
      const entry = net.get(key) ?? { plan: movement, micros: 0, kinds: new Set() };
      net.set(key, {
        ...entry,
        micros: entry.micros + movement.micros,
        kinds: entry.kinds.add(movement.kind),
      });
    }
    for (const [key, { micros, kinds }] of net) {
      const held = holdings.get(who + key) ?? 0;
      holdings.set(who + key, held + micros);
      const change = changeOn(key, first.day);
      if (held === 0 && micros > 0) {
        if (kinds.has('new')) change.new += 1;
        else if (kinds.has('reactivation')) change.reactivated += 1;
        else change.moved += 1;
      } else if (held > 0 && held + micros === 0) {
        if (kinds.has('churn')) change.lost += 1;
        else change.moved -= 1;
      }
    }
  }
  return new Map(
    [...groups].map(([key, days]) => [key, [...days.values()].sort((a, b) => a.day - b.day)] as const),
  );
}

function sumUp(changes: readonly DayChange[], fromDay: number, toDay: number) {
  const sum = { micros: noMicros(), total: 0, new: 0, reactivated: 0, lost: 0, moved: 0, customers: 0 };
  for (const change of changes) {
    if (change.day < fromDay || change.day >= toDay) continue;
    for (const kind of movementKinds) {
      sum.micros[kind] += change.micros[kind];
      sum.total += change.micros[kind];
    }
    sum.new += change.new;
    sum.reactivated += change.reactivated;
    sum.lost += change.lost;
    sum.moved += change.moved;
    sum.customers += change.new + change.reactivated - change.lost + change.moved;
  }
  return sum;
}
