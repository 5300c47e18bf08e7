import { describe, expect, it } from 'vitest';
import { episodes, paymentToActiveMs, withEntry } from '../../api/dashboard/src/timeline.ts';
import type { Entry, Tenant } from '../../api/dashboard/src/types.ts';

const startMs = Date.parse('2026-11-21T03:00:00.000Z');

function entry(id: number, afterMs: number, kind = 'operation.started'): Entry {
  return { id, at: new Date(startMs + afterMs).toISOString(), kind, message: kind, data: {} };
}

function tenant(
  createdAfterMs: number,
  requestedAfterMs: number | null,
  activeAfterMs: number | null,
): Tenant {
  const at = (ms: number | null) => (ms === null ? null : new Date(startMs + ms).toISOString());
  return {
    createdAt: at(createdAfterMs),
    requestedAt: at(requestedAfterMs),
    activeAt: at(activeAfterMs),
  } as Tenant;
}

describe('the timeline', () => {
  it('tells when each step came and how long it took', () => {
    const [episode] = episodes([entry(1, 0), entry(2, 40), entry(3, 840)]);
    expect(episode?.durationMs).toBe(840);
    expect(episode?.steps.map(({ offsetMs, tookMs }) => [offsetMs, tookMs])).toEqual([
      [0, 0],
      [40, 40],
      [840, 800],
    ]);
  });

  it('starts a new episode after a minute of silence', () => {
    const cut = episodes([entry(1, 0), entry(2, 59_000), entry(3, 119_001), entry(4, 119_500)]);
    expect(cut.map(({ steps }) => steps.map((step) => step.entry.id))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('starts a new episode soon after the work was done', () => {
    const trail = [
      entry(1, 0),
      entry(2, 900, 'tenant.active'),
      entry(3, 2_000),
      entry(4, 2_500, 'tenant.active'),
      entry(5, 6_000),
    ];
    expect(episodes(trail).map(({ steps }) => steps.length)).toEqual([4, 1]);
  });

  it('goes by the order of ids, and never lets time run backwards', () => {
    const [episode] = episodes([entry(2, 50), entry(1, 60), entry(3, 90)]);
    expect(episode?.steps.map(({ entry: { id }, offsetMs }) => [id, offsetMs])).toEqual([
      [1, 0],
      [2, 0],
      [3, 30],
    ]);
  });

  it('takes an entry that a resumed stream repeats only once', () => {
    expect(withEntry(withEntry([entry(1, 0)], entry(2, 10)), entry(2, 10))).toHaveLength(2);
  });
});

describe('the time from payment to active', () => {
  it('counts from the first word of the payment, even when the tenant was prepared long before', () => {
    expect(paymentToActiveMs(tenant(-3_600_000, 0, 212))).toBe(212);
  });

  it('counts from the creation where nobody paid', () => {
    expect(paymentToActiveMs(tenant(100, null, 900))).toBe(800);
  });

  it('is not told before the tenant was active, nor for a subscription that came later', () => {
    expect(paymentToActiveMs(tenant(0, 0, null))).toBeNull();
    expect(paymentToActiveMs(tenant(0, 5_000, 900))).toBeNull();
  });
});
