import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountCents } from '../../automation/local/stripe/catalog/money.ts';
import {
  costCents,
  costMicros,
  decimalOf,
  dollarsOf,
  microUnitsOf,
  roundedShare,
} from '../../automation/metering/amounts.ts';
import { findDimension, prices, termsOf, toldAs } from '../../automation/metering/dimensions.ts';
import { limitRows, noticesDue, noticeText, overagePercent } from '../../automation/metering/limits.ts';
import { explain, usedAt } from '../../automation/metering/report.ts';
import { consumersOf, sampleOf, slotsBetween } from '../../automation/metering/sample.ts';
import { csv, makeStatement, statementCsv } from '../../automation/metering/statement.ts';
import { hourOf, monthNamed, placeOf, slotOf } from '../../automation/metering/time.ts';
import { catalog } from '../../tenants/catalog/index.ts';

const november = monthNamed('2026-11');

describe('time', () => {
  test.each([
    ['2026-11-21T10:00:00.000Z', '2026-11-21T10:00:00.000Z', 1],
    ['2026-11-21T10:04:59.999Z', '2026-11-21T10:00:00.000Z', 1],
    ['2026-11-21T10:05:00.000Z', '2026-11-21T10:05:00.000Z', 2],
    ['2026-11-21T10:59:59.999Z', '2026-11-21T10:55:00.000Z', 12],
  ])('%s is in the slot of %s, the hour’s place %i', (at, slot, place) => {
    expect(slotOf(new Date(at)).toISOString()).toBe(slot);
    expect(placeOf(slotOf(new Date(at)))).toBe(place);
    expect(hourOf(new Date(at)).toISOString()).toBe('2026-11-21T10:00:00.000Z');
  });

  test.each([
    ['2026-11', '2026-11-01', '2026-12-01', 30],
    ['2026-12-31', '2026-12-01', '2027-01-01', 31],
    ['2028-02-29', '2028-02-01', '2028-03-01', 29],
  ])('the month of %s', (text, firstDay, nextFirstDay, days) => {
    expect(monthNamed(text)).toMatchObject({ firstDay, nextFirstDay, days, seconds: days * 86_400 });
  });

  test.each([
    ['10:00', '10:05', 0],
    ['10:00', '10:10', 1],
    ['10:00', '11:00', 11],
    ['10:05', '10:00', 0],
  ])('between %s and %s %i samples are missing', (earlier, later, missing) => {
    const at = (time: string) => new Date(`2026-11-21T${time}:00Z`);
    expect(slotsBetween(at(earlier), at(later))).toBe(missing);
  });
});

describe('amounts', () => {
  test.each([
    [1_000_000n, 50_000, 5, 50_000n],
    // Half a cent goes up, a little less does not.
    [100_000n, 50_000, 1, 5_000n],
    [99_999n, 50_000, 0, 4_999n],
    [0n, 50_000, 0, 0n],
    // A thousand years of a large tenant are exact.
    [7_000_000_000_000_000n, 50_000, 35_000_000_000, 350_000_000_000_000n],
  ])('%d millionths at %d micro-dollars cost %d cents', (amount, price, cents, micros) => {
    expect(costCents(amount, price)).toBe(cents);
    expect(costMicros(amount, price)).toBe(micros);
  });

  test('a cost is what Stripe makes of the figure that it is told', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10_000_000_000 }), { maxLength: 31 }),
        fc.constantFrom(...prices().values()),
        (days, price) => {
          const total = days.reduce((sum, day) => sum + BigInt(day), 0n);
          const unitCents = decimalOf(BigInt(price) * 100n);
          expect(costCents(total, price)).toBe(amountCents(unitCents, decimalOf(total)));
        },
      ),
    );
  });

  test('a decimal number and its millionths are the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (micro) => {
        expect(microUnitsOf(decimalOf(micro))).toBe(micro);
      }),
    );
  });

  test.each(['', '-1', '1e3', '1.', '.5', '1.1234567', '99999999999', '9999999999.999999', 'NaN', '1,5'])(
    '%j is no amount',
    (text) => expect(microUnitsOf(text)).toBeNull(),
  );

  test.each([
    [0, '0.00'],
    [5, '0.05'],
    [-1234, '-12.34'],
    [123_456, '1234.56'],
  ])('%i cents read %s', (cents, text) => expect(dollarsOf(cents)).toBe(text));

  test('a share is rounded to the nearest, a half up', () => {
    expect([1n, 2n, 3n, 4n].map((n) => roundedShare(n, 4n))).toEqual([0, 1, 1, 1]);
  });
});

