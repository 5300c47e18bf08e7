import { describe, expect, test } from 'vitest';
import { type FiguresRow, figuresOf, type Question, type Receipt } from '../../automation/figures/report.ts';
import { day, type History, historyOf, instant, micros } from './sample.ts';

const november: Question = {
  fromDay: day('2026-11-01'),
  toDay: day('2026-12-01'),
  every: 'month',
  by: 'none',
  currency: 'usd',
  now: new Date('2026-12-01T00:00:00Z'),
};

function figures(histories: readonly History[], question: Partial<Question> = {}, receipts: Receipt[] = []) {
  return figuresOf(
    { segments: historyOf(...histories), receipts, checkouts: [] },
    { ...november, ...question },
  );
}

function november1(histories: readonly History[]): FiguresRow {
  const [row] = figures(histories);
  if (!row) throw new Error('no row');
  return row;
}

interface Example {
  readonly histories: readonly History[];
  readonly opening?: number;
  readonly moved?: Partial<Record<'new' | 'reactivation' | 'expansion' | 'contraction' | 'churn', number>>;
  readonly closing: number;
  readonly customers: number;
}

const pro = { at: '2026-09-01', monthly: 19 };

/** Dollars; the month is November 2026. */
const examples: Record<string, Example> = {
  'a customer who begins to pay is new': {
    histories: [{ told: [{ at: '2026-11-05', monthly: 19 }] }],
    moved: { new: 19 },
    closing: 19,
    customers: 1,
  },
  'more seats in the middle of a period count in full from their day on': {
    histories: [
      {
        told: [
          { at: '2026-10-20', monthly: 58, seats: 2 },
          { at: '2026-11-07', monthly: 145, seats: 5 },
        ],
      },
    ],
    opening: 58,
    moved: { expansion: 87 },
    closing: 145,
    customers: 1,
  },
  'a smaller plan in the middle of a period is contraction on its day': {
    histories: [
      {
        told: [
          { at: '2026-10-20', plan: 'enterprise', monthly: 99 },
          { at: '2026-11-07', monthly: 19 },
        ],
      },
    ],
    opening: 99,
    moved: { contraction: -80 },
    closing: 19,
    customers: 1,
  },
  'a change that is taken back on the same day is no movement': {
    histories: [
      {
        told: [
          pro,
          { at: '2026-11-07T08:00:00Z', plan: 'enterprise', monthly: 99 },
          { at: '2026-11-07T21:00:00Z', monthly: 19 },
        ],
      },
    ],
    opening: 19,
    closing: 19,
    customers: 1,
  },
  'up and down again on two days are two movements': {
    histories: [
      {
        told: [pro, { at: '2026-11-07', plan: 'enterprise', monthly: 99 }, { at: '2026-11-08', monthly: 19 }],
      },
    ],
    opening: 19,
    moved: { expansion: 80, contraction: -80 },
    closing: 19,
    customers: 1,
  },
  'a trial counts nothing': {
    histories: [{ paidSince: null, told: [{ at: '2026-11-01', status: 'trialing', monthly: 19 }] }],
    closing: 0,
    customers: 0,
  },
  'a trial that is over counts nothing until its invoice is paid': {
    histories: [
      {
        paidSince: null,
        told: [
          { at: '2026-11-01', status: 'trialing', monthly: 19 },
          { at: '2026-11-15', monthly: 19 },
        ],
      },
    ],
    closing: 0,
    customers: 0,
  },
  'a trial that is paid counts from the payment on': {
    histories: [
      {
        paidSince: '2026-11-16',
        told: [
          { at: '2026-11-01', status: 'trialing', monthly: 19 },
          { at: '2026-11-15', monthly: 19 },
        ],
      },
    ],
    moved: { new: 19 },
    closing: 19,
    customers: 1,
  },
  'an overdue payment counts during the grace': {
    histories: [{ told: [pro, { at: '2026-11-25', status: 'past_due', monthly: 19 }] }],
    opening: 19,
    closing: 19,
    customers: 1,
  },
  'an overdue payment is churn when the grace is over': {
    histories: [{ told: [pro, { at: '2026-11-10', status: 'past_due', monthly: 19 }] }],
    opening: 19,
    moved: { churn: -19 },
    closing: 0,
    customers: 0,
  },
  'other changes do not begin the grace anew': {
    histories: [
      {
        told: [
          pro,
          { at: '2026-11-20', status: 'past_due', monthly: 19 },
          { at: '2026-11-26', status: 'past_due', monthly: 38, seats: 2 },
        ],
      },
    ],
    opening: 19,
    moved: { expansion: 19, churn: -38 },
    closing: 0,
    customers: 0,
  },
  'a payment in time leaves no trace': {
    histories: [
      {
        told: [pro, { at: '2026-11-10', status: 'past_due', monthly: 19 }, { at: '2026-11-12', monthly: 19 }],
      },
    ],
    opening: 19,
    closing: 19,
    customers: 1,
  },
  'a payment after the grace is reactivation': {
    histories: [
      {
        told: [pro, { at: '2026-11-10', status: 'past_due', monthly: 19 }, { at: '2026-11-20', monthly: 19 }],
      },
    ],
    opening: 19,
    moved: { churn: -19, reactivation: 19 },
    closing: 19,
    customers: 1,
  },
  'unpaid and paused count nothing': {
    histories: [
      { told: [pro, { at: '2026-11-10', status: 'unpaid', monthly: 19 }] },
      { id: 'sub_2', account: 'bob', told: [pro, { at: '2026-11-10', status: 'paused', monthly: 19 }] },
    ],
    opening: 38,
    moved: { churn: -38 },
    closing: 0,
    customers: 0,
  },
  'who comes back with another subscription is reactivated': {
    histories: [
      {
        told: [
          { at: '2026-08-01', monthly: 19 },
          { at: '2026-09-01', status: 'canceled', monthly: 19 },
        ],
      },
      { id: 'sub_2', told: [{ at: '2026-11-10', plan: 'enterprise', monthly: 99 }] },
    ],
    moved: { reactivation: 99 },
    closing: 99,
    customers: 1,
  },
  'a second subscription of the same product is expansion': {
    histories: [
      { told: [pro] },
      { id: 'sub_2', told: [{ at: '2026-11-10', plan: 'enterprise', monthly: 99 }] },
    ],
    opening: 19,
    moved: { expansion: 99 },
    closing: 118,
    customers: 1,
  },
  'a subscription of another product makes a new customer of that product': {
    histories: [
      { told: [pro] },
      { id: 'sub_2', product: 'stream', told: [{ at: '2026-11-10', monthly: 29 }] },
    ],
    opening: 19,
    moved: { new: 29 },
    closing: 48,
    customers: 2,
  },
  'a discount that ends is expansion on that day': {
    histories: [{ told: [{ at: '2026-09-01', monthly: 9.5, later: ['2026-11-15', 19] }] }],
    opening: 9.5,
    moved: { expansion: 9.5 },
    closing: 19,
    customers: 1,
  },
  'a discount that would have ended after the subscription changes nothing': {
    histories: [
      {
        told: [
          { at: '2026-09-01', monthly: 9.5, later: ['2026-11-15', 19] },
          { at: '2026-11-10', status: 'canceled', monthly: 9.5, later: ['2026-11-15', 19] },
        ],
      },
    ],
    opening: 9.5,
    moved: { churn: -9.5 },
    closing: 0,
    customers: 0,
  },
  'a free plan counts nothing, and its first payment is new': {
    histories: [
      {
        paidSince: '2026-11-20',
        told: [
          { at: '2026-10-01', plan: 'free' },
          { at: '2026-11-20', monthly: 19 },
        ],
      },
    ],
    moved: { new: 19 },
    closing: 19,
    customers: 1,
  },
  'a price that is not of the catalog counts for the plan that it was': {
    histories: [{ told: [pro, { at: '2026-11-10', plan: null, monthly: 25 }] }],
    opening: 19,
    moved: { expansion: 6 },
    closing: 25,
    customers: 1,
  },
  'a subscription in another currency is another book': {
    histories: [
      { told: [pro] },
      { id: 'sub_2', account: 'eve', currency: 'eur', told: [{ at: '2026-11-02', monthly: 17 }] },
    ],
    opening: 19,
    closing: 19,
    customers: 1,
  },
};

