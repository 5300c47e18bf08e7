import {
  isArray,
  isMap,
  type PropertyMap,
  type PropertyValue,
  reveal,
  revealMap,
  unknown,
} from '../properties.ts';
import type { PropertyChange } from '../provider.ts';
import type { Json, JsonObject } from './client.ts';
import { isList, isObject, isSecretObject } from './objects.ts';
import { sameQuantity } from './quantity.ts';
import { toJson, toProperties } from './state.ts';
import { isUndivided } from './undivided.ts';

export type Path = readonly (string | number)[];

/** Metadata that the API sets; a program that passes it on does not mean it. */
const serverMetadata = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
] as const;

/** A change of these is a change of identity: another object. */
const identity: readonly string[] = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace'];

/** The difference between the inputs in state (with drift that a refresh found) and the program's. */
export function diffInputs(old: JsonObject, inputs: PropertyMap): PropertyChange[] {
  const news = revealMap(inputs);
  // Inputs in state have the API's names for a CRD's extensions, those of the program Pulumi's.
  const comparable = alikeSecretData(
    dropServerFields(toProperties(old) as JsonObject),
    dropServerFields(news),
  );
  const changes: PropertyChange[] = [];
  compareMaps([], comparable.old, comparable.news, { changes, undivided: isUndivided(news.kind) });
  return changes
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((change) => (identity.includes(change.path) ? { ...change, replace: true } : change));
}

interface Comparison {
  readonly changes: PropertyChange[];
  readonly undivided: boolean;
}

function compareMaps(path: Path, old: JsonObject, news: PropertyMap, comparison: Comparison): void {
  for (const key of new Set([...Object.keys(old), ...Object.keys(news)])) {
    compare([...path, key], old[key], news[key], comparison);
  }
}

function compare(
  path: Path,
  old: Json | undefined,
  news: PropertyValue | undefined,
  comparison: Comparison,
): void {
  const absentBefore = old === undefined || old === null;
  const absentNow = news === undefined || news === null;
  const add = (kind: PropertyChange['kind']): void => {
    comparison.changes.push({ path: formatPath(path), kind, replace: false });
  };
  if (absentBefore || absentNow) {
    if (!absentNow && asksForSomething(path, news, comparison)) add('add');
    if (!absentBefore && asksForSomething(path, old, comparison)) add('delete');
  } else if (isObject(old) && isMap(news)) {
    compareMaps(path, old, news, comparison);
  } else if (isList(old) && isArray(news)) {
    for (let index = 0; index < Math.max(old.length, news.length); index++) {
      compare([...path, index], old[index], news[index], comparison);
    }
  } else if (news === unknown || !(old === news || sameQuantity(path, old, news as Json))) {
    add('update');
  }
}

/**
 * An empty map or list that comes or goes asks for nothing, and the official provider writes some into its inputs.
 * But an item of a list does, and so does a selector of a network policy: an empty one selects everything.
 */
function asksForSomething(path: Path, value: PropertyValue | Json, { undivided }: Comparison): boolean {
  if (!isEmpty(value) || typeof path.at(-1) === 'number') return true;
  return undivided && path[0] !== 'metadata' && !Array.isArray(value);
}

function isEmpty(value: PropertyValue | Json | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** `spec.containers[0].image`, `metadata.labels["example.com/name"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/[."[\]]/.test(key)) text += `["${key.replaceAll('"', '\\"')}"]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}

export function isIdentityChange(change: PropertyChange): boolean {
  return identity.includes(change.path);
}

/** Inputs without status and without metadata that only the server writes. */
export function dropServerFields<T extends JsonObject | PropertyMap>(object: T): T {
  const { status: _, metadata, ...rest } = object;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return rest as T;
  const kept = Object.entries(metadata).filter(
    ([key]) => !(serverMetadata as readonly string[]).includes(key),
  );
  return { ...rest, metadata: Object.fromEntries(kept) } as unknown as T;
}

/**
 * A program may write a Secret by `stringData` while the state keeps `data` (the API's form, and how the official
 * provider reads it back): where the two sides differ in form, both are compared as `data`.
 */
function alikeSecretData(old: JsonObject, news: PropertyMap): { old: JsonObject; news: PropertyMap } {
  const form = (secret: JsonObject | PropertyMap): string => `${'data' in secret} ${'stringData' in secret}`;
  if (!isSecretObject(old) || form(old) === form(news)) return { old, news };
  const stringData = news.stringData;
  if (stringData !== undefined && !isMap(stringData)) return { old, news };
  if (isMap(stringData) && Object.values(stringData).some((value) => reveal(value) === unknown))
    return { old, news };
  return { old: withData(old), news: withData(toJson(news)) as PropertyMap };
}

/** `stringData` folded into `data`, as the API does it. */
export function withData(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object;
  if (!isObject(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return { ...rest, data: { ...(isObject(rest.data) ? rest.data : {}), ...Object.fromEntries(encoded) } };
}
