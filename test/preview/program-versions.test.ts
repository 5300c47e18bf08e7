import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headline } from '../../automation/preview/fleet/effects.ts';
import { groupByEffect } from '../../automation/preview/fleet/groups.ts';
import type { FleetMember } from '../../automation/preview/fleet/members.ts';
import { loadProgram, type ProgramVersion } from '../../automation/preview/fleet/program-version.ts';
import { shapeEffects } from '../../automation/preview/fleet/shape-effects.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { fleetOf, memberOf, specOf } from './specs.ts';
import { thisRoot, type Variation, variationOf } from './variation.ts';

const endings: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

async function version(edits?: Parameters<typeof variationOf>[0]): Promise<ProgramVersion> {
  let root = thisRoot;
  if (edits) {
    const variation: Variation = await variationOf(edits);
    endings.push(variation.remove);
    root = variation.root;
  }
  const program = await loadProgram(root);
  endings.push(program.close);
  return program;
}

async function* pages(members: readonly FleetMember[]) {
  for (let start = 0; start < members.length; start += 1000) yield members.slice(start, start + 1000);
}

/** A version that declares nothing, and counts the specs it is asked about. */
function countingVersion(): ProgramVersion & { readonly asked: number } {
  let asked = 0;
  return {
    get asked() {
      return asked;
    },
    declare: async (specs: readonly TenantSpec[]) => {
      asked += specs.length;
      return specs.map(() => ({ kind: 'resources', resources: [] }));
    },
    close: async () => {},
  };
}

const groupsOf = async (members: readonly FleetMember[], head: ProgramVersion) =>
  groupByEffect(await shapeEffects(() => pages(members), { base, head })).map(
    ({ effect, tenants }) => `${tenants}: ${headline(effect)}`,
  );

let base: ProgramVersion;
beforeAll(async () => {
  base = await version();
});

describe('what versions of the tenant program declare', () => {
  test('a version has every resource, secrets as digests only', async () => {
    const [declaration] = await base.declare([specOf(1, { product: 'agents', plan: 'pro' })]);
    const resources = declaration?.kind === 'resources' ? declaration.resources : [];
    expect(resources.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'kubernetes:core/v1:Namespace',
        'tenantry:postgres:Schema',
        'kubernetes:core/v1:Secret',
      ]),
    );
    const secret = resources.find(({ type }) => type === 'kubernetes:core/v1:Secret');
    expect(secret?.inputs.stringData).toEqual({ '[secret]': expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(JSON.stringify(resources)).not.toContain('xxxx');
  });

  test('a version says what it refuses, and goes on', async () => {
    const [bad, good] = await base.declare([specOf(1, { plan: 'platinum' }), specOf(2)]);
    expect(bad).toEqual({ kind: 'refused', reason: 'the catalog has no plan platinum of workspace' });
    expect(good?.kind).toBe('resources');
  });

  test('a program that does not load says why', async () => {
    const broken = await variationOf({ 'program.ts': [["from './objects.ts'", "from './gone.ts'"]] });
    endings.push(broken.remove);
    await expect(loadProgram(broken.root)).rejects.toThrow(/gone\.ts/);
  });
});

describe('a change of the program over a fleet', () => {
  test('the same program is no change for anybody', async () => {
    expect(await groupsOf(fleetOf(60), base)).toEqual(['60: no change']);
  });

  test('one label for all, and a renamed volume for those who have one', async () => {
    const head = await version({
      'labels.ts': [["'tenantry.dev/plan': plan.id,", "'tenantry.dev/plan': plan.id, generation: '2',"]],
      'storage.ts': [["volumeClaimName = 'home'", "volumeClaimName = 'data'"]],
    });
    const groups = await groupsOf(fleetOf(60), head);
    expect(groups[0]).toMatch(/^\d+: volume deleted, namespace updated, /);
    expect(groups.slice(1).every((text) => text.includes(': namespace updated'))).toBe(true);
    // Plans with the same kinds of objects are one group.
    expect(groups.length).toBeLessThan(12);
    const total = groups.reduce((sum, text) => sum + Number(text.split(':')[0]), 0);
    expect(total).toBe(60);
  });

  test('a plan that goes is refused for those who have it, and for nobody else', async () => {
    const head = await version({ 'catalog/workspace.ts': [["id: 'byoc'", "id: 'renamed'"]] });
    const members = [memberOf(1), memberOf(2), memberOf(3, { spec: specOf(3, { plan: 'we-manage' }) })];
    expect(await groupsOf(members, head)).toEqual(['2: refused by the program', '1: no change']);
  });

  test('asks about shapes, not about tenants', async () => {
    const asked: number[] = [];
    for (const count of [2000, 10_000]) {
      const counting = countingVersion();
      await shapeEffects(() => pages(fleetOf(count)), { base: counting, head: countingVersion() });
      asked.push(counting.asked);
    }
    const [few = 0, many = 0] = asked;
    expect(few).toBeLessThan(500);
    // Five times the tenants, the same shapes: at most a few more extremes among them.
    expect(many / few).toBeLessThan(1.5);
  });

  test('a program that looks at what merely names a tenant divides its shape', async () => {
    const head = await version({
      'storage.ts': [
        [
          'const bytes = volumeBytes(tenant);',
          'const bytes = tenant.spec.slug.length > 12 ? null : volumeBytes(tenant);',
        ],
      ],
    });
    const members = Array.from({ length: 40 }, (_, index) =>
      memberOf(index, {
        spec: specOf(index, { slug: index < 3 ? `a-rather-long-name-${index}` : `short-${index}` }),
      }),
    );
    const groups = await groupsOf(members, head);
    expect(groups).toEqual([expect.stringMatching(/^3: volume deleted/), '37: no change']);
  });
});