describe('worked examples', () => {
  test.each(Object.entries(examples))(
    '%s',
    (_name, { histories, opening = 0, moved = {}, closing, customers }) => {
      const row = november1(histories);
      expect(row.openingMrrMicros).toBe(micros(opening));
      expect(row.movementsMicros).toEqual({
        new: micros(moved.new ?? 0),
        reactivation: micros(moved.reactivation ?? 0),
        expansion: micros(moved.expansion ?? 0),
        contraction: micros(moved.contraction ?? 0),
        churn: micros(moved.churn ?? 0),
        moved: 0,
      });
      expect(row.closingMrrMicros).toBe(micros(closing));
      expect(row.closingCustomers).toBe(customers);
    },
  );
});

describe('rates', () => {
  const customer = (account: string, ...told: History['told']): History => ({
    id: `sub_${account}`,
    account,
    told,
  });
  const gone = (at: string) => ({ at, status: 'canceled', monthly: 19 });

  test('tell churn of customers and of revenue, what is left of it after expansion, ARPA and LTV', () => {
    const row = november1([
      customer('a', pro),
      customer('b', pro, gone('2026-11-10')),
      customer('c', { ...pro, monthly: 38 }, { at: '2026-11-12', monthly: 19 }),
      customer('d', pro, { at: '2026-11-20', monthly: 29 }),
      customer('e', { at: '2026-11-20', monthly: 19 }),
    ]);
    expect(row.openingCustomers).toBe(4);
    expect(row.lostCustomers).toBe(1);
    expect(row.logoChurnRate).toBe(0.25);
    // $19 churn and $19 contraction of $95.
    expect(row.revenueChurnRate).toBe(0.4);
    // Less $10 of expansion; the new customer does not count.
    expect(row.netRevenueChurnRate).toBe(0.294737);
    // $86 of 4 customers, who stay 4 months each.
    expect(row.arpaMicros).toBe(micros(21.5));
    expect(row.ltvMicros).toBe(micros(86));
  });

  test('are told as unknown where there is nothing to divide by', () => {
    const row = november1([customer('a', { at: '2026-11-20', monthly: 19 })]);
    expect(row).toMatchObject({ logoChurnRate: null, revenueChurnRate: null, ltvMicros: null });
    expect(november1([])).toMatchObject({ arpaMicros: null, closingMrrMicros: 0 });
  });

  test('of a day are those of the 30 days that end with it', () => {
    const rows = figures([customer('a', pro), customer('b', pro, gone('2026-11-10'))], {
      every: 'day',
      fromDay: day('2026-11-10'),
      toDay: day('2026-12-15'),
    });
    const churn = new Map(rows.map((row) => [row.period, row.logoChurnRate]));
    expect(churn.get('2026-11-10')).toBe(0.5);
    expect(churn.get('2026-12-09')).toBe(0.5);
    expect(churn.get('2026-12-10')).toBe(0);
  });
});