describe('dimensions', () => {
  test('every dimension of the catalog is either sampled or told, and gets an amount from it', () => {
    const made = new Set(termsOf(november).map(({ dimension }) => dimension));
    for (const { id } of catalog.flatMap(({ meters }) => meters)) expect(made, id).toContain(id);
  });

  /** What the terms make of a thing that is measured all through a day. */
  const ofDay = (
    dimension: string,
    held: { cpuMillis?: number; memoryKb?: number; storageMb?: number; told?: Record<string, number> },
    month = november,
  ) => {
    const seconds = 86_400;
    const sources = {
      cpu: (held.cpuMillis ?? 0) * seconds,
      memory: (held.memoryKb ?? 0) * seconds,
      storage: (held.storageMb ?? 0) * seconds,
    };
    return termsOf(month)
      .filter((term) => term.dimension === dimension)
      .reduce((sum, term) => {
        const each = term.told === null ? 0 : (held.told?.[term.told] ?? 0);
        const measured =
          term.source === 'told' ? (term.take === 'peak' ? each : each * 288) : sources[term.source];
        return sum + (measured * term.numerator) / term.denominator;
      }, 0);
  };

  test.each([
    ['two processors are 48 vCPU-hours a day', 'stream_vcpu_hours', { cpuMillis: 2000 }, 48e6],
    ['and 172,800 CPU-seconds', 'stream_cpu_seconds', { cpuMillis: 2000 }, 172_800e6],
    ['4 GB are 96 GB-hours', 'stream_memory_gb_hours', { memoryKb: 4_000_000 }, 96e6],
    ['and 345,600 GB-seconds', 'stream_memory_gb_seconds', { memoryKb: 4_000_000 }, 345_600e6],
    ['300 GB are 10 GB-months a day of November', 'stream_storage_gb_months', { storageMb: 300_000 }, 10e6],
    ['they are homes of 300 GB', 'stream_home_gb', { storageMb: 300_000 }, 300e6],
    [
      'recordings are stored as homes are',
      'stream_storage_gb_months',
      { storageMb: 150_000, told: { stream_recording_gb: 150e6 } },
      10e6,
    ],
    ['and are as much as they are', 'stream_recording_gb', { told: { stream_recording_gb: 150e6 } }, 150e6],
    ['sessions at once', 'stream_sessions_active', { told: { stream_sessions_active: 7e6 } }, 7e6],
    ['sessions that happened', 'stream_sessions_total', { told: { stream_sessions_total: 1e6 } }, 288e6],
    ['50 GB of a workspace', 'workspace_storage_gb_hours', { storageMb: 50_000 }, 1_200e6],
  ] as const)('%s', (_name, dimension, held, microUnits) => {
    expect(ofDay(dimension, held)).toBeCloseTo(microUnits, 3);
  });

  test('a GB kept for a month is one GB-month, however long the month is', () => {
    for (const month of ['2026-02', '2026-11', '2026-12'].map(monthNamed))
      expect(ofDay('stream_storage_gb_months', { storageMb: 1000 }, month) * month.days).toBeCloseTo(1e6, 3);
  });

  test('nobody can tell what the sampler measures', () => {
    const told = catalog.flatMap(({ meters }) => meters.filter((meter) => toldAs(meter) !== null));
    expect(told.map(({ id }) => id).filter((id) => /cpu|memory|storage|home/.test(id))).toEqual([]);
    expect(findDimension('stream_vcpu_hours')?.product.id).toBe('stream');
    expect(findDimension('__proto__')).toBeUndefined();
  });
});

