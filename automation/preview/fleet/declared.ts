/** What a program declares for a spec, as data: the inputs of every resource, before an engine sees them. */
import type { ShownValue } from '../platform.ts';

/** A declared value. A secret is the digest of its text, which shows a change but not the value. */
export type DeclaredValue =
  | null
  | boolean
  | number
  | string
  | readonly DeclaredValue[]
  | { readonly [key: string]: DeclaredValue };

export interface DeclaredResource {
  /** Type token, for example `kubernetes:core/v1:Namespace`. */
  readonly type: string;
  /** Logical name in the program. */
  readonly name: string;
  readonly inputs: { readonly [key: string]: DeclaredValue };
  /** Options that affect the real resource, such as `protect`; only those that are set. */
  readonly options: { readonly [key: string]: DeclaredValue };
  /** Earlier type and name of the resource, from its aliases. */
  readonly aliases: readonly { readonly type: string; readonly name: string }[];
}

/** Everything that a program declares, or why it refuses the spec. */
export type Declaration =
  | { readonly kind: 'resources'; readonly resources: readonly DeclaredResource[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** The one key of an object that stands for a secret; its value is a digest. */
export const secretKey = '[secret]';
/** Stands for a value that exists only with the resource. */
export const unknownValue = '[unknown]';

/** Path of an option in a list of changes: no input has such a name. */
export const optionPath = (option: string): string => `(${option})`;

export interface DeclaredChange {
  /** Path in Pulumi's notation. */
  readonly path: string;
  readonly kind: 'add' | 'update' | 'delete';
  readonly before?: ShownValue;
  readonly after?: ShownValue;
  readonly secret: boolean;
}

/** Every property that differs between two declarations of one resource, sorted by path, secrets hidden. */
export function changesBetween(before: DeclaredResource, after: DeclaredResource): DeclaredChange[] {
  const changes: DeclaredChange[] = [];
  compare('', before.inputs, after.inputs, changes);
  for (const option of new Set([...Object.keys(before.options), ...Object.keys(after.options)])) {
    compare(optionPath(option), before.options[option], after.options[option], changes);
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function compare(
  path: string,
  before: DeclaredValue | undefined,
  after: DeclaredValue | undefined,
  changes: DeclaredChange[],
): void {
  if (isPlainMap(before) && isPlainMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(childPath(path, key), before[key], after[key], changes);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare(`${path}[${index}]`, before[index], after[index], changes);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    changes.push({
      path,
      kind: before === undefined ? 'add' : after === undefined ? 'delete' : 'update',
      ...(before !== undefined && { before: shown(before) }),
      ...(after !== undefined && { after: shown(after) }),
      secret: holdsSecret(before) || holdsSecret(after),
    });
  }
}

/** The value as people may see it. */
export function shown(value: DeclaredValue): ShownValue {
  if (isSecret(value)) return secretKey;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shown(child)]));
  }
  return value;
}

function isSecret(value: DeclaredValue | undefined): boolean {
  return isMap(value) && secretKey in value;
}

function holdsSecret(value: DeclaredValue | undefined): boolean {
  if (isSecret(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret);
}

type DeclaredMap = { readonly [key: string]: DeclaredValue };

function isMap(value: DeclaredValue | undefined): value is DeclaredMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlainMap(value: DeclaredValue | undefined): value is DeclaredMap {
  return isMap(value) && !isSecret(value);
}

function childPath(path: string, key: string): string {
  if (/[."[\]]/.test(key)) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === '' ? key : `${path}.${key}`;
}