test('by plan, customers and money that change plans move between them, and nothing else changes', () => {
  const rows = figures(
    [
      { told: [pro, { at: '2026-11-10', plan: 'enterprise', monthly: 99 }] },
      {
        id: 'sub_2',
        account: 'bob',
        told: [
          { ...pro, plan: 'enterprise', monthly: 99 },
          { at: '2026-11-10', monthly: 19 },
        ],
      },
    ],
    { by: 'plan' },
  );
  const [enterprise, professional] = rows;
  expect(enterprise).toMatchObject({
    plan: 'enterprise',
    openingMrrMicros: micros(99),
    movementsMicros: { new: 0, expansion: micros(80), contraction: -micros(80), churn: 0, moved: 0 },
    closingMrrMicros: micros(99),
    movedCustomers: 0,
    closingCustomers: 1,
  });
  expect(professional).toMatchObject({
    plan: 'pro',
    movementsMicros: { moved: 0, churn: 0 },
    closingCustomers: 1,
  });
});

test('by plan, who goes up is told with the new plan and moves what the old one had', () => {
  const [enterprise, professional] = figures(
    [{ told: [pro, { at: '2026-11-10', plan: 'enterprise', monthly: 99 }] }],
    { by: 'plan' },
  );
  expect(enterprise).toMatchObject({
    movementsMicros: { expansion: micros(80), moved: micros(19) },
    movedCustomers: 1,
    newCustomers: 0,
  });
  expect(professional).toMatchObject({
    movementsMicros: { churn: 0, contraction: 0, moved: -micros(19) },
    movedCustomers: -1,
    lostCustomers: 0,
  });
});

