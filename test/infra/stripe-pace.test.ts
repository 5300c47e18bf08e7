import { expect, test } from 'vitest';
import { fetchesPerWorker } from '../../infra/control-plane/environment.ts';

test.each([
  { workers: 1, each: 25 },
  { workers: 2, each: 12 },
  { workers: 3, each: 8 },
  { workers: 25, each: 1 },
  { workers: 100, each: 1 },
])('of $workers workers each asks Stripe $each times per second', ({ workers, each }) => {
  expect(fetchesPerWorker(workers)).toBe(each);
});
