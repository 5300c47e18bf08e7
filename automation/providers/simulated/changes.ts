/** The differences between two sets of inputs, property by property. */
import { isDeepStrictEqual } from 'node:util';
import { formatPath, type Path } from '../kubernetes/diff.ts';
import { isArray, isMap, type PropertyMap, type PropertyValue, reveal } from '../properties.ts';
import type { PropertyChange } from '../provider.ts';

/** Pulumi's own properties (`__defaults`) are no change. */
export function diffProperties(old: PropertyMap, inputs: PropertyMap): PropertyChange[] {
  const changes: PropertyChange[] = [];
  compare([], old, inputs, changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function compare(
  path: Path,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  changes: PropertyChange[],
): void {
  const old = before === undefined ? undefined : reveal(before);
  const now = after === undefined ? undefined : reveal(after);
  const add = (kind: PropertyChange['kind']) =>
    changes.push({ path: formatPath(path), kind, replace: false });
  if (old === undefined || now === undefined) {
    if (old === undefined && now !== undefined) add('add');
    if (old !== undefined && now === undefined) add('delete');
  } else if (isMap(old) && isMap(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (!key.startsWith('__')) compare([...path, key], old[key], now[key], changes);
    }
  } else if (isArray(old) && isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      compare([...path, index], old[index], now[index], changes);
    }
  } else if (!isDeepStrictEqual(old, now)) {
    add('update');
  }
}

/**
 * Marks changes that need a new resource. A rule is a property (`engine`) or a path below one
 * (`vpcConfig.subnetIds`), without the indexes of lists.
 */
export function markReplacements(
  changes: readonly PropertyChange[],
  rules: readonly string[],
): PropertyChange[] {
  return changes.map((change) => {
    const path = change.path.replaceAll(/\[\d+\]/g, '');
    const replace = rules.some(
      (rule) => path === rule || path.startsWith(`${rule}.`) || path.startsWith(`${rule}[`),
    );
    return replace ? { ...change, replace } : change;
  });
}