describe('samples', () => {
  test('a namespace that the cluster does not have uses nothing', () => {
    expect(sampleOf({ id: 'a' }, undefined)).toEqual({
      tenantId: 'a',
      cpuMillis: 0,
      memoryKb: 0,
      storageMb: 0,
    });
  });

  test('more than a sample holds is the most that it holds', () => {
    const use = { cpuMillis: 1e12, memoryBytes: 1e15, storageBytes: 2 ** 41, consumers: new Map() };
    expect(sampleOf({ id: 'a' }, use)).toEqual({
      tenantId: 'a',
      cpuMillis: 2_147_483_647,
      memoryKb: 2_147_483_647,
      storageMb: 2_199_023,
    });
  });

  test('the twenty largest consumers are told apart, and nothing of the rest is lost', () => {
    const consumers = new Map(
      Array.from({ length: 30 }, (_, n): [string, { cpuMillis: number; memoryBytes: number }] => [
        `user-${n}`,
        { cpuMillis: n, memoryBytes: 1000 },
      ]),
    );
    consumers.set('other', { cpuMillis: 500, memoryBytes: 1000 });
    const uses = consumersOf({ id: 'a' }, { cpuMillis: 0, memoryBytes: 0, storageBytes: 0, consumers });
    expect(uses).toHaveLength(21);
    expect(uses[0]).toEqual({
      tenantId: 'a',
      consumer: 'user-29',
      cpuMilliSeconds: 29 * 300,
      memoryKbSeconds: 300,
    });
    expect(uses.at(-1)?.consumer).toBe('other');
    const total = [...consumers.values()].reduce((sum, { cpuMillis }) => sum + cpuMillis, 0);
    expect(uses.reduce((sum, { cpuMilliSeconds }) => sum + cpuMilliSeconds, 0)).toBe(total * 300);
  });
});

describe('limits', () => {
  test('every plan with a number has its limit', () => {
    expect(
      limitRows().map(({ product, plan, id, limitMicroUnits }) => [product, plan, id, limitMicroUnits / 1e6]),
    ).toEqual([
      ['workspace', 'we-manage', 'apiCallsPerMonth', 1000],
      ['browsers', 'professional', 'sessionsPerMonth', 5000],
      ['browsers', 'enterprise', 'sessionsPerMonth', 50_000],
      ['inbox', 'starter', 'emailsPerMonth', 500],
      ['inbox', 'professional', 'emailsPerMonth', 2000],
      ['agents', 'free', 'tasksPerMonth', 10],
      ['agents', 'pro', 'tasksPerMonth', 100],
      ['stream', 'free', 'sessions', 1],
      ['stream', 'professional', 'sessions', 5],
      ['stream', 'business', 'sessions', 20],
    ]);
    expect(limitRows().find(({ product }) => product === 'agents')?.dimensions).toEqual([
      'agents_tasks_claude',
      'agents_tasks_codex',
      'agents_tasks_perplexity',
      'agents_tasks_cursor',
      'agents_tasks_opencode',
    ]);
  });

  test.each([
    [79, []],
    [80, [80]],
    [100, [80, 100]],
    [101, [80, 100, overagePercent]],
  ])('%i of 100', (used, due) => expect(noticesDue(used, 100)).toEqual(due));

  test('a notice says how much of what', () => {
    expect(noticeText('agents', 'tasksPerMonth', 80, 8_000_000, 10_000_000)).toBe(
      "80 % of the plan's tasks of this month is used: 8 of 10",
    );
    expect(noticeText('stream', 'sessions', overagePercent, 6_000_000, 5_000_000)).toBe(
      "Beyond the plan's sessions at once: 6 of 5",
    );
  });
});

