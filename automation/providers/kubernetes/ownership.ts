import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from './client.ts';
import type { Cluster } from './cluster.ts';
import { isStatus } from './errors.ts';
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

/** Whether this is another object than the one in state, by the identity that the API gave to each. */
export function isAnother(live: JsonObject, state: JsonObject): boolean {
  const known = textAt(state, 'metadata', 'uid');
  return known !== undefined && textAt(live, 'metadata', 'uid') !== known;
}

/**
 * Whose an object is. Tenants write labels in their own namespace as they like, so there the namespace's label decides,
 * which no tenant can write; elsewhere the object's own does.
 */
interface Owner {
  readonly tenant: string | undefined;
  readonly by: 'namespace' | 'label';
}

async function ownerOf(cluster: Cluster, live: JsonObject, signal: AbortSignal): Promise<Owner> {
  const namespace = textAt(live, 'metadata', 'namespace');
  if (namespace !== undefined) {
    const ref = await cluster.ref({ apiVersion: 'v1', kind: 'Namespace' }, undefined, namespace);
    const tenant = tenantOf(await cluster.get(ref, signal));
    if (tenant !== undefined) return { tenant, by: 'namespace' };
  }
  return { tenant: tenantOf(live), by: 'label' };
}

function tenantOf(object: JsonObject | null): string | undefined {
  return object === null ? undefined : textAt(object, 'metadata', 'labels', tenantLabel);
}

/** Whether an object that this stack did not make belongs to the tenant of the wanted one. */
export async function isSameTenants(
  cluster: Cluster,
  live: JsonObject,
  wanted: JsonObject,
  signal: AbortSignal,
): Promise<boolean> {
  const ours = tenantOf(wanted);
  return ours !== undefined && (await ownerOf(cluster, live, signal)).tenant === ours;
}

/**
 * Adopts an object that this stack did not make only if it is the tenant's.
 * @throws ForeignObjectError that says whose it is.
 */
export async function assertOurs(
  cluster: Cluster,
  live: JsonObject,
  wanted: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const ours = tenantOf(wanted);
  const theirs = await ownerOf(cluster, live, signal);
  if (ours !== undefined && theirs.tenant === ours) return;
  const owner =
    theirs.tenant === undefined
      ? `carries no label ${tenantLabel}`
      : `belongs to tenant ${theirs.tenant} (${theirs.by === 'namespace' ? 'its namespace' : `label ${tenantLabel}`})`;
  const managers = otherManagers(live);
  const writers = managers.length > 0 ? ` It is written by ${managers.join(', ')}.` : '';
  const claim =
    ours === undefined ? `this program gives it no label ${tenantLabel}` : `this is tenant ${ours}`;
  throw new ForeignObjectError(
    `${describe(live)} already exists and ${owner}, while ${claim}: it is not taken over.${writers}`,
  );
}

/** Whether a server-side apply met fields that another manager holds. */
export function isFieldConflict(error: unknown): boolean {
  return isStatus(error, 409) && error.status.causes.some(({ reason }) => reason === 'FieldManagerConflict');
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
