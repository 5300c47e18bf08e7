import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from './client.ts';
import { isStatus, type KubernetesApiError } from './errors.ts';
import { at, describe, isList, isObject, tenantLabel, textAt } from './objects.ts';

/** Managers under which this stand-in or the official provider writes. */
const ownManager = /^pulumi-kubernetes(?:-[0-9a-f]{8}|\.exe)?$|^pulumi-resource-kubernetes$/;
const applyManager = /^pulumi-kubernetes-[0-9a-f]{8}$/;

/** The object exists and belongs to another tenant, or to none. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';
}

/** Field managers of an object other than ours, status aside. */
export function otherManagers(live: JsonObject): string[] {
  const names = managedFields(live)
    .filter((entry) => entry.subresource !== 'status')
    .map((entry) => textAt(entry, 'manager') ?? '')
    .filter((name) => name !== '' && !ownManager.test(name));
  return [...new Set(names)];
}

/** The manager under which an earlier create of ours applied this object. */
export function earlierApplyManager(live: JsonObject): string | null {
  const entry = managedFields(live).find(
    (candidate) => candidate.operation === 'Apply' && applyManager.test(textAt(candidate, 'manager') ?? ''),
  );
  return textAt(entry, 'manager') ?? null;
}

/** Whether the object carries the wanted object's tenant label. */
export function isSameTenants(live: JsonObject, wanted: JsonObject): boolean {
  const ours = textAt(wanted, 'metadata', 'labels', tenantLabel);
  return ours !== undefined && textAt(live, 'metadata', 'labels', tenantLabel) === ours;
}

/** Whether this is another object than the one in state, by the identity that the API gave to each. */
export function isAnother(live: JsonObject, state: JsonObject): boolean {
  const known = textAt(state, 'metadata', 'uid');
  return known !== undefined && textAt(live, 'metadata', 'uid') !== known;
}

/**
 * Adopts an object that this stack did not make only if it carries the tenant's label.
 * @throws ForeignObjectError that says whose it is.
 */
export function assertOurs(live: JsonObject, wanted: JsonObject): void {
  if (isSameTenants(live, wanted)) return;
  const theirs = textAt(live, 'metadata', 'labels', tenantLabel);
  const ours = textAt(wanted, 'metadata', 'labels', tenantLabel);
  const owner =
    theirs === undefined
      ? `carries no label ${tenantLabel}`
      : `belongs to tenant ${theirs} (label ${tenantLabel})`;
  const managers = otherManagers(live);
  const writers = managers.length > 0 ? ` It is written by ${managers.join(', ')}.` : '';
  const claim =
    ours === undefined ? `this program gives it no label ${tenantLabel}` : `this is tenant ${ours}`;
  throw new ForeignObjectError(
    `${describe(live)} already exists and ${owner}, while ${claim}: it is not taken over.${writers}`,
  );
}

export interface FieldConflict {
  readonly field: string;
  readonly manager: string;
}

/** Conflicts of a server-side apply, or null when the error is another one. */
export function fieldConflicts(error: unknown): readonly FieldConflict[] | null {
  if (!isStatus(error, 409)) return null;
  const conflicts = error.status.causes.filter((cause) => cause.reason === 'FieldManagerConflict');
  if (conflicts.length === 0) return null;
  return conflicts.map(({ field, message }) => ({
    field,
    manager: /conflict with "([^"]*)"/.exec(message)?.[1] ?? message,
  }));
}

export function conflictMessage(
  object: JsonObject,
  conflicts: readonly FieldConflict[],
  error: KubernetesApiError | unknown,
): string {
  const lines = conflicts.map(({ field, manager }) => `${field} (managed by ${manager})`);
  const detail = lines.length > 0 ? lines.join(', ') : error instanceof Error ? error.message : String(error);
  return (
    `${describe(object)} has fields that another manager changed since they were last read: ${detail}. ` +
    'Refresh to see their values, leave them out of the program, or set the annotation pulumi.com/patchForce.'
  );
}

export function onlyOwnManagers(conflicts: readonly FieldConflict[]): boolean {
  return conflicts.every(({ manager }) => ownManager.test(manager));
}

/**
 * Whether the plan knew the conflicting values: they equal those in the state that it started from, so overwriting
 * them is what the plan showed.
 */
export function seenInState(
  conflicts: readonly FieldConflict[],
  state: JsonObject,
  live: JsonObject,
): boolean {
  const known = new Set(managedFields(state).map((entry) => entry.manager));
  return conflicts.every(({ field, manager }) => {
    const path = parseFieldPath(field);
    return (
      path !== null && known.has(manager) && isDeepStrictEqual(resolve(state, path), resolve(live, path))
    );
  });
}

type Segment = string | Readonly<Record<string, string>>;

