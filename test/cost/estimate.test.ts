import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stackConfiguration } from '../../automation/cost/configuration.ts';
import { estimate, supportMicros } from '../../automation/cost/estimate.ts';
import { typicalTenants } from '../../automation/cost/fleet.ts';
import { meterMargins } from '../../automation/cost/meters.ts';
import type { PlatformConfig } from '../../infra/config.ts';
import { catalog, platform } from '../../tenants/catalog/index.ts';
import { command } from '../cli/command.ts';

const root = resolve(import.meta.dirname, '../..');
const dollars = (micros: number) => micros / 1e6;
let prod: PlatformConfig;
beforeAll(async () => {
  prod = await stackConfiguration(root, 'prod');
});

describe('the sizes of the requirements', () => {
  test.each(platform.monthlyCost)(
    '$tenants tenants cost $costCents cents, within 15 percent',
    ({ tenants, costCents }) => {
      const { totalMicros } = estimate(prod, tenants);
      const ratio = dollars(totalMicros) / (costCents / 100);
      expect(ratio).toBeGreaterThan(0.85);
      expect(ratio).toBeLessThan(1.15);
    },
  );

  test('cost less for each tenant the more there are', () => {
    const each = platform.monthlyCost.map(({ tenants }) => estimate(prod, tenants).perTenantMicros);
    expect(each).toEqual([...each].sort((one, other) => other - one));
  });
});