test('revenue is what was paid less what was given back, and leaves MRR alone', () => {
  const receipt = (at: string, kind: Receipt['kind'], cents: number, currency = 'usd'): Receipt => ({
    at: instant(at),
    kind,
    cents,
    currency,
    product: 'agents',
    plan: 'pro',
  });
  const [row] = figures([{ told: [pro] }], {}, [
    receipt('2026-11-01', 'invoice', 1900),
    // A coupon for this invoice only.
    receipt('2026-11-02', 'invoice', 950),
    receipt('2026-11-09', 'refund', -500),
    receipt('2026-11-10', 'credit_note', -300),
    receipt('2026-11-10', 'invoice', 1700, 'eur'),
    receipt('2026-12-01', 'refund', -1900),
  ]);
  expect(row).toMatchObject({
    invoicedCents: 2850,
    creditedCents: 300,
    refundedCents: 500,
    revenueCents: 2050,
    closingMrrMicros: micros(19),
  });
});

describe('conversion', () => {
  const segments = historyOf(
    {
      id: 'sub_1',
      checkoutId: 'co_1',
      paidSince: '2026-11-15',
      told: [
        { at: '2026-11-01', status: 'trialing', monthly: 19 },
        { at: '2026-11-15', monthly: 19 },
      ],
    },
    {
      id: 'sub_2',
      account: 'bob',
      paidSince: null,
      told: [
        { at: '2026-11-01', status: 'trialing', monthly: 19 },
        { at: '2026-11-15', status: 'canceled', monthly: 19 },
      ],
    },
    {
      id: 'sub_3',
      account: 'cyd',
      paidSince: null,
      told: [{ at: '2026-11-28', status: 'trialing', monthly: 19 }],
    },
    {
      id: 'sub_4',
      account: 'dan',
      paidSince: '2026-11-29',
      told: [
        { at: '2026-11-03', plan: 'free' },
        { at: '2026-11-29', monthly: 19 },
      ],
    },
    { id: 'sub_5', account: 'eve', paidSince: null, told: [{ at: '2026-11-03', plan: 'free' }] },
    { id: 'sub_6', account: 'fay', told: [pro, { at: '2026-11-03', plan: 'free' }] },
  );
  const checkouts = ['co_1', 'co_2', 'co_3'].map((id) => ({
    id,
    at: instant('2026-11-01'),
    product: 'agents',
    plan: 'pro',
  }));
  const [row] = figuresOf({ segments, receipts: [], checkouts }, november);

  test.each([
    ['trials that ended', 'trial', 2, 1, 0.5],
    ['customers who came to a free plan and had not paid before', 'free', 2, 1, 0.5],
    ['checkouts that were opened', 'checkout', 3, 1, 0.333333],
  ] as const)('counts of %s how many pay', (_what, kind, of, converted, rate) => {
    expect(row?.conversions[kind]).toEqual({ of, converted, rate });
  });
});

test('months that begin or end in the middle are told as far as they go', () => {
  const rows = figures([{ told: [{ at: '2026-10-20', monthly: 19 }] }], {
    fromDay: day('2026-10-15'),
    toDay: day('2026-11-04'),
  });
  expect(rows.map(({ period, from, to, closingMrrMicros }) => [period, from, to, closingMrrMicros])).toEqual([
    ['2026-10', '2026-10-15', '2026-11-01', micros(19)],
    ['2026-11', '2026-11-01', '2026-11-04', micros(19)],
  ]);
});