/** `.spec.containers[name="app"].image` as the API writes field paths. */
export function parseFieldPath(field: string): readonly Segment[] | null {
  const segments: Segment[] = [];
  const token = /\.((?:[^.[\]]|\/)+)|\[([^\]]*)\]/y;
  while (token.lastIndex < field.length) {
    const match = token.exec(field);
    if (!match) return null;
    if (match[1] !== undefined) segments.push(match[1]);
    else segments.push(selector(match[2] ?? ''));
  }
  return segments;
}

function selector(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([^=,]*)=("(?:[^"\\]|\\.)*"|[^,]*)/g)];
  return Object.fromEntries(
    pairs.map(([, key = '', value = '']) => [key.trim(), value.replace(/^"|"$/g, '')]),
  );
}

function resolve(object: Json | undefined, path: readonly Segment[]): Json | undefined {
  let current = object;
  for (let index = 0; index < path.length; index++) {
    const segment = path[index];
    if (typeof segment === 'string') {
      // Keys with dots (labels) come apart in the path: take the longest run of segments that is a key.
      const joined = isObject(current) ? longestKey(current, path, index) : null;
      current = joined ? at(current, joined.key) : at(current, segment);
      index += joined ? joined.extra : 0;
    } else if (isList(current) && segment) {
      current = current.find((item) =>
        Object.entries(segment).every(([key, value]) => String(key === '' ? item : at(item, key)) === value),
      );
    } else return undefined;
  }
  return current;
}

function longestKey(
  object: JsonObject,
  path: readonly Segment[],
  from: number,
): { key: string; extra: number } | null {
  let key = '';
  let found: { key: string; extra: number } | null = null;
  for (let index = from; index < path.length; index++) {
    const segment = path[index];
    if (typeof segment !== 'string') break;
    key = index === from ? segment : `${key}.${segment}`;
    if (key in object) found = { key, extra: index - from };
  }
  return found;
}

export function managedFields(object: JsonObject): readonly JsonObject[] {
  const entries = at(object, 'metadata', 'managedFields');
  return isList(entries) ? entries.filter(isObject) : [];
}

/** Whether the official provider created the object by an ordinary create and has not applied it since. */
export function hasUpdateManager(object: JsonObject): boolean {
  return managedFields(object).some(isOwnUpdate);
}

function isOwnUpdate(entry: JsonObject): boolean {
  const manager = textAt(entry, 'manager') ?? '';
  return entry.operation === 'Update' && entry.subresource === undefined && ownManager.test(manager);
}

/** Whether the entry belongs to another manager, of the object itself. */
export function isOthers(entry: JsonObject): boolean {
  return entry.subresource === undefined && !ownManager.test(textAt(entry, 'manager') ?? '');
}

function isOurs(entry: JsonObject): boolean {
  return (
    isOwnUpdate(entry) ||
    (entry.operation === 'Apply' &&
      entry.subresource === undefined &&
      ownManager.test(textAt(entry, 'manager') ?? ''))
  );
}

export function fieldsOf(entry: JsonObject): JsonObject {
  return isObject(entry.fieldsV1) ? entry.fieldsV1 : {};
}

/** All fields that we own, under any name and operation. */
export function ownFields(object: JsonObject): JsonObject {
  return managedFields(object)
    .filter(isOurs)
    .reduce<JsonObject>((all, entry) => merge(all, entry.fieldsV1), {});
}

/**
 * Ownership with our earlier Update entries, and applies under another of our names, moved to one Apply manager, so
 * that fields which the program drops are removed instead of staying with a former manager.
 * @param claim which fields of another manager's entry become ours, to be removed likewise
 */
export function mergedOwnership(
  object: JsonObject,
  fieldManager: string,
  claim: (entry: JsonObject) => JsonObject = () => ({}),
): readonly JsonObject[] {
  const entries = managedFields(object);
  const first = entries.find(isOurs);
  if (!first) return entries;
  let fields = ownFields(object);
  const others: JsonObject[] = [];
  for (const entry of entries.filter((candidate) => !isOurs(candidate))) {
    const claimed = isOthers(entry) ? claim(entry) : {};
    fields = merge(fields, claimed);
    const left = without(fieldsOf(entry), claimed);
    if (Object.keys(left).length > 0) others.push({ ...entry, fieldsV1: left });
  }
  return [{ ...first, manager: fieldManager, operation: 'Apply', fieldsV1: fields }, ...others];
}

/** The fields that are not in `claimed`, whose leaves stand for everything below them. */
function without(fields: JsonObject, claimed: JsonObject): JsonObject {
  const left: Record<string, Json> = {};
  for (const [key, below] of Object.entries(fields)) {
    const gone = claimed[key];
    if (gone === undefined) left[key] = below;
    else if (isObject(below) && isObject(gone) && !isDeepStrictEqual(below, gone)) {
      const deeper = without(below, gone);
      if (Object.keys(deeper).length > 0) left[key] = deeper;
    }
  }
  return left;
}

function merge(left: JsonObject, right: Json | undefined): JsonObject {
  if (!isObject(right)) return left;
  const result: Record<string, Json> = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const existing = result[key];
    result[key] = isObject(existing) && isObject(value) ? merge(existing, value) : value;
  }
  return result;
}
