/**
 * How many customers began to pay after a trial, from a free plan or from an opened checkout. Each chance counts in its own
 * period, with its outcome up to the day of asking. Pure.
 */
import { customerKey, dayOf } from './movements.ts';
import type { Segment } from './segments.ts';

export interface Chance {
  readonly kind: 'trial' | 'free' | 'checkout';
  /** The day when a trial ended, a customer began a free plan, or a checkout was opened. */
  readonly day: number;
  readonly product: string;
  readonly plan: string;
  readonly currency: string | null;
  readonly converted: boolean;
}

/** An opened checkout of a plan with a price. */
export interface OpenedCheckout {
  readonly id: string;
  readonly at: Date;
  readonly product: string;
  readonly plan: string;
}

/**
 * @param segments whole histories, up to the moment of asking
 * @param now trials that end later do not count yet
 */
export function chancesOf(
  segments: Iterable<Segment>,
  checkouts: Iterable<OpenedCheckout>,
  now: Date,
): readonly Chance[] {
  const chances: Chance[] = [];
  const subscriptions = groups(segments, (segment) => segment.subscriptionId);
  const paidCheckouts = new Set<string>();
  for (const history of subscriptions.values()) {
    const firstPaid = history.find(({ standing }) => standing === 'paying');
    if (firstPaid?.checkoutId) paidCheckouts.add(firstPaid.checkoutId);
    const lastTrial = history.findLast(({ standing }) => standing === 'trial');
    if (lastTrial?.to && lastTrial.to <= now)
      chances.push({
        kind: 'trial',
        ...placeOf(lastTrial, lastTrial.to),
        converted: history.some(({ standing, from }) => standing === 'paying' && from >= lastTrial.from),
      });
  }
  for (const history of groups(segments, customerKey).values()) {
    const free = history.find(({ standing }) => standing === 'free');
    const paid = history.find(({ standing }) => standing === 'paying');
    // A customer who paid before the free plan cannot convert.
    if (free && !(paid && paid.from <= free.from))
      chances.push({ kind: 'free', ...placeOf(free, free.from), converted: paid !== undefined });
  }
  for (const { id, at, product, plan } of checkouts)
    chances.push({
      kind: 'checkout',
      day: dayOf(at),
      product,
      plan,
      currency: null,
      converted: paidCheckouts.has(id),
    });
  return chances;
}

function placeOf({ product, plan, currency }: Segment, at: Date) {
  return { day: dayOf(at), product, plan, currency };
}

/** Groups segments by a key, each group in order of time. */
function groups(segments: Iterable<Segment>, keyOf: (segment: Segment) => string): Map<string, Segment[]> {
  const found = new Map<string, Segment[]>();
  for (const segment of segments) {
    const key = keyOf(segment);
    const group = found.get(key);
    if (group) group.push(segment);
    else found.set(key, [segment]);
  }
  for (const group of found.values()) group.sort((a, b) => a.from.getTime() - b.from.getTime());
  return found;
}
