import { describe, expect, test } from 'vitest';
import type { Product, Tenant } from '../../api/client/index.ts';
import { price, productsText } from '../../cli/text/products.ts';
import { age, duration, fields, plain, table } from '../../cli/text/table.ts';
import { tenantsText, tenantText, whyText } from '../../cli/text/tenants.ts';
import { sinceLine, timelineText } from '../../cli/text/timeline.ts';
import { sampleEntry, sampleTenant } from './sample.ts';

const nowMs = Date.parse('2026-11-21T10:05:00.000Z');

describe('tables', () => {
  test('columns are as wide as their widest cell, and lines do not end in spaces', () => {
    expect(
      table(
        ['A', 'LONGER'],
        [
          ['wide cell', 'x'],
          ['y', ''],
        ],
      ),
    ).toBe('A          LONGER\nwide cell  x\ny');
  });

  test('wide and combining characters are counted by the columns that they take', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['日本', 'x'],
          ['e\u0301', 'y'],
        ],
      ),
    ).toBe('A     B\n日本  x\ne\u0301     y');
  });

  test('control characters from outside never reach the terminal', () => {
    expect(plain('a\u001b[31mred\u0007\r\nb\u009bc')).toBe('a [31mred b c');
    expect(table(['A'], [['x\u001b]0;title\u0007']])).toBe('A\nx ]0;title');
  });

  test('a field without a value is left out', () => {
    expect(
      fields([
        ['name', 'x'],
        ['longer name', null],
        ['id', 'y'],
      ]),
    ).toBe('  name  x\n  id    y');
  });
});

test.each([
  [0, '0.000 s'],
  [-5, '0.000 s'],
  [912, '0.912 s'],
  [9999, '9.999 s'],
  [12_340, '12.3 s'],
  [200_000, '3 min 20 s'],
])('%i ms reads %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test.each([
  ['2026-11-21T10:04:55Z', '5s'],
  ['2026-11-21T09:53:00Z', '12m'],
  ['2026-11-21T07:00:00Z', '3h'],
  ['2026-11-12T07:00:00Z', '9d'],
  ['2026-11-22T07:00:00Z', '0s'],
])('created %s is %s old', (created, text) => {
  expect(age(created, nowMs)).toBe(text);
});

function planOf(cost: Omit<Product['plans'][number]['price'], 'maxSeats'>): Product['plans'][number] {
  return {
    ...{ id: 'p', name: 'P', features: ['one', 'two'] },
    ...{ trialDays: null, limits: {}, entitlements: {} },
    price: { ...cost, maxSeats: null },
  };
}

test.each([
  [{ kind: 'flat', priceCents: 1500, currency: 'usd', interval: 'month' }, '$15/month'],
  [{ kind: 'flat', priceCents: 1999, currency: 'usd', interval: 'month' }, '$19.99/month'],
  [{ kind: 'flat', priceCents: 0, currency: 'usd', interval: 'month' }, 'free'],
  [{ kind: 'perSeat', priceCents: 2900, currency: 'usd', interval: 'month' }, '$29/seat/month'],
  [{ kind: 'custom', priceCents: null, currency: 'usd', interval: null }, 'by agreement'],
] as const)('the price %o reads %s', (cost, text) => {
  expect(price(planOf(cost))).toBe(text);
});

test('a product is named once, on the line of its first plan', () => {
  const plan = planOf({ kind: 'flat', priceCents: 1500, currency: 'usd', interval: 'month' });
  const product = {
    id: 'stream',
    name: 'Stream',
    description: '',
    plans: [plan, { ...plan, id: 'q' }],
    meters: [],
    namespace: { from: 'slug' as const, prefix: 'tenant-' },
  };
  expect(productsText([product]).split('\n')).toEqual([
    'PRODUCT  PLAN  PRICE      WHAT IT HOLDS',
    'stream   p     $15/month  one; two',
    '         q     $15/month  one; two',
  ]);
});

