import { describe, expect, test } from 'vitest';
import { type Kind, observe } from '../../automation/reconcile/kinds.ts';
import { type OpenFinding, takeLook } from '../../automation/reconcile/looks.ts';
import { defaultReconcilePolicy } from '../../automation/reconcile/policy.ts';

const now = new Date('2026-11-21T12:00:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const policy = { ...defaultReconcilePolicy, healsPerLook: 2 };
const options = { now, heals: true, policy, isBusy: () => false };
const { graceMs, healAgainMs, mostHeals, approvalMs } = policy;

const open = (kind: Kind, subject: string, over: Partial<OpenFinding> = {}): OpenFinding => ({
  id: 1,
  key: `${kind}:${subject}`,
  kind,
  state: 'suspected',
  firstSeenAt: ago(10_000),
  heals: 0,
  healedAt: null,
  decidedAt: null,
  tenantId: null,
  subscriptionId: null,
  ...over,
});

describe('looks become findings', () => {
  test.each<[string, Kind, Date | null, string, boolean]>([
    ['is suspected at the first look', 'wrong-plan', null, 'suspected', false],
    ['is suspected while it is younger than the grace', 'wrong-plan', ago(graceMs - 1), 'suspected', false],
    ['counts and is healed when it is older', 'wrong-plan', ago(graceMs), 'healing', true],
    ['counts and waits where a person must decide', 'stack-of-nobody', ago(graceMs), 'waiting', false],
  ])('what is new %s', (_what, kind, since, state, isHealed) => {
    const outcome = takeLook([], [observe(kind, 'x', 'because', { since })], options);
    expect(outcome.added).toMatchObject([{ state }]);
    expect(outcome.heal).toEqual(isHealed ? [`${kind}:x`] : []);
  });

  test.each<[string, OpenFinding, string, boolean]>([
    ['what heals', open('wrong-plan', 'x'), 'healing', true],
    ['what a person must decide', open('stack-of-nobody', 'x'), 'waiting', false],
    [
      'what was just healed',
      open('wrong-plan', 'x', { state: 'healing', heals: 1, healedAt: ago(1) }),
      'healing',
      false,
    ],
    [
      'what one try did not heal',
      open('wrong-plan', 'x', { state: 'healing', heals: 1, healedAt: ago(healAgainMs) }),
      'healing',
      true,
    ],
    [
      'what had its second try, within twice the time,',
      open('wrong-plan', 'x', { state: 'healing', heals: 2, healedAt: ago(healAgainMs) }),
      'healing',
      false,
    ],
    [
      'what does not heal',
      open('wrong-plan', 'x', {
        state: 'healing',
        heals: mostHeals,
        healedAt: ago(healAgainMs * 2 ** mostHeals),
      }),
      'waiting',
      false,
    ],
    ['what waits', open('stack-of-nobody', 'x', { state: 'waiting' }), 'waiting', false],
    ['what was dismissed', open('stack-of-nobody', 'x', { state: 'dismissed' }), 'dismissed', false],
    [
      'what was approved',
      open('stack-of-nobody', 'x', { state: 'approved', decidedAt: ago(1000) }),
      'approved',
      false,
    ],
    [
      'what was approved and did not go',
      open('stack-of-nobody', 'x', { state: 'approved', decidedAt: ago(approvalMs + 1) }),
      'waiting',
      false,
    ],
  ])('%s, seen again, becomes or stays as it should', (_what, finding, state, isHealed) => {
    const outcome = takeLook([finding], [observe(finding.kind, 'x', 'because')], options);
    expect(outcome.seen).toMatchObject([{ id: 1, state, isNews: finding.state === 'suspected' }]);
    expect(outcome.heal).toEqual(isHealed ? [finding.key] : []);
    expect(outcome.ended).toEqual([]);
  });

  test('what is gone ends; what never counted is forgotten', () => {
    const known = [
      open('wrong-plan', 'x'),
      open('wrong-seats', 'y', { id: 2, state: 'healing' }),
      open('stack-of-nobody', 'z', { id: 3, state: 'dismissed' }),
    ];
    expect(takeLook(known, [], options).ended).toEqual([
      { id: 1, counted: false },
      { id: 2, counted: true },
      { id: 3, counted: true },
    ]);
  });

  test('what somebody is at does not end by not being seen', () => {
    const known = [
      open('wrong-plan', 'x', { state: 'healing', tenantId: 'busy0001' }),
      open('wrong-plan', 'y', { id: 2, state: 'healing' }),
    ];
    const isBusy = ({ tenantId }: OpenFinding) => tenantId === 'busy0001';
    expect(takeLook(known, [], { ...options, isBusy }).ended).toEqual([{ id: 2, counted: true }]);
  });

  test('a dry look counts and heals nothing', () => {
    const outcome = takeLook([open('wrong-plan', 'x')], [observe('wrong-plan', 'x', 'because')], {
      ...options,
      heals: false,
    });
    expect(outcome.seen).toMatchObject([{ state: 'healing' }]);
    expect(outcome.heal).toEqual([]);
  });

  test('one look heals the oldest findings, and no more than it may', () => {
    const known = ['a', 'b', 'c'].map((subject, id) =>
      open('wrong-plan', subject, { id, firstSeenAt: ago(id * 1000) }),
    );
    const observed = known.map(({ key }) => observe('wrong-plan', key.slice(-1), 'because'));
    expect(takeLook(known, observed, options).heal).toEqual(['wrong-plan:c', 'wrong-plan:b']);
  });

  test('the same disagreement seen twice in one look is one finding', () => {
    const twice = [observe('wrong-plan', 'x', 'one'), observe('wrong-plan', 'x', 'two')];
    expect(takeLook([], twice, options).added).toHaveLength(1);
  });
});
