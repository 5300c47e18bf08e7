import { createHash } from 'node:crypto';
import {
  containsSecret,
  isArray,
  isMap,
  markMapSecretsLike,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  Secret,
  unknown,
} from '../properties.ts';
import type { Json, JsonObject } from './client.ts';
import { isList, isObject, isSecretObject, textAt } from './objects.ts';

/**
 * The state of one object, in the shape of the official provider: the live object, and beside its fields
 * `__inputs` (the object as the program gave it), `__initialApiVersion` and `__fieldManager`.
 */
export interface ObjectState {
  readonly live: JsonObject;
  readonly inputs: JsonObject;
  readonly initialApiVersion: string | null;
  readonly fieldManager: string | null;
}

export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Fields of a Secret whose every value is secret, in outputs and inputs alike. */
const secretFields = ['data', 'stringData'] as const;

export function encodeState(
  live: JsonObject,
  inputs: JsonObject,
  from: { readonly secrets: PropertyMap; readonly fieldManager: string; readonly initialApiVersion: string },
): PropertyMap {
  const marked = markMapSecretsLike(toProperties(live), from.secrets);
  const holdsSecrets = isSecretObject(live) || containsSecret(from.secrets);
  return {
    ...protectInputs(holdsSecrets ? hideLastApplied(marked) : marked),
    __inputs: encodeInputs(inputs, from.secrets),
    __initialApiVersion: from.initialApiVersion,
    __fieldManager: from.fieldManager,
  };
}

/** Inputs as properties; secret where the program's are, and where a Secret holds data. */
export function encodeInputs(inputs: JsonObject, secrets: PropertyMap): PropertyMap {
  return protectInputs(markMapSecretsLike(toProperties(inputs), secrets));
}

/** Makes a Secret's data secret even where the program passed it in plain text. */
export function protectInputs(inputs: PropertyMap): PropertyMap {
  return isSecretObject(inputs) ? hideSecretData(inputs) : inputs;
}

function hideSecretData(map: PropertyMap): PropertyMap {
  const hidden: Record<string, PropertyValue> = { ...map };
  for (const field of secretFields) {
    const value = map[field];
    if (value !== undefined && !(value instanceof Secret)) hidden[field] = new Secret(value);
  }
  return hidden;
}

/** `kubectl apply` repeats the whole object in an annotation. */
function hideLastApplied(map: PropertyMap): PropertyMap {
  const { metadata } = map;
  if (!isMap(metadata) || !isMap(metadata.annotations)) return map;
  const repeated = metadata.annotations[lastApplied];
  if (repeated === undefined) return map;
  const annotations = { ...metadata.annotations, [lastApplied]: new Secret(repeated) };
  return { ...map, metadata: { ...metadata, annotations } };
}

export function decodeState(properties: PropertyMap): ObjectState {
  const { __inputs, __initialApiVersion, __fieldManager, ...live } = toJson(properties);
  return {
    live,
    inputs: isObject(__inputs) ? __inputs : {},
    initialApiVersion: typeof __initialApiVersion === 'string' ? __initialApiVersion : null,
    fieldManager: typeof __fieldManager === 'string' ? __fieldManager : null,
  };
}

/**
 * Field manager of a new object. Derived from the URN, so that a create repeated after a crash has the same manager
 * and does not conflict with itself.
 */
export function fieldManagerOf(urn: string): string {
  return `pulumi-kubernetes-${createHash('sha256').update(urn).digest('hex').slice(0, 8)}`;
}

/** `pulumi.com/patchFieldManager` first, then the state's manager, then the URN's. */
export function chooseFieldManager(urn: string, inputs: JsonObject, state: ObjectState | null): string {
  const chosen = textAt(inputs, 'metadata', 'annotations', 'pulumi.com/patchFieldManager');
  return chosen ?? state?.fieldManager ?? fieldManagerOf(urn);
}

/** A CRD's OpenAPI extensions have dashes in the API and underscores in Pulumi's properties. */
const openApiExtensions = [
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
];
const toUnderscore = new Map(openApiExtensions.map((name) => [name, name.replaceAll('-', '_')]));
const toDash = new Map(openApiExtensions.map((name) => [name.replaceAll('-', '_'), name]));

/** Properties as JSON for the API, secrets revealed. The map must hold no unknown values. */
export function toJson(map: PropertyMap): JsonObject {
  return jsonObject(revealMap(map));
}

function jsonObject(map: PropertyMap): JsonObject {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [toDash.get(key) ?? key, jsonValue(value)]),
  );
}

function jsonValue(value: PropertyValue): Json {
  if (isArray(value)) return value.map(jsonValue);
  if (isMap(value)) return jsonObject(value);
  if (value === unknown || value instanceof Secret) throw new Error('A value is not known yet');
  return value as Json;
}

/** JSON from the API as properties. */
export function toProperties(object: JsonObject): PropertyMap {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [toUnderscore.get(key) ?? key, propertyValue(value)]),
  );
}

function propertyValue(value: Json): PropertyValue {
  if (isList(value)) return value.map(propertyValue);
  if (isObject(value)) return toProperties(value);
  return value as PropertyValue;
}
