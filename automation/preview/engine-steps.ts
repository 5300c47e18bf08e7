/** Turns an engine's preview into steps with the changed values. */
import type { EngineStep } from '../stacks/index.ts';
import type { PlatformChange, PlatformOperation, PlatformStep, ShownValue } from './platform.ts';

/** The engine writes this in place of a secret. */
const hiddenSecret = '[secret]';

/** A step of an engine's preview with its changed properties; secrets stay hidden. */
export function shownStep(step: EngineStep): PlatformStep {
  const before = step.before === null ? null : shownMap(step.before);
  const after = step.after === null ? null : shownMap(step.after);
  const changes = before && after && step.op !== 'create' ? changesOf(step.detailedDiff, before, after) : [];
  return {
    urn: step.urn,
    type: step.type,
    name: step.urn.split('::').slice(3).join('::'),
    op: step.op as PlatformOperation,
    deletedFirst: step.deletedFirst,
    protected: step.protected,
    changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    before,
    after,
  };
}

type ShownMap = { readonly [key: string]: ShownValue };

function shownMap(value: Readonly<Record<string, unknown>>): ShownMap {
  return JSON.parse(JSON.stringify(value)) as ShownMap;
}

function changesOf(
  detailedDiff: EngineStep['detailedDiff'],
  before: ShownMap,
  after: ShownMap,
): PlatformChange[] {
  return Object.entries(detailedDiff ?? {}).map(([path, diffKind]) => {
    const [old, next] = [valueAt(before, path), valueAt(after, path)];
    const [kind = 'update', replace] = diffKind.split('-');
    return {
      path,
      kind: kind as PlatformChange['kind'],
      ...(kind !== 'add' && old !== undefined && { before: old }),
      ...(kind !== 'delete' && next !== undefined && { after: next }),
      secret: holdsSecret(old) || holdsSecret(next),
      replaces: replace === 'replace',
    };
  });
}

/** The value at a path such as `spec.containers[0].env["a.b"]`; undefined where there is none. */
export function valueAt(map: ShownMap, path: string): ShownValue | undefined {
  let value: ShownValue | undefined = map;
  for (const [, key, quoted, index] of path.matchAll(/([^.[\]]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]/g)) {
    // A secret hides everything below it.
    if (value === hiddenSecret) return hiddenSecret;
    if (typeof value !== 'object' || value === null) return undefined;
    const name = key ?? quoted?.replaceAll('\\"', '"') ?? Number(index);
    value = (value as Readonly<Record<string | number, ShownValue>>)[name];
  }
  return value;
}

function holdsSecret(value: ShownValue | undefined): boolean {
  if (value === hiddenSecret) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret);
}
