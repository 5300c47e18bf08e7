/**
 * Turns a subscription's observations, in whatever order they came, into periods of constant contribution. Pure;
 * `docs/business-figures.md` has the definitions.
 */
import { compareObservations, type Observation } from './observation.ts';

/**
 * How a subscription counts: `paying` adds to MRR; `trial` adds nothing; `free` owes nothing; `pending` should pay but has
 * not yet; `suspended` is unpaid, paused, or overdue for longer than the grace period; `ended` is over.
 */
export const standings = ['pending', 'trial', 'free', 'paying', 'suspended', 'ended'] as const;
export type Standing = (typeof standings)[number];

export interface Segment {
  readonly subscriptionId: string;
  readonly from: Date;
  /** Null until something changes it. May lie in the future, where a discount or the grace ends. */
  readonly to: Date | null;
  readonly standing: Standing;
  readonly account: string;
  readonly checkoutId: string | null;
  readonly product: string;
  readonly plan: string;
  readonly seats: number;
  readonly currency: string;
  /** What it brings in a month, in micro-units; 0 unless `paying`. */
  readonly micros: number;
}

export interface Circumstances {
  /** When its first invoice for a plan with a price was paid; null while none is. */
  readonly paidSince: Date | null;
  /** How long a subscription counts while its payment is overdue. */
  readonly graceMs: number;
}

/** The segments of one subscription, in order, without gaps; nothing before its first plan from the catalog. */
export function segmentsOf(
  observations: readonly Observation[],
  { paidSince, graceMs }: Circumstances,
): readonly Segment[] {
  const ordered = [...observations].sort(compareObservations);
  const segments: Segment[] = [];
  let plan: { product: string; plan: string; seats: number } | null = null;
  let overdueSince: number | null = null;
  for (const [index, seen] of ordered.entries()) {
    // Items outside the catalog do not change the plan, just as they do not change the tenant.
    if (seen.product !== null && seen.plan !== null)
      plan = { product: seen.product, plan: seen.plan, seats: seen.seats };
    overdueSince = seen.status === 'past_due' ? (overdueSince ?? seen.at.getTime()) : null;
    const from = seen.at.getTime();
    const to = ordered[index + 1]?.at.getTime() ?? Number.POSITIVE_INFINITY;
    if (!plan || to <= from) continue;
    const graceEnd = overdueSince === null ? null : overdueSince + graceMs;
    const turns = [
      paidSince?.getTime() ?? null,
      graceEnd,
      ...seen.rates.map((rate) => rate.from * 1000),
    ].filter((turn): turn is number => turn !== null && turn > from && turn < to);
    const cuts = [from, ...[...new Set(turns)].sort((a, b) => a - b), to];
    for (const [position, start] of cuts.slice(0, -1).entries()) {
      const micros = seen.rates.findLast((rate) => rate.from * 1000 <= start)?.micros ?? 0;
      const isPaid = paidSince !== null && paidSince.getTime() <= start;
      const isOverdue = graceEnd !== null && graceEnd <= start;
      const standing = standingOf(seen.status, micros, isPaid, isOverdue);
      const end = cuts[position + 1] ?? to;
      append(segments, {
        subscriptionId: seen.subscriptionId,
        from: new Date(start),
        to: Number.isFinite(end) ? new Date(end) : null,
        standing,
        account: seen.account,
        checkoutId: seen.checkoutId,
        ...plan,
        currency: seen.currency,
        micros: standing === 'paying' ? micros : 0,
      });
    }
  }
  return segments;
}

/** @see https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
function standingOf(status: string, micros: number, isPaid: boolean, isOverdue: boolean): Standing {
  switch (status) {
    case 'trialing':
      return 'trial';
    case 'incomplete':
      return 'pending';
    case 'canceled':
    case 'incomplete_expired':
      return 'ended';
    case 'unpaid':
    case 'paused':
      return 'suspended';
    default:
      // `active`, `past_due`, and statuses of later versions, which must not drop a paying customer.
      if (isOverdue) return 'suspended';
      if (micros === 0) return 'free';
      return isPaid ? 'paying' : 'pending';
  }
}

/** Adds a segment, or extends the last one where nothing differs. */
function append(segments: Segment[], next: Segment): void {
  const last = segments.at(-1);
  const keys = [
    'standing',
    'account',
    'checkoutId',
    'product',
    'plan',
    'seats',
    'currency',
    'micros',
  ] as const;
  if (last && keys.every((key) => last[key] === next[key]))
    segments[segments.length - 1] = { ...last, to: next.to };
  else segments.push(next);
}