describe('an estimate', () => {
  test('is the sum of its lines, and of its subjects', () => {
    const { lines, subjects, totalMicros } = estimate(prod, 321);
    const sum = (list: readonly { costMicros: number }[]) =>
      list.reduce((total, one) => total + one.costMicros, 0);
    expect(sum(lines)).toBe(totalMicros);
    expect(sum(subjects)).toBe(totalMicros);
    for (const { costMicros, quantity, source, asOf } of lines) {
      expect(Number.isSafeInteger(costMicros) && costMicros >= 0 && quantity > 0).toBe(true);
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
      expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });

  test('has every subject, in the same order whatever the size', () => {
    const names = (tenants: number) => estimate(prod, tenants).subjects.map(({ subject }) => subject);
    expect(names(1)).toEqual(names(5_000));
    expect(names(1)).toContain('support');
  });

  test('of development is a fraction of that of production', async () => {
    const dev = await stackConfiguration(root, 'dev');
    expect(estimate(dev, 5).totalMicros).toBeLessThan(estimate(prod, 5).totalMicros / 2);
  });

  test('says where it departs from the configuration', async () => {
    expect(estimate(prod, 100).remarks).toEqual([]);
    expect(estimate(prod, 2_000).remarks).toEqual([
      `2,000 tenants need a database of class db.r8g.8xlarge; configured is ${prod.database.tenants?.instanceClass}.`,
    ]);
    const ireland = await stackConfiguration(root, 'prod-eu-west-1');
    expect(estimate(ireland, 10).remarks.join()).toMatch(/Prices of eu-west-1 are those of us-east-1/);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('of %d tenants is refused', (tenants) => {
    expect(() => estimate(prod, tenants)).toThrow(RangeError);
  });
});

test.each([
  [0, 100],
  [500, 100],
  [5_000, 500],
  [10_000, 1_000],
  [85_000, 6_150],
  [300_000, 1_000 + 4_900 + 8_500 + 1_500],
])('support of a bill of %d dollars is %d', (bill, support) => {
  expect(dollars(supportMicros(bill * 1e6))).toBe(support);
});

describe('the mix of plans', () => {
  test('makes 100 percent and leaves no plan out', () => {
    const tenants = typicalTenants();
    expect(tenants.reduce((sum, { shareBasisPoints }) => sum + shareBasisPoints, 0)).toBe(10_000);
    expect(tenants.map(({ plan }) => plan)).toEqual(catalog.flatMap(({ plans }) => plans));
  });

  test('makes room for one more product, whose shares count as those of the others do', () => {
    const [first, ...others] = catalog;
    if (!first) throw new Error('the catalog is empty');
    const all = typicalTenants([...catalog, first]);
    expect(all.reduce((sum, { shareBasisPoints }) => sum + shareBasisPoints, 0)).toBeCloseTo(10_000);
    const [once, twice] = [typicalTenants([first, ...others])[0], all[0]];
    expect(twice?.shareBasisPoints).toBeLessThan(once?.shareBasisPoints ?? 0);
    expect(estimate(prod, 500, all).plans).toHaveLength(all.length);
  });
});

describe('margins', () => {
  test('add up: what all tenants pay for is the whole bill', () => {
    const { plans, totalMicros, tenants } = estimate(prod, 500);
    const paid = plans.reduce(
      (sum, { shareBasisPoints, directMicros, sharedMicros }) =>
        sum + (tenants * shareBasisPoints * (directMicros + sharedMicros)) / 10_000,
      0,
    );
    expect(paid / totalMicros).toBeCloseTo(1, 5);
  });

  test('are the catalog’s price less the cost', () => {
    const { plans } = estimate(prod, 500);
    const of = (product: string, plan: string) => {
      const found = plans.find((each) => each.product === product && each.plan === plan);
      if (!found) throw new Error(`${product}/${plan}`);
      return found;
    };
    expect(of('inbox', 'starter').revenueMicros).toBe(49e6);
    expect(of('stream', 'professional').revenueMicros).toBe(4 * 29e6);
    expect(of('browsers', 'enterprise')).toMatchObject({ revenueMicros: null, marginMicros: null });
    expect(of('agents', 'free')).toMatchObject({ revenueMicros: 0, marginBasisPoints: null });
    for (const { revenueMicros, directMicros, sharedMicros, marginMicros } of plans) {
      expect(directMicros).toBeGreaterThan(0);
      expect(sharedMicros).toBeGreaterThan(0);
      if (revenueMicros !== null) expect(marginMicros).toBe(revenueMicros - directMicros - sharedMicros);
    }
  });

  test('grow with the number of tenants, as they share what stands anyway', () => {
    const margin = (tenants: number) =>
      estimate(prod, tenants).plans.find(({ plan }) => plan === 'business')?.marginMicros;
    expect(margin(500)).toBeGreaterThan(margin(50) ?? Number.POSITIVE_INFINITY);
  });
});

describe('a unit of use', () => {
  test('is shown with its cost, its price and what is left, wherever its cost is known', () => {
    const margins = meterMargins();
    expect(margins.map(({ meter }) => meter)).toEqual(
      catalog.flatMap(({ meters }) =>
        meters.flatMap(({ id, unitCostMicros }) => (unitCostMicros === null ? [] : [id])),
      ),
    );
    expect(margins.find(({ meter }) => meter === 'browsers_sessions')).toMatchObject({
      unitCostMicros: 2_107,
      unitPriceMicros: 10_000,
      marginMicros: 7_893,
    });
    expect(margins.find(({ meter }) => meter === 'agents_tasks_claude')).toMatchObject({
      unitCostMicros: 500_000,
      marginMicros: null,
    });
  });
});

describe('tenantry cost', () => {
  const home = '/nonexistent';

  test('shows the three sizes, by subject and plan', async () => {
    const { exitCode, stdout } = await command(home, ['cost']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/SUBJECT +100 TENANTS +500 TENANTS +2,000 TENANTS/);
    expect(stdout).toMatch(/^total +\$[45],\d{3} +\$1\d,\d{3} +\$[56]\d,\d{3}$/m);
    expect(stdout).toMatch(/^stream +business +8 % +\$1,782\.00/m);
    expect(stdout).toMatch(/^browsers +enterprise +1 % +by agreement/m);
    expect(stdout).toMatch(/^browsers +browsers_sessions +session +\$0\.002107 +\$0\.010000 +\$0\.007893$/m);
  });

  test('answers one document with --json, for the stack and the number that are asked for', async () => {
    const { exitCode, json } = await command(home, ['cost', '--stack', 'dev', '--tenants', '7', '--json']);
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject({
      stack: 'dev',
      currency: 'USD',
      estimates: [{ tenants: 7, region: 'us-east-1' }],
    });
  });

  test('shows each line of the bill with its source', async () => {
    const { stdout } = await command(home, ['cost', '--tenants', '1', '--bill']);
    expect(stdout).toContain('A typical tenant of each plan, of 1 tenant\n');
    expect(stdout).toMatch(
      /^network +NAT gateways +2,190 .*2025-\d\d-\d\d +https:\/\/aws\.amazon\.com\/vpc\/pricing\/$/m,
    );
  });

  test.each([
    [['--stack', 'moon'], /There is no stack moon; there are: dev, /],
    [['--tenants', '0'], /whole number/],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stderr } = await command(home, ['cost', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
