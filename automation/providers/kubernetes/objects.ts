import type { PropertyMap } from '../properties.ts';
import type { Json, JsonObject } from './client.ts';

export interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export const tenantLabel = 'tenantry.dev/tenant';

/**
 * The kind that a type token names: `kubernetes:apps/v1:Deployment` is `apps/v1 Deployment`, `kubernetes:core/v1:Secret`
 * is `v1 Secret`. The SDK writes the group as the API has it (`rbac.authorization.k8s.io/v1`).
 */
export function kindOfToken(token: string): ObjectKind | null {
  const [pkg, groupVersion, kind] = token.split(':');
  if (pkg !== 'kubernetes' || !groupVersion || !kind) return null;
  const match = /^(?:([a-z0-9.-]+)\/)?(v[a-z0-9]+)$/.exec(groupVersion);
  if (!match?.[2]) return null;
  const group = match[1] === undefined || match[1] === 'core' ? '' : `${match[1]}/`;
  return { apiVersion: `${group}${match[2]}`, kind };
}

export function objectId(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

export function parseId(id: string): { readonly namespace: string | undefined; readonly name: string } {
  const [first = '', second] = id.split('/');
  return second === undefined ? { namespace: undefined, name: first } : { namespace: first, name: second };
}

/** Value at a path of object keys, or undefined. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name') ?? '';
}

export function namespaceOf(object: JsonObject): string | undefined {
  return textAt(object, 'metadata', 'namespace') || undefined;
}

export function annotation(object: JsonObject, key: string): string | undefined {
  return textAt(object, 'metadata', 'annotations', key);
}

export function describe(object: JsonObject): string {
  const kind = textAt(object, 'kind') ?? 'object';
  return `${kind} ${objectId(namespaceOf(object), nameOf(object))}`;
}

export function isSecretObject(object: JsonObject | PropertyMap): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}
