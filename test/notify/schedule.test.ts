import { expect, test } from 'vitest';
import { failedForDays, judge, type Result, waitsMs } from '../../automation/notify/schedule.ts';

const now = new Date('2026-11-30T12:00:00Z');
const answered = (status: number, retryAfter: string | null = null): Result => ({
  kind: 'answered',
  status,
  retryAfter,
});
const after = (verdict: ReturnType<typeof judge>) =>
  verdict.kind === 'again' ? verdict.at.getTime() - now.getTime() : null;

test.each([200, 201, 202, 204, 299])('%d counts as delivered', (status) => {
  expect(judge(answered(status), 1, now, 0)).toEqual({ kind: 'delivered' });
});

test.each([
  [301, 'The endpoint answered 301: redirects are not followed'],
  [400, 'The endpoint answered 400'],
  [404, 'The endpoint answered 404'],
  [500, 'The endpoint answered 500'],
])('%d is tried again', (status, problem) => {
  expect(judge(answered(status), 1, now, 0)).toMatchObject({ kind: 'again', problem });
});

test('410 ends it at once', () => {
  expect(judge(answered(410), 1, now, 0)).toMatchObject({ kind: 'gone' });
});

test('ten attempts take between three days and three and a half', () => {
  const tries = waitsMs.map((_, index) => judge(answered(500), index + 1, now, 0));
  expect(tries.map(after)).toEqual([...waitsMs]);
  expect(judge(answered(500), waitsMs.length + 1, now, 0)).toMatchObject({ kind: 'given-up' });
  const days = waitsMs.reduce((sum, ms) => sum + ms) / 86_400_000;
  expect(days).toBeGreaterThan(3);
  expect(days * 1.1).toBeLessThan(3.5);
});

test('waits are up to a tenth longer, never shorter', () => {
  expect(after(judge(answered(500), 2, now, 0.5))).toBe(300_000 * 1.05);
  expect(after(judge(answered(500), 2, now, 1))).toBe(300_000 * 1.1);
});

test.each([
  [429, '120', 120_000],
  [503, '120', 120_000],
  [503, new Date(now.getTime() + 60_000).toUTCString(), 60_000],
  [503, '1', 5_000],
  [503, '99999999', 86_400_000],
  [500, '120', 5_000],
  [429, 'soon', 5_000],
  [429, '-5', 5_000],
])('%d with Retry-After %s waits %d ms', (status, retryAfter, ms) => {
  expect(after(judge(answered(status, retryAfter), 1, now, 0))).toBe(ms);
});

test('an endpoint that fails for three days is to be disabled', () => {
  const since = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
  expect(failedForDays(null, now)).toBe(false);
  expect(failedForDays(since(71), now)).toBe(false);
  expect(failedForDays(since(72), now)).toBe(true);
});
