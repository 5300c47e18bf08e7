import { describe, expect, test } from 'vitest';
import type { Effect } from '../../automation/preview/fleet/effects.ts';
import { groupByEffect, ShapeTally } from '../../automation/preview/fleet/groups.ts';
import type { FleetMember } from '../../automation/preview/fleet/members.ts';
import { Members, shapeOf } from '../../automation/preview/fleet/shapes.ts';
import { standingOf } from '../../automation/preview/fleet/standing.ts';
import { fleetOf, memberOf, specOf } from './specs.ts';

describe('the shape of a tenant', () => {
  test.each<[string, Parameters<typeof specOf>[1], Parameters<typeof specOf>[1], boolean]>([
    ['names do not matter', {}, {}, true],
    ['nor does the number of seats', { seats: 1 }, { seats: 500 }, true],
    ['the plan does', { plan: 'byoc' }, { plan: 'we-manage' }, false],
    ['the state does', {}, { state: 'suspended' }, false],
    ['the size of a volume does', {}, { volumeBytes: 5 }, false],
    ['where its rows live does', { dataIsolation: 'schema' }, { dataIsolation: 'database' }, false],
    ['having no owner does', {}, { owner: null }, false],
    ['an owner that is no label does', {}, { owner: 'auth0|64a' }, false],
    ['a very long owner does', {}, { owner: 'o'.repeat(80) }, false],
    ['two such owners are alike', { owner: 'auth0|64a' }, { owner: 'google|77' }, true],
  ])('%s', (_name, one, other, same) => {
    expect(shapeOf(specOf(1, one)).key === shapeOf(specOf(2, other)).key).toBe(same);
  });

  test('names nobody', () => {
    const spec = specOf(4711, { product: 'stream', owner: 'jane@example.com' });
    const text = JSON.stringify(shapeOf(spec).spec);
    for (const name of [spec.tenantId, spec.slug, 'jane', spec.billingAccount, spec.createdAt])
      expect(text).not.toContain(name);
  });

  test('a handful of members stand for thousands: the ones that differ most', () => {
    const members = new Members(shapeOf(specOf(1)));
    for (let number = 1; number <= 5000; number += 1) members.add(specOf(number));
    const seats = members.witnesses.map((spec) => spec.seats);
    expect(members.witnesses.length).toBeLessThan(12);
    expect([Math.min(...seats), Math.max(...seats)]).toEqual([1, 7]);
    expect(members.witnesses.map(({ slug }) => slug.length)).toContain('customer-5000'.length);
  });
});

const update = (after: number): Effect => ({
  kind: 'steps',
  steps: [
    {
      op: 'update',
      type: 'kubernetes:apps/v1:Deployment',
      name: 'Deployment/x',
      changes: [{ path: 'spec.minReadySeconds', kind: 'update', before: 1, after, secret: false }],
    },
  ],
});
const loss: Effect = {
  kind: 'steps',
  steps: [{ op: 'delete', type: 'kubernetes:core/v1:Namespace', name: 'namespace', changes: [] }],
};
const none: Effect = { kind: 'none' };

function tally(members: readonly FleetMember[]): ShapeTally {
  const [first] = members;
  const shapeTally = new ShapeTally(shapeOf((first ?? memberOf(1)).spec));
  for (const member of members) shapeTally.add(member);
  return shapeTally;
}
const some = (from: number, count: number, member: Partial<FleetMember> = {}) =>
  Array.from({ length: count }, (_, index) => memberOf(from + index, member));
const suspended = (from: number, count: number) =>
  some(from, count).map((member) => ({ ...member, spec: { ...member.spec, state: 'suspended' as const } }));
const seen = (mark: string) => ({ fingerprint: { 'v1/Namespace/beta-user-x': `uid-${mark}:${mark}` } });

