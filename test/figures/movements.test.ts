import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { movementKinds } from '../../automation/figures/movements.ts';
import { compareObservations, type Observation, ranks } from '../../automation/figures/observation.ts';
import { figuresOf, groupings } from '../../automation/figures/report.ts';
import { type Segment, segmentsOf } from '../../automation/figures/segments.ts';
import { day, graceMs } from './sample.ts';

const firstSecond = Date.parse('2026-01-01T00:00:00Z') / 1000;
const seconds = 100 * 86_400;
const statuses = [
  'active',
  'active',
  'active',
  'trialing',
  'past_due',
  'unpaid',
  'paused',
  'incomplete',
  'canceled',
];

const observation = fc.record({
  second: fc.nat(seconds),
  status: fc.constantFrom(...statuses),
  plan: fc.constantFrom('pro', 'enterprise'),
  seats: fc.integer({ min: 1, max: 5 }),
  micros: fc.constantFrom(0, 1, 8_333_333, 19_000_000, 99_000_000),
  later: fc.option(fc.record({ second: fc.nat(seconds), micros: fc.nat(50_000_000) })),
  source: fc.constantFrom('event' as const, 'fetch' as const),
});

const subscription = fc.record({
  account: fc.constantFrom('ada', 'bob', 'cyd'),
  product: fc.constantFrom('agents', 'stream'),
  currency: fc.constantFrom('usd', 'usd', 'eur'),
  paidSecond: fc.option(fc.nat(seconds)),
  told: fc.array(observation, { minLength: 1, maxLength: 8 }),
});
type Subscription = typeof subscription extends fc.Arbitrary<infer T> ? T : never;

function observations({ account, product, currency, told }: Subscription, index: number): Observation[] {
  return told.map(({ second, status, plan, seats, micros, later, source }, position) => ({
    subscriptionId: `sub_${index}`,
    at: new Date((firstSecond + second) * 1000),
    source,
    sourceId: `${source}_${position}`,
    rank: source === 'event' ? ranks.updated : ranks.fetch,
    status,
    account,
    checkoutId: null,
    product,
    plan,
    seats,
    currency,
    rates: [
      { from: 0, micros },
      ...(later ? [{ from: firstSecond + later.second, micros: later.micros }] : []),
    ],
  }));
}

const circumstances = ({ paidSecond }: Subscription) => ({
  paidSince: paidSecond === null ? null : new Date((firstSecond + paidSecond) * 1000),
  graceMs,
});

function segments(subscriptions: readonly Subscription[]): Segment[] {
  return subscriptions.flatMap((one, index) => [...segmentsOf(observations(one, index), circumstances(one))]);
}

/** MRR just before a day begins, added up the plain way. */
function mrrBefore(history: readonly Segment[], dayNumber: number, currency: string): number {
  const at = dayNumber * 86_400_000;
  return history
    .filter((one) => one.currency === currency && one.from.getTime() < at && (one.to?.getTime() ?? at) >= at)
    .reduce((sum, { micros }) => sum + micros, 0);
}

describe('whatever happens to subscriptions', () => {
  test('movements add up to the difference of MRR, in every period and by every grouping', () => {
    fc.assert(
      fc.property(
        fc.array(subscription, { maxLength: 6 }),
        fc.constantFrom(...groupings),
        fc.constantFrom('day' as const, 'month' as const, 'whole' as const),
        fc.constantFrom('usd', 'eur'),
        (subscriptions, by, every, currency) => {
          const history = segments(subscriptions);
          const [fromDay, toDay] = [day('2026-01-20'), day('2026-03-10')];
          const now = new Date('2026-06-01T00:00:00Z');
          const rows = figuresOf(
            { segments: history, receipts: [], checkouts: [] },
            { fromDay, toDay, every, by, currency, now },
          );
          const sums = new Map<
            string,
            { opening: number; closing: number; moved: number; fromDay: number; toDay: number }
          >();
          for (const row of rows) {
            const moved = movementKinds.reduce((sum, kind) => sum + row.movementsMicros[kind], 0);
            expect(row.closingMrrMicros - row.openingMrrMicros).toBe(moved);
            expect(row.closingCustomers).toBe(
              row.openingCustomers +
                row.newCustomers +
                row.reactivatedCustomers -
                row.lostCustomers +
                row.movedCustomers,
            );
            expect(row.closingCustomers > 0).toBe(row.closingMrrMicros > 0);
            const { new: isNew, reactivation, expansion, contraction, churn } = row.movementsMicros;
            expect(Math.min(isNew, reactivation, expansion, -contraction, -churn)).toBeGreaterThanOrEqual(0);
            const sum = sums.get(row.period) ?? {
              opening: 0,
              closing: 0,
              moved: 0,
              fromDay: day(row.from),
              toDay: day(row.to),
            };
            sum.opening += row.openingMrrMicros;
            sum.closing += row.closingMrrMicros;
            sum.moved += row.movementsMicros.moved;
            sums.set(row.period, sum);
          }
          for (const sum of sums.values()) {
            expect(sum.moved).toBe(0);
            expect(sum.opening).toBe(mrrBefore(history, sum.fromDay, currency));
            expect(sum.closing).toBe(mrrBefore(history, sum.toDay, currency));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('the order in which it became known does not matter, and repetition neither', () => {
    fc.assert(
      fc.property(subscription, fc.array(fc.nat(), { minLength: 16, maxLength: 16 }), (one, keys) => {
        const told = observations(one, 0);
        const twice = [...told, ...told].map((observation, index) => ({
          observation,
          key: keys[index] ?? 0,
        }));
        const shuffled = twice.sort((a, b) => a.key - b.key).map(({ observation }) => observation);
        expect(segmentsOf(shuffled, circumstances(one))).toEqual(segmentsOf(told, circumstances(one)));
      }),
      { numRuns: 200 },
    );
  });

  test('fetches in between, however many and late, change nothing that events tell', () => {
    fc.assert(
      fc.property(subscription, fc.array(fc.nat(2 * seconds), { maxLength: 6 }), (one, fetchedSeconds) => {
        const events = observations(one, 0).map((told) => ({ ...told, rank: ranks.updated }));
        const inOrder = [...events].sort(compareObservations);
        const fetches = fetchedSeconds.flatMap((second, index): Observation[] => {
          const at = new Date((firstSecond + second) * 1000);
          const seen = inOrder.findLast((event) => event.at <= at);
          return seen
            ? [{ ...seen, at, source: 'fetch', sourceId: `fetch_${index}`, rank: ranks.fetch }]
            : [];
        });
        expect(segmentsOf([...fetches, ...events], circumstances(one))).toEqual(
          segmentsOf(events, circumstances(one)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('segments follow one another without gap or overlap', () => {
    fc.assert(
      fc.property(subscription, (one) => {
        const history = segments([one]);
        for (const [index, segment] of history.entries()) {
          expect(segment.to).toEqual(history[index + 1]?.from ?? null);
          expect(segment.micros > 0).toBe(segment.standing === 'paying');
        }
      }),
      { numRuns: 200 },
    );
  });
});
