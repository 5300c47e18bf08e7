/** The pure parts: form encoding, money, periods, proration, faults, dunning. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { centsFromMicros } from '../../../automation/billing/catalog/wanted.ts';
import { amountCents, shareCents, sumDecimals } from '../../../automation/local/stripe/catalog/money.ts';
import { changedFields } from '../../../automation/local/stripe/context.ts';
import { matchesType } from '../../../automation/local/stripe/delivery/event-log.ts';
import { noFaults, planDelivery, seededRandom } from '../../../automation/local/stripe/delivery/faults.ts';
import { decodeForm, type FormValue } from '../../../automation/local/stripe/http/form.ts';
import { afterFailure, attemptNumber } from '../../../automation/local/stripe/invoices/collection.ts';
import { balanceAfter } from '../../../automation/local/stripe/invoices/invoices.ts';
import { fromAnchor, nextBoundary } from '../../../automation/local/stripe/subscriptions/billing-periods.ts';

describe('form decoding', () => {
  test.each([
    ['a=1&b=x%20y', { a: '1', b: 'x y' }],
    [
      'items[0][price]=p&items[0][quantity]=2&items[1][price]=q',
      { items: [{ price: 'p', quantity: '2' }, { price: 'q' }] },
    ],
    ['expand[]=a&expand[]=b', { expand: ['a', 'b'] }],
    ['metadata[a%5Bb]=1', undefined],
    ['metadata=', { metadata: '' }],
    ['[x]=1', undefined],
    ['a[b=1', undefined],
    ['__proto__[x]=1', undefined],
  ])('%s', (encoded, expected) => {
    if (expected === undefined) expect(() => decodeForm(encoded)).toThrow(SyntaxError);
    else expect(decodeForm(encoded)).toEqual(expected);
  });

  test('undoes bracketed encoding of any nested value', () => {
    const key = fc.stringMatching(/^[a-z_]{1,8}$/);
    const { tree } = fc.letrec<{ tree: FormValue }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    const encode = (value: FormValue, at: string): [string, string][] =>
      typeof value === 'string'
        ? [[at, value]]
        : Object.entries(value).flatMap(([name, inner]) => encode(inner, `${at}[${name}]`));
    fc.assert(
      fc.property(fc.dictionary(key, tree, { noNullPrototype: true }), (form) => {
        const pairs = Object.entries(form).flatMap(([name, value]) => encode(value, name));
        expect(decodeForm(String(new URLSearchParams(pairs)))).toEqual(form);
      }),
    );
  });
});

describe('money', () => {
  test.each([
    ['0.05', '100', 5],
    ['0.2107', '1000', 211],
    ['2900', '7', 20_300],
    ['0.5', '1', 1],
    ['-0.5', '1', -1],
    ['5', '12.5', 63],
  ])('%s cents times %s is %d cents', (unit, quantity, cents) => {
    expect(amountCents(unit, quantity)).toBe(cents);
  });

  test.each([
    [500, '0.05'],
    [50_000, '5'],
    [2107, '0.2107'],
    [15_000_000, '1500'],
  ])('%d micro-dollars are %s cents', (micros, cents) => {
    expect(centsFromMicros(micros)).toBe(cents);
  });

  test('a share and its rest make the whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 3e6 }),
        fc.nat(),
        (amount, whole, n) => {
          const part = n % (whole + 1);
          const sum = shareCents(amount, part, whole) + shareCents(amount, whole - part, whole);
          expect(Math.abs(sum - amount)).toBeLessThanOrEqual(1);
          expect(shareCents(-amount, part, whole)).toBe(0 - shareCents(amount, part, whole));
        },
      ),
    );
  });

  test('decimals add up exactly', () => {
    expect(sumDecimals(['0.1', '0.2', '-0.3'])).toBe('0');
    expect(sumDecimals([])).toBe('0');
    expect(sumDecimals(['1.5', '2.25'])).toBe('3.75');
  });

  test('a credit is kept, used up by what comes, and never overdrawn', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.integer({ min: -1e6, max: 0 }),
        (total, balance) => {
          const after = balanceAfter(total, balance);
          expect(after.due).toBeGreaterThanOrEqual(0);
          expect(after.balance).toBeLessThanOrEqual(0);
          expect(after.due + after.balance).toBe(total + balance);
        },
      ),
    );
  });
});

describe('periods', () => {
  const at = (iso: string) => Date.parse(`${iso}T10:00:00Z`) / 1000;

  test('a month from the 31st ends on the last day and finds back to the 31st', () => {
    const monthly = { interval: 'month', count: 1 };
    const days = [1, 2, 3].map((n) =>
      new Date(fromAnchor(at('2027-01-31'), monthly, n) * 1000).toISOString(),
    );
    expect(days.map((iso) => iso.slice(0, 10))).toEqual(['2027-02-28', '2027-03-31', '2027-04-30']);
  });

  test('the next boundary is the first one after the instant', () => {
    const interval = fc.record({
      interval: fc.constantFrom('day', 'week', 'month', 'year'),
      count: fc.integer({ min: 1, max: 6 }),
    });
    const anchor = fc.integer({ min: at('2020-01-01'), max: at('2030-01-01') });
    fc.assert(
      fc.property(anchor, interval, fc.integer({ min: 0, max: 4e8 }), (from, every, later) => {
        const next = nextBoundary(from, every, from + later);
        expect(next).toBeGreaterThan(from + later);
        let step = 0;
        while (fromAnchor(from, every, step) < next) step += 1;
        expect(fromAnchor(from, every, step)).toBe(next);
        expect(fromAnchor(from, every, step - 1)).toBeLessThanOrEqual(from + later);
      }),
    );
  });
});

test('attempts follow the settings and end with what they say', () => {
  const dunning = { retryAfterDays: [3, 5], afterwards: 'unpaid' } as const;
  expect(afterFailure(1, dunning)).toEqual({ next: 'retry', afterSeconds: 3 * 86_400 });
  expect(afterFailure(2, dunning)).toEqual({ next: 'retry', afterSeconds: 5 * 86_400 });
  expect(afterFailure(3, dunning)).toEqual({ next: 'unpaid' });
  expect([attemptNumber(0, false), attemptNumber(1, false), attemptNumber(1, true)]).toEqual([1, 1, 2]);
});

test('former values of changed fields, and only those', () => {
  const before = {
    status: 'active',
    metadata: { a: '1', b: '2' },
    items: { object: 'list', data: [1] },
    same: {},
  };
  const after = {
    status: 'past_due',
    metadata: { a: '1', b: '3', c: '4' },
    items: { object: 'list', data: [2] },
    same: {},
  };
  expect(changedFields(before, after)).toEqual({
    status: 'active',
    metadata: { b: '2', c: null },
    items: { object: 'list', data: [1] },
  });
  expect(changedFields(before, before)).toBeNull();
});

test('event types match by name and by group', () => {
  expect(matchesType('*', 'invoice.paid')).toBe(true);
  expect(matchesType('invoice.*', 'invoice.paid')).toBe(true);
  expect(matchesType('invoice.*', 'invoiceitem.created')).toBe(false);
  expect(matchesType('invoice.paid', 'invoice.payment_failed')).toBe(false);
});

describe('faults', () => {
  test('none are planned unless asked for', () => {
    const random = seededRandom(1);
    for (let n = 0; n < 100; n += 1) {
      expect(planDelivery(noFaults, random.next)).toEqual({ drop: false, waitsMs: [0], names: [] });
    }
  });

  test('rates hold over many deliveries, and the generator resumes from its state', () => {
    const random = seededRandom(9);
    const plans = Array.from({ length: 4000 }, () =>
      planDelivery({ ...noFaults, drop: 0.25, duplicate: 0.5 }, random.next),
    );
    const dropped = plans.filter(({ drop }) => drop).length / plans.length;
    const doubled = plans.filter(({ waitsMs }) => waitsMs.length === 2).length / plans.length;
    expect(dropped).toBeCloseTo(0.25, 1);
    expect(doubled).toBeCloseTo(0.375, 1);
    const resumed = seededRandom(random.state());
    expect(resumed.next()).toBe(random.next());
  });
});