describe('the statement', () => {
  const business = { product: 'stream', plan: 'business', seats: 10, status: 'active' };

  test('is the showback of the requirements, to the cent', () => {
    const statement = makeStatement(
      november,
      [{ ...business, days: 30 }],
      [
        // 10 processors and 20 GB for 720 hours, 500 GB for the month.
        { dimension: 'stream_vcpu_hours', microUnits: 7_200_000_000 },
        { dimension: 'stream_memory_gb_hours', microUnits: 14_400_000_000 },
        { dimension: 'stream_storage_gb_months', microUnits: 500_000_000 },
        { dimension: 'stream_sessions_total', microUnits: 42_000_000 },
      ],
    );
    expect(statement).toMatchObject({
      month: '2026-11',
      // 10 users at $99, 7,200 vCPU-hours at $0.05, 14,400 GB-hours at $0.01, 500 GB-months at $0.10.
      subscriptionCents: 99_000,
      computeCents: 36_000 + 14_400,
      storageCents: 5_000,
      otherCents: 0,
      totalCents: 99_000 + 36_000 + 14_400 + 5_000,
    });
    expect(statementCsv('abcd1234', statement)).toBe(
      [
        'month,tenant,section,id,name,quantity,unit,unit_price_usd,amount_usd',
        '2026-11,abcd1234,subscription,stream:business,Stream Business,10,seat,99,990.00',
        '2026-11,abcd1234,compute,stream_vcpu_hours,CPU,7200,vCPU-hour,0.05,360.00',
        '2026-11,abcd1234,compute,stream_memory_gb_hours,Memory,14400,GB-hour,0.01,144.00',
        '2026-11,abcd1234,storage,stream_storage_gb_months,Storage,500,GB-month,0.1,50.00',
        '2026-11,abcd1234,other,stream_sessions_total,Sessions,42,session,,0.00',
        '2026-11,abcd1234,total,,,,,,1544.00',
        '',
      ].join('\r\n'),
    );
  });

  test('a change of plan is charged by the days of each, a trial nothing', () => {
    const statement = makeStatement(
      november,
      [
        { ...business, plan: 'professional', status: 'trialing', days: 7 },
        { ...business, plan: 'professional', seats: 3, days: 8 },
        { ...business, seats: 3, days: 15 },
      ],
      [],
    );
    expect(statement.lines.map(({ name, amountCents }) => [name, amountCents])).toEqual([
      ['Stream Professional, trial, 7 of 30 days', 0],
      ['Stream Professional, 8 of 30 days', 2_320],
      ['Stream Business, 15 of 30 days', 14_850],
    ]);
  });

  test('its sections add up to its total, whatever was used', () => {
    const dimension = fc.constantFrom(...catalog.flatMap(({ meters }) => meters.map(({ id }) => id)));
    const used = fc.uniqueArray(
      fc.record({ dimension, microUnits: fc.integer({ min: 0, max: 1_000_000_000_000 }) }),
      { selector: (amount) => amount.dimension },
    );
    fc.assert(
      fc.property(used, fc.integer({ min: 0, max: 30 }), (amounts, days) => {
        const made = makeStatement(november, [{ ...business, days }], amounts);
        const { subscriptionCents, computeCents, storageCents, otherCents } = made;
        expect(made.totalCents).toBe(subscriptionCents + computeCents + storageCents + otherCents);
        expect(made.totalCents).toBe(made.lines.reduce((sum, line) => sum + line.amountCents, 0));
        for (const line of made.lines) expect(Number.isSafeInteger(line.amountCents)).toBe(true);
      }),
    );
  });

  test.each([
    ['stream_vcpu_hours', 'compute'],
    ['stream_memory_gb_seconds', 'compute'],
    ['workspace_storage_gb_hours', 'storage'],
    ['stream_recording_gb', 'storage'],
    ['stream_egress_gb', 'other'],
    ['browsers_sessions', 'other'],
  ])('%s is %s', (id, section) => {
    const found = findDimension(id);
    expect(found?.dimension.section).toBe(section);
  });

  test('a cell of a table is quoted where it must be, and never a formula', () => {
    expect(csv(['a'], [['x,"y"'], ['=1+1'], [-1], [null]])).toBe('a\r\n"x,""y"""\r\n\'=1+1\r\n-1\r\n\r\n');
  });
});

test.each([
  [
    'a day that is over counts at its end',
    '2026-11-20',
    null,
    '2026-11-21T02:00:00Z',
    '2026-11-20T23:59:59Z',
  ],
  [
    'a period that is about to end counts what was used by now',
    '2026-11-21',
    '2026-11-21T10:10:00Z',
    '2026-11-21T10:04:03.500Z',
    '2026-11-21T10:04:03Z',
  ],
  [
    'and never what is after it',
    '2026-11-21',
    '2026-11-21T10:04:03Z',
    '2026-11-21T10:04:03.500Z',
    '2026-11-21T10:04:02Z',
  ],
])('%s', (_name, day, periodEnd, now, at) => {
  const due = { day, periodEnd: periodEnd === null ? null : new Date(periodEnd) };
  expect(usedAt(due, new Date(now)).getTime()).toBe(new Date(at).getTime());
});

describe('events whose fate is unknown', () => {
  test.each([
    [[5], 5, [true]],
    [[5], 0, [false]],
    [[3, 5], 5, [false, true]],
    [[3, 5], 8, [true, true]],
    [[3, 5], 4, null],
    [[], 0, []],
    [[], 1, null],
  ])('of %j, with a sum of %i, %j arrived', (amounts, sum, arrived) => {
    expect(explain(amounts, sum)).toEqual(arrived);
  });

  test('whichever arrived, a choice that explains the sum is found', () => {
    const amounts = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e12 }), fc.boolean()), { maxLength: 10 });
    fc.assert(
      fc.property(amounts, (sent) => {
        const sum = sent.reduce((total, [amount, arrived]) => total + (arrived ? amount : 0), 0);
        const found = explain(
          sent.map(([amount]) => amount),
          sum,
        );
        expect(
          found?.reduce((total, chosen, index) => total + (chosen ? (sent[index]?.[0] ?? 0) : 0), 0),
        ).toBe(sum);
      }),
    );
  });
});
