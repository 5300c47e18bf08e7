import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesQuantity, countQuantity, cpuQuantity } from '../../tenants/quantities.ts';

test.each([
  [0, '0'],
  [50 * 1024 ** 3, '50Gi'],
  [1024 ** 4, '1Ti'],
  [200 * 1024 ** 3, '200Gi'],
  [6_400_000_000, '6400M'],
  [128_000_000, '128M'],
  [1_500, '1500'],
])('%d bytes are %s', (bytes, quantity) => {
  expect(bytesQuantity(bytes)).toBe(quantity);
});

test.each([
  [0, '0'],
  [500, '500m'],
  [2_000, '2'],
  [2_500, '2500m'],
])('%d thousandths of a CPU are %s', (millis, quantity) => {
  expect(cpuQuantity(millis)).toBe(quantity);
});

test('a quantity of bytes is exact', () => {
  const factors: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  for (const [index, suffix] of ['Ki', 'Mi', 'Gi', 'Ti', 'Pi'].entries())
    factors[suffix] = 1024 ** (index + 1);
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      const [, digits, suffix] = /^(\d+)(\D*)$/.exec(bytesQuantity(bytes)) ?? [];
      expect(Number(digits) * (factors[suffix ?? '?'] ?? Number.NaN)).toBe(bytes);
    }),
  );
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no quantity', (value) => {
  expect(() => bytesQuantity(value)).toThrow(RangeError);
  expect(() => cpuQuantity(value)).toThrow(RangeError);
});

test.each([
  [0, '0'],
  [500, '500'],
  [1_000, '1k'],
])('%d objects are %s', (count, quantity) => {
  expect(countQuantity(count)).toBe(quantity);
});
