import { describe, expect, test } from 'vitest';
import { blockersOf, openBlockers, type PreviewReport } from '../../automation/preview/report.ts';

const nothing: PreviewReport = {
  base: 'a',
  head: 'b',
  platform: null,
  fleet: null,
  allowed: [],
  durationMs: 0,
};
const platform = (withoutBase: Record<string, string>): PreviewReport['platform'] => ({
  stacks: [{ stack: 'prod', kind: 'untouched' }],
  withoutBase,
});
const noTenants = {
  tenants: 0,
  shapes: 0,
  outside: { deleting: 0, notStanding: 0 },
  groups: [],
  durationMs: 0,
};

describe('what was not seen', () => {
  test.each<{ what: string; seen: Partial<PreviewReport>; lifted: (string | null)[] }>([
    { what: 'the base of a stack', seen: { platform: platform({ prod: 'a bug' }) }, lifted: ['destructive'] },
    {
      what: 'tenants that were asked for',
      seen: { fleet: { kind: 'unavailable', why: 'no installation runs here' } },
      lifted: [null],
    },
    { what: 'tenants that nobody asked for', seen: { platform: platform({}), fleet: null }, lifted: [] },
    { what: 'a platform that nobody asked for', seen: { platform: null }, lifted: [] },
    {
      what: 'nothing of both',
      seen: {
        platform: platform({}),
        fleet: { kind: 'previewed', source: 'sample', report: noTenants },
      },
      lifted: [],
    },
  ])('$what: blocks with $lifted', ({ seen, lifted }) => {
    const report = { ...nothing, ...seen };
    expect(blockersOf(report).map(({ liftedBy }) => liftedBy)).toEqual(lifted);
    expect(openBlockers({ ...report, allowed: ['destructive'] })).toHaveLength(
      lifted.filter((one) => one === null).length,
    );
  });

  test('is said by stack, and why', () => {
    const report = {
      ...nothing,
      platform: platform({ prod: 'a bug' }),
      fleet: { kind: 'unavailable' as const, why: 'no installation runs here' },
    };
    expect(blockersOf(report).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^prod: the base cannot be previewed/),
      'the tenants were not looked at: no installation runs here',
    ]);
  });
});
