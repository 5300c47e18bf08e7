/**
 * Finds what the change does to each shape, by comparing what both versions of the program declare for a few specs of it.
 */
import type { TenantSpec } from '../../../tenants/spec.ts';
import { guarded } from '../rules.ts';
import type { Declaration } from './declared.ts';
import { type Effect, effectOf, structureOf, withoutNames } from './effects.ts';
import { ShapeTally } from './groups.ts';
import type { FleetMember } from './members.ts';
import type { ProgramVersion } from './program-version.ts';
import { Members, type Shape, shapeOf } from './shapes.ts';

export interface Versions {
  readonly base: ProgramVersion;
  readonly head: ProgramVersion;
}

export interface ShapeEffect {
  readonly tally: ShapeTally;
  readonly effect: Effect;
}

/** Reads the fleet from its beginning, page by page; may be called twice. */
export type ReadPages = () => AsyncIterable<readonly FleetMember[]>;

/**
 * Finds the shapes of a fleet and what the change does to each. The programs declare a handful of specs for each shape. Only
 * if the change affects these differently do they declare all members, and the shape is divided.
 */
export async function shapeEffects(readPages: ReadPages, versions: Versions): Promise<ShapeEffect[]> {
  const shapes = await tallyShapes(readPages);
  const effects: ShapeEffect[] = [];
  const divided = new Map<string, Shape>();
  for (const { members, tally } of shapes) {
    const { shape } = members;
    const [own, ...others] = await effectsOn([shape.spec, ...members.witnesses], versions);
    if (!own || others.some((other) => structureOf(other) !== structureOf(own)))
      divided.set(shape.key, shape);
    else effects.push({ tally, effect: own });
  }
  return divided.size === 0 ? effects : [...effects, ...(await divide(readPages, divided, versions))];
}

async function tallyShapes(readPages: ReadPages) {
  const shapes = new Map<string, { members: Members; tally: ShapeTally }>();
  for await (const page of readPages()) {
    for (const member of page) {
      const shape = shapeOf(member.spec);
      const known = shapes.get(shape.key) ?? { members: new Members(shape), tally: new ShapeTally(shape) };
      shapes.set(shape.key, known);
      known.members.add(member.spec);
      known.tally.add(member);
    }
  }
  return shapes.values();
}

/** Declares every member of these shapes. Members with the same effect become a shape of their own. */
async function divide(
  readPages: ReadPages,
  shapes: ReadonlyMap<string, Shape>,
  versions: Versions,
): Promise<ShapeEffect[]> {
  const parts = new Map<string, ShapeEffect>();
  for await (const page of readPages()) {
    const concerned = page.flatMap((member) => {
      const shape = shapes.get(shapeOf(member.spec).key);
      return shape ? [{ member, shape }] : [];
    });
    const effects = await effectsOn(
      concerned.map(({ member }) => member.spec),
      versions,
    );
    for (const [index, { member, shape }] of concerned.entries()) {
      const effect = effects[index];
      if (!effect) continue;
      const key = `${shape.key}/${structureOf(effect)}`;
      const part = parts.get(key) ?? { effect, tally: new ShapeTally({ ...shape, key }) };
      parts.set(key, part);
      part.tally.add(member);
    }
  }
  return [...parts.values()];
}

/** The effect on each spec, without its names. */
async function effectsOn(specs: readonly TenantSpec[], { base, head }: Versions): Promise<Effect[]> {
  if (specs.length === 0) return [];
  const [before, after] = await Promise.all([base.declare(specs), head.declare(specs)]);
  const nothing: Declaration = { kind: 'resources', resources: [] };
  return specs.map((spec, index) => {
    const [old, next] = [before[index] ?? nothing, after[index] ?? nothing];
    // Checked first, because most changes do nothing to most tenants.
    if (JSON.stringify(old) === JSON.stringify(next)) return { kind: 'none' };
    return withoutNames(effectOf(old, guarded(old, next)), namesIn(spec));
  });
}

/** A tenant's own names; long ones first, because one may be part of another. */
function namesIn(spec: TenantSpec): [string, string][] {
  const names: [string, string][] = [
    [spec.tenantId, '{tenant}'],
    [spec.slug, '{slug}'],
    [spec.namespace, '{namespace}'],
    [spec.owner ?? '', '{owner}'],
    [spec.billingAccount ?? '', '{billing account}'],
    [spec.createdAt, '{created}'],
    [spec.createdAt.slice(0, 10), '{created}'],
  ];
  return names.sort(([a], [b]) => b.length - a.length);
}
