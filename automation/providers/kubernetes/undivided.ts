import type { Json, JsonObject } from './client.ts';
import { at, isList, isObject } from './objects.ts';
import { fieldsOf, isOthers, managedFields, ownFields } from './ownership.ts';

/**
 * Parts of an object that belong to its declarer alone. Elsewhere managers add fields of their own and nobody minds:
 * labels, a number of replicas, the volume of a claim. Here an addition changes what was declared: a rule beside the
 * rules of a network policy, a container beside the containers of a pod.
 */

/** Kinds to which nobody else adds, metadata and status aside: those that limit and isolate. */
const undividedKinds = new Set(['LimitRange', 'NetworkPolicy', 'ResourceQuota', 'Role', 'RoleBinding']);

/** `own`: everything below is the declarer's. `free`: nothing is. `shared`: only the declared items of lists are. */
export type Scope = 'undivided object' | 'shared' | 'template' | 'own' | 'free';

export function isUndivided(kind: unknown): boolean {
  return typeof kind === 'string' && undividedKinds.has(kind);
}

export function scopeOf(object: JsonObject): Scope {
  return isUndivided(object.kind) ? 'undivided object' : 'shared';
}

export function scopeOfKey(scope: Scope, key: string): Scope {
  if (scope === 'own' || scope === 'free') return scope;
  if (key === 'metadata' || key === 'status') return 'free';
  if (scope === 'undivided object' || (scope === 'template' && key === 'spec')) return 'own';
  return key === 'template' ? 'template' : 'shared';
}

export function scopeOfItems(scope: Scope): Scope {
  return scope === 'free' ? 'free' : 'own';
}

/** Fields of others in what is the declarer's alone, manager by manager, as `managedFields` writes them. */
export function intrusions(object: JsonObject): readonly JsonObject[] {
  const ours = ownFields(object);
  return managedFields(object)
    .filter(isOthers)
    .map((entry) => within(fieldsOf(entry), ours, scopeOf(object)))
    .filter((fields) => Object.keys(fields).length > 0);
}

function within(fields: JsonObject, ours: Json | undefined, scope: Scope): JsonObject {
  const found: Record<string, Json> = {};
  for (const [key, below] of Object.entries(fields)) {
    const name = fieldName(key);
    if (name === null) {
      // Items of a list that we do not declare are not ours.
      if (key !== '.' && scope !== 'free' && ours !== undefined) found[key] = below;
      continue;
    }
    const next = scopeOfKey(scope, name);
    if (next === 'own') found[key] = below;
    else if (next !== 'free' && isObject(below)) {
      const deeper = within(below, at(ours, key), next);
      if (Object.keys(deeper).length > 0) found[key] = deeper;
    }
  }
  return found;
}

/**
 * The fields of an entry to remove: the refresh found them (`shown`) in a part that is the declarer's alone, and `wanted`
 * does not have them.
 */
export function surplusOf(object: JsonObject, entry: JsonObject, shown: Json, wanted: Json): JsonObject {
  return surplus(within(fieldsOf(entry), ownFields(object), scopeOf(object)), shown, wanted);
}

function surplus(fields: JsonObject, shown: Json, wanted: Json): JsonObject {
  const found: Record<string, Json> = {};
  for (const [key, below] of Object.entries(fields)) {
    const seen = valueAt(shown, key);
    if (seen === undefined) continue;
    const kept = valueAt(wanted, key);
    const deeper = kept === undefined ? below : isObject(below) ? surplus(below, seen, kept) : {};
    if (kept === undefined || Object.keys(deeper as JsonObject).length > 0) found[key] = deeper;
  }
  return found;
}

/** Value at one step of `managedFields`: `f:name`, `k:{"name":"app"}`, `v:"item"`. */
function valueAt(value: Json, key: string): Json | undefined {
  const name = fieldName(key);
  if (name !== null) return at(value, name);
  if (!isList(value) || !/^[kv]:/.test(key)) return undefined;
  const sought = JSON.parse(key.slice(2)) as Json;
  if (key.startsWith('v:')) return value.find((item) => item === sought);
  // A program may omit a key that has a default, such as a port's protocol.
  return value.find((item) =>
    Object.entries(sought as JsonObject).every(([part, expected]) => {
      const actual = at(item, part);
      return actual === undefined || actual === expected;
    }),
  );
}

function fieldName(key: string): string | null {
  return key.startsWith('f:') ? key.slice(2) : null;
}
