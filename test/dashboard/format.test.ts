import { describe, expect, it } from 'vitest';
import {
  bytes,
  cpu,
  duration,
  entitlementFigures,
  money,
  namespaceFigures,
  podFigures,
  unitMoney,
} from '../../api/dashboard/src/format.ts';

const custom = { kind: 'custom', priceCents: null, currency: 'usd', interval: null, maxSeats: null } as const;

describe('figures on the page', () => {
  it.each([
    [0, '$0'],
    [1_500, '$15'],
    [1_550, '$15.50'],
    [118_800, '$1,188'],
  ])('writes %i cents as %s', (cents, text) => expect(money(cents)).toBe(text));

  it.each([
    [10_000, '$0.01'],
    [2_107, '$0.002107'],
    [100_000, '$0.10'],
  ])('writes a unit price of %i micros as %s', (micros, text) => expect(unitMoney(micros)).toBe(text));

  it.each([
    [4 * 2 ** 30, '4 GiB'],
    [4.5 * 2 ** 30, '4.5 GiB'],
    [2 ** 40, '1 TiB'],
    [6_400_000_000, '6.4 GB'],
    [0, '0 B'],
  ])('writes %i bytes as %s', (size, text) => expect(bytes(size)).toBe(text));

  it.each([
    [2_000, '2 vCPU'],
    [250, '0.25 vCPU'],
  ])('writes %i millicores as %s', (millis, text) => expect(cpu(millis)).toBe(text));

  it.each([
    [840, '0.84 s'],
    [12_340, '12.3 s'],
    [125_000, '2 min 5 s'],
    [3_599_900, '59 min 59 s'],
    [7_260_000, '2 h 1 min'],
  ])('writes %i milliseconds as %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('reads the unit of a limit off its name and leaves out what a plan does not have', () => {
    const limits = { pods: 50, storageBytes: 0, cpuMillis: 2_000, memoryBytes: 2 ** 32, volumeBytes: null };
    expect(podFigures(limits)).toEqual([
      { label: 'CPU per pod', value: '2 vCPU' },
      { label: 'Memory per pod', value: '4 GiB' },
    ]);
    expect(namespaceFigures(limits)).toEqual([{ label: 'Pods', value: '50' }]);
  });

  it('says what an entitlement without a number means', () => {
    const entitlements = { apiCallsPerMonth: null, rtoMinutes: null, sso: true, agents: ['claude', 'codex'] };
    expect(entitlementFigures({ entitlements, price: { ...custom, kind: 'flat', priceCents: 1 } })).toEqual([
      { label: 'API calls', value: 'Unlimited' },
      { label: 'SSO', value: 'Yes' },
      { label: 'Agents', value: 'Claude, Codex' },
    ]);
    expect(entitlementFigures({ entitlements: { seats: null }, price: custom })).toEqual([
      { label: 'Seats', value: 'By agreement' },
    ]);
  });
});
