import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { paced } from '../../automation/work/paced.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([1, 2, 3, 4, 5, 7, 12, 25, 100])(
  '%i per second are let through, no more and no fewer',
  async (perSecond) => {
    const done: number[] = [];
    const call = paced(perSecond, async (index: number) => void done.push(index));
    const calls = 12 * perSecond;
    for (let index = 0; index < calls; index += 1) void call(index);
    // The first portion comes at once, and is a fifth of a second's share at most.
    const first = Math.max(1, Math.floor(perSecond / 5));
    expect(done).toHaveLength(first);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(done.length).toBeGreaterThanOrEqual(10 * perSecond - first);
    expect(done.length).toBeLessThanOrEqual(10 * perSecond + first);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(done).toEqual(Array.from({ length: calls }, (_, index) => index));
  },
);

test('a call after a pause waits for nobody', async () => {
  const done: string[] = [];
  const call = paced(1, async (name: string) => void done.push(name));
  await call('first');
  await vi.advanceTimersByTimeAsync(5000);
  await call('second');
  expect(done).toEqual(['first', 'second']);
});
