/**
 * What moved MRR. The grain is a customer's UTC day: what a customer of a product brings at the end of a day, minus
 * the end of the day before. So a change taken back on the same day is no movement, and the movements of any period
 * add up to its difference of MRR. Pure; `docs/business-figures.md` has the definitions.
 */
import type { Segment } from './segments.ts';

export const dayMs = 86_400_000;

/** UTC days since 1970. */
export const dayOf = (at: Date): number => Math.floor(at.getTime() / dayMs);

/**
 * `new`: a customer's first MRR ever. `reactivation`: from nothing, having paid before. `expansion`, `contraction`:
 * more or less than the day before, neither from nor to nothing. `churn`: to nothing. `moved`: between plans of the
 * same customer; adds up to zero over a product's plans.
 */
export const movementKinds = ['new', 'reactivation', 'expansion', 'contraction', 'churn', 'moved'] as const;
export type MovementKind = (typeof movementKinds)[number];

export interface Movement {
  readonly day: number;
  /** A customer is an account as the buyer of one product in one currency. */
  readonly account: string;
  readonly product: string;
  readonly plan: string;
  readonly currency: string;
  readonly kind: MovementKind;
  /** Signed: churn and contraction are negative. */
  readonly micros: number;
}

/**
 * All movements in these segments, in order of days. Takes whole histories: the past decides whether somebody is new.
 */
export function movementsOf(segments: Iterable<Segment>): readonly Movement[] {
  const customers = new Map<string, { about: Segment; changes: Change[] }>();
  for (const segment of segments) {
    if (segment.standing !== 'paying') continue;
    const key = customerKey(segment);
    const customer = customers.get(key) ?? { about: segment, changes: [] };
    customers.set(key, customer);
    const { plan, micros } = segment;
    customer.changes.push({ day: dayOf(segment.from), plan, micros });
    if (segment.to) customer.changes.push({ day: dayOf(segment.to), plan, micros: -micros });
  }
  const movements: Movement[] = [];
  for (const { about, changes } of customers.values()) movements.push(...customerMovements(about, changes));
  return movements.sort((a, b) => a.day - b.day);
}

/** Names a customer. */
export function customerKey({
  account,
  product,
  currency,
}: Pick<Segment, 'account' | 'product' | 'currency'>): string {
  // Products and currencies contain no spaces.
  return `${product} ${currency} ${account}`;
}

interface Change {
  readonly day: number;
  readonly plan: string;
  readonly micros: number;
}

function* customerMovements(about: Segment, changes: readonly Change[]): Generator<Movement> {
  const { account, product, currency } = about;
  const days = new Map<number, Map<string, number>>();
  for (const { day, plan, micros } of changes) {
    const plans = days.get(day) ?? new Map<string, number>();
    plans.set(plan, (plans.get(plan) ?? 0) + micros);
    days.set(day, plans);
  }
  let total = 0;
  let hasPaid = false;
  for (const [day, plans] of [...days].sort(([a], [b]) => a - b)) {
    const differences = [...plans].filter(([, micros]) => micros !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
    if (differences.length === 0) continue;
    const change = differences.reduce((sum, [, micros]) => sum + micros, 0);
    const after = total + change;
    const kind = kindOf(total, after, hasPaid);
    // The change goes to the plans in its direction; other gains and losses moved between plans.
    let left = change;
    for (const [plan, micros] of differences) {
      const told = change > 0 ? Math.min(left, Math.max(0, micros)) : Math.max(left, Math.min(0, micros));
      left -= told;
      const line = { day, account, product, plan, currency };
      if (told !== 0) yield { ...line, kind, micros: told };
      if (micros !== told) yield { ...line, kind: 'moved', micros: micros - told };
    }
    total = after;
    hasPaid ||= after > 0;
  }
}

function kindOf(before: number, after: number, hasPaid: boolean): MovementKind {
  if (before === 0) return hasPaid ? 'reactivation' : 'new';
  if (after === 0) return 'churn';
  return after > before ? 'expansion' : 'contraction';
}