describe('groups of tenants', () => {
  test('shapes of one effect are one group, the gravest effect comes first', () => {
    const groups = groupByEffect([
      { tally: tally(some(0, 400)), effect: update(2) },
      { tally: tally(suspended(400, 12)), effect: update(2) },
      { tally: tally(some(1000, 3, { cell: 'other' })), effect: loss },
      { tally: tally(some(2000, 50)), effect: none },
      { tally: tally(some(3000, 5)), effect: update(3) },
    ]);
    expect(groups.map(({ tenants, effect }) => [tenants, effect])).toEqual([
      [3, loss],
      [412, update(2)],
      [5, update(3)],
      [50, none],
    ]);
    expect(groups[1]?.parts.map(({ state, tenants }) => [state, tenants])).toEqual([
      ['active', 400],
      ['suspended', 12],
    ]);
  });

  test('one change of every product and plan is one effect', () => {
    const labelled = (name: string): Effect => ({
      kind: 'steps',
      steps: [{ op: 'create', type: 'kubernetes:core/v1:ConfigMap', name: `ConfigMap/${name}`, changes: [] }],
    });
    const groups = groupByEffect([
      { tally: tally([memberOf(1)]), effect: labelled('workspace') },
      { tally: tally([memberOf(2, { spec: specOf(2, { product: 'inbox' }) })]), effect: labelled('inbox') },
    ]);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.effect).toEqual(labelled('{product}'));
  });

  test('tenants that stand differently from most of their shape are a group of their own', () => {
    const groups = groupByEffect([
      {
        tally: tally([...some(0, 90, seen('new')), ...some(90, 7, seen('old')), ...some(97, 3)]),
        effect: update(2),
      },
    ]);
    expect(groups.map(({ tenants, unusual, unseen }) => ({ tenants, unusual, unseen }))).toEqual([
      { tenants: 93, unusual: false, unseen: 3 },
      { tenants: 7, unusual: true, unseen: 0 },
    ]);
  });

  test('a settled tenant speaks for its group rather than one that is not, whoever has a stack', () => {
    const speakers = [
      memberOf(1, { settled: false, ...seen('a') }),
      memberOf(2, { hasStack: false, ...seen('a') }),
      memberOf(3),
      memberOf(4, seen('a')),
    ];
    const [group] = groupByEffect([{ tally: tally(speakers), effect: update(2) }]);
    expect(group).toMatchObject({ tenants: 4, unsettled: 1, unseen: 1 });
    expect(group?.candidates.map(({ id }) => id)).toEqual([memberOf(4).id, memberOf(3).id]);
  });

  test('every cell has its own speaker', () => {
    const members = [...some(1, 3), ...some(4, 3, { cell: 'eu' })];
    const [group] = groupByEffect([{ tally: tally(members), effect: update(2) }]);
    expect(group?.candidates.map(({ cell }) => cell)).toEqual(['local', 'eu']);
  });

  test('10,000 tenants of every plan are a few dozen shapes and as few groups', () => {
    const shapes = Map.groupBy(fleetOf(10_000), ({ spec }) => shapeOf(spec).key);
    expect(shapes.size).toBeLessThan(60);
    const groups = groupByEffect(
      [...shapes.values()].map((members) => ({ tally: tally(members), effect: update(2) })),
    );
    expect(groups.map(({ tenants }) => tenants)).toEqual([10_000]);
  });
});

describe('how a tenant stands', () => {
  const fingerprint = (id: string, uid: string) => ({
    [`v1/Namespace/beta-user-${id}`]: `${uid}:fields`,
    'v1/Service/workspace': `${uid}:fields`,
    [`postgres/role/tenant_${id}`]: `4711:t:10:tenant_${id}`,
  });
  const digestOf = (member: FleetMember) => standingOf(member);

  test('does not depend on its names and the identities of its objects', () => {
    const [one, other] = [1, 2].map((number) => {
      const spec = specOf(number);
      return memberOf(number, { spec, fingerprint: fingerprint(spec.tenantId, `uid-${number}`) });
    });
    expect(digestOf(one ?? memberOf(1))).toEqual(digestOf(other ?? memberOf(2)));
  });

  test('depends on what objects there are, and which fields are ours', () => {
    const { id } = memberOf(1);
    const whole = fingerprint(id, 'uid');
    const { 'v1/Service/workspace': _, ...less } = whole;
    const changed = { ...whole, 'v1/Service/workspace': 'uid:others' };
    const digests = [whole, less, changed].map((print) =>
      JSON.stringify(digestOf(memberOf(1, { fingerprint: print }))),
    );
    expect(new Set(digests).size).toBe(3);
  });

  test.each([
    ['nobody looked', { fingerprint: null }, 'unseen'],
    ['somebody found it different', { fingerprint: {} }, 'unseen'],
    ['an operation is wanted', { settled: false, ...seen('a') }, 'unsettled'],
  ])('is not known when %s', (_name, member, kind) => {
    expect(standingOf(memberOf(1, member)).kind).toBe(kind);
  });
});
