import { describe, expect, test } from 'vitest';
import {
  businessSupport,
  instancePrice,
  largePrices,
  prices,
  regionBasisPoints,
  spotBasisPoints,
} from '../../automation/cost/prices.ts';
import { regions } from '../../infra/regions.ts';

describe('every price', () => {
  test.each(Object.entries({ ...prices, ...largePrices }))(
    '%s has an amount, a unit, a page and a day',
    (_id, price) => {
      expect(price.usdMicros).toBeGreaterThan(0);
      expect(Number.isSafeInteger(price.usdMicros)).toBe(true);
      expect(price.unit).toMatch(/\w/);
    },
  );

  test.each(
    Object.entries({ ...prices, ...largePrices, businessSupport, regionBasisPoints, spotBasisPoints }),
  )('%s names a public page of AWS and the day it said so', (_id, { source, asOf }) => {
    expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/[\w/-]+\/$/);
    expect(new Date(asOf).toISOString()).toBe(`${asOf}T00:00:00.000Z`);
  });
});

describe('an instance', () => {
  test.each([
    ['m7g.large', 81_600, 2],
    ['m7g.xlarge', 163_200, 4],
    ['m7g.16xlarge', 2_611_200, 64],
    ['t4g.medium', 33_600, 2],
    ['db.r8g.xlarge', 478_000, 4],
    ['db.t4g.medium', 64_500, 2],
    ['cache.t4g.small', 26_000, 2],
    ['cache.r7g.large', 175_200, 2],
  ])('%s costs %d micro-dollars an hour and has %d processors', (type, usdMicrosPerHour, vcpus) => {
    expect(instancePrice(type)).toMatchObject({ usdMicrosPerHour, vcpus });
  });

  test.each(['x9z.large', 'm7g.enormous', 'm7g', 'db.m7g', ''])('%j is refused', (type) => {
    expect(() => instancePrice(type)).toThrow(/no price for .*; families with prices: m7g, /);
  });
});

test('every region of the platform has its ratio', () => {
  for (const region of regions) expect(regionBasisPoints[region]).toBeGreaterThanOrEqual(10_000);
});