describe('a tenant', () => {
  test('shows its state, when it became active and its objects by kind', () => {
    const text = tenantText(sampleTenant(), [], nowMs);
    expect(text).toContain('stream professional, tenant abcd1234: active');
    expect(text).toContain('2026-11-21 10:00:01 UTC, 0.912 s after payment');
    expect(text).toContain('4: Namespace, 2 NetworkPolicy, Deployment');
    expect(text).toContain('sub_1, active, renews 2026-12-21');
  });

  test('that waits says why and when it is tried again', () => {
    const waiting = sampleTenant({
      phase: 'provisioning',
      reason: { code: 'cluster_unreachable', message: 'The cluster does not answer.' },
      nextTryAt: '2026-11-21T10:05:02.500Z',
      cause: 'connect ECONNREFUSED',
    });
    expect(whyText(waiting, nowMs)).toEqual([
      'Waits: The cluster does not answer. (cluster_unreachable) Next try in 2.500 s.',
      'Cause: connect ECONNREFUSED',
    ]);
  });

  test.each<[Tenant['phase'], string]>([
    ['failed', 'Failed: '],
    ['suspended', 'Suspended: '],
    ['updating', 'Waits: '],
  ])('in phase %s its reason begins with %s', (phase, beginning) => {
    const tenant = sampleTenant({ phase, reason: { code: 'c', message: 'm' } });
    expect(whyText(tenant, nowMs)[0]?.startsWith(beginning)).toBe(true);
  });

  test('without an owner, outputs or subscription is shown all the same', () => {
    const slot = sampleTenant({
      owner: null,
      outputs: null,
      subscription: null,
      activeAt: null,
      requestedAt: null,
    });
    expect(tenantText(slot, [], nowMs)).toContain('nobody yet');
    expect(tenantsText([slot], nowMs).split('\n')[1]).toBe(
      'abcd1234  stream   professional  tenant-acme  active  1/1   -             5m',
    );
  });

  test('in a list counts its age from the subscription, as it may have been prepared long before', () => {
    const claimed = sampleTenant({
      createdAt: '2026-11-20T10:00:00.000Z',
      requestedAt: '2026-11-21T10:04:50.000Z',
    });
    expect(tenantsText([claimed], nowMs)).toMatch(/ 10s$/);
    expect(tenantsText([], nowMs)).toBe('No tenants.');
  });

  test('whose plan is being changed shows both plans', () => {
    const changing = sampleTenant({ plan: 'business', observed: { generation: 1, plan: 'professional' } });
    expect(tenantText(changing, [], nowMs)).toContain('business (has professional until it is changed)');
  });
});

describe('a timeline', () => {
  test('tells each entry with the time since its episode began', () => {
    const text = timelineText([
      sampleEntry(1, '2026-11-21T10:00:00.000Z', 'Tenant requested'),
      sampleEntry(2, '2026-11-21T10:00:00.912Z', 'The tenant is active', 'tenant.active'),
      sampleEntry(3, '2026-11-21T11:00:00.000Z', 'An hour later'),
    ]);
    expect(text.split('\n').slice(1)).toEqual([
      '2026-11-21 10:00:00.000  +0.000 s  tenant.created  Tenant requested',
      '2026-11-21 10:00:00.912  +0.912 s  tenant.active   The tenant is active',
      '2026-11-21 11:00:00.000  +0.000 s  tenant.created  An hour later',
    ]);
  });

  test('that is empty says so', () => {
    expect(timelineText([])).toBe('Nothing has happened yet.');
  });

  test('told live counts from the payment', () => {
    const entry = sampleEntry(1, '2026-11-21T10:00:00.912Z', 'The tenant is active');
    expect(sinceLine(entry, Date.parse('2026-11-21T10:00:00.000Z'))).toBe(' +0.912 s  The tenant is active');
  });
});

describe('what runs of a tenant', () => {
  const health = sampleTenant().health;
  if (!health) throw new Error('the sample has no health');
  const since = '2026-11-21T10:00:00.000Z';
  const tenantWith = (change: Partial<typeof health>) => sampleTenant({ health: { ...health, ...change } });
  test.each<[Partial<typeof health>, string, RegExp]>([
    [{}, '1/1', /1 of 1 pods ready$/m],
    [
      { state: 'image', ready: 0, message: 'No such image.', since },
      '0/1 image',
      /0 of 1 pods ready: image, for 5m\. No such image\./,
    ],
    [{ state: 'none_wanted', wanted: 0, ready: 0 }, '-', /nothing, and nothing should/],
    [
      { state: 'unknown', wanted: null, ready: null, lookedAt: since, message: 'Nobody watches.' },
      'unknown',
      /unknown\. Nobody watches\. Last seen 5m ago/,
    ],
    [
      { sizes: [{ cpuMillis: 250, memoryBytes: 2 ** 30, pods: 1 }] },
      '1/1',
      /1 of 1 pods ready \(1 with 0\.25 CPU and 1024 MiB\)/,
    ],
  ])('is told apart from its phase: %j', (change, cell, line) => {
    const tenant = tenantWith(change);
    const [heads, row] = tenantsText([tenant], nowMs).split('\n');
    const at = heads?.indexOf('RUNS') ?? -1;
    expect(row?.slice(at).startsWith(`${cell} `)).toBe(true);
    if (change.state === 'image') expect(row).toContain('No such image.');
    if (change.state === 'unknown') expect(row).not.toContain('Nobody');
    expect(tenantText(tenant, [], nowMs)).toMatch(line);
  });
});
