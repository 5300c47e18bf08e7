import type { JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';

/**
 * Pulumi's property values as a provider sees them, and their form on the wire (a protobuf Struct in which
 * secrets and outputs are objects with a signature, and unknown values are strings with a fixed text).
 * Signatures and sentinels: pulumi/pulumi, sdk/go/common/resource (sig package) and resource/plugin/rpc.go.
 */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | readonly PropertyValue[]
  | PropertyMap
  | Secret
  | typeof unknown;

export interface PropertyMap {
  readonly [key: string]: PropertyValue;
}

/** A value that exists only after the update; only previews have it. */
export const unknown: unique symbol = Symbol('unknown');

/** A value that the engine encrypts in state and hides in its output. */
export class Secret {
  readonly value: PropertyValue;
  constructor(value: PropertyValue) {
    this.value = value instanceof Secret ? value.value : value;
  }
}

const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const resourceSignature = '5cf8f73096256a8f31e491e813e4eb8e';

const assetSignatures = ['c44067f5952c0a294b673a41bacd8c17', '0def7320c3a5731c473e5ecbe6d01bc7'];

const unknownSentinel = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const unknownSentinels = new Set([
  unknownSentinel,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7', // boolean
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421', // number
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2', // array
  '030794c1-ac77-496b-92df-f27374a8bd58', // asset
  'e48ece36-62e2-4504-bad9-02848725956a', // archive
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff', // object
]);

export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

export function isArray(value: PropertyValue | undefined): value is readonly PropertyValue[] {
  return Array.isArray(value);
}

/** Reads a Struct. Omits nulls inside objects, as an absent property and a null one mean the same. */
export function decodeStruct(struct: structPb.Struct | undefined): PropertyMap {
  if (!struct) return {};
  return decodeObject(struct.toJavaScript());
}

function decodeObject(object: Record<string, unknown>): PropertyMap {
  const result: Record<string, PropertyValue> = {};
  for (const [key, value] of Object.entries(object)) {
    const decoded = decodeValue(value);
    if (decoded !== null) result[key] = decoded;
  }
  return result;
}

function decodeValue(value: unknown): PropertyValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') return unknownSentinels.has(value) ? unknown : value;
  if (Array.isArray(value)) return value.map(decodeValue);
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>;
    switch (object[signatureKey]) {
      case undefined:
        return decodeObject(object);
      case secretSignature:
        return new Secret(decodeValue(object.value));
      case outputSignature: {
        const inner = object.value === undefined ? unknown : decodeValue(object.value);
        return object.secret === true ? new Secret(inner) : inner;
      }
      case resourceSignature:
        return decodeValue(object.id ?? object.urn);
      default:
        // An asset or archive: text, path or hash, which nobody here opens. It goes back unchanged.
        if (assetSignatures.some((signature) => signature === object[signatureKey]))
          return decodeObject(object);
        throw new Error('A property value of an unknown kind is not supported by this provider');
    }
  }
  throw new Error(`Unsupported property value of type ${typeof value}`);
}

/** A value that stands for a resource: in a component's outputs, the SDK turns it back into the resource. */
export function resourceReference(resource: {
  urn: string;
  id?: PropertyValue;
  version?: string;
}): PropertyMap {
  return {
    [signatureKey]: resourceSignature,
    urn: resource.urn,
    ...(resource.id !== undefined && { id: resource.id === unknown ? '' : resource.id }),
    ...(resource.version !== undefined && { packageVersion: resource.version }),
  };
}

/** Writes a Struct; secrets stay marked as such. */
export function encodeStruct(map: PropertyMap): structPb.Struct {
  return structPb.Struct.fromJavaScript(encodeObject(map));
}

function encodeObject(map: PropertyMap): Record<string, JavaScriptValue> {
  const result: Record<string, JavaScriptValue> = {};
  for (const [key, value] of Object.entries(map)) {
    if (value !== undefined && value !== null) result[key] = encodeValue(value);
  }
  return result;
}

function encodeValue(value: PropertyValue): JavaScriptValue {
  if (value === unknown) return unknownSentinel;
  if (value === null || typeof value !== 'object') return value as JavaScriptValue;
  if (value instanceof Secret) {
    return { [signatureKey]: secretSignature, value: encodeValue(value.value) };
  }
  if (isArray(value)) return value.map(encodeValue);
  return encodeObject(value);
}

/** The same value with the plain value in place of every secret. */
export function reveal(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return reveal(value.value);
  if (isArray(value)) return value.map(reveal);
  if (isMap(value)) return revealMap(value);
  return value;
}

export function revealMap(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, reveal(value)]));
}

export function containsUnknown(value: PropertyValue): boolean {
  if (value === unknown) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (isArray(value)) return value.some(containsUnknown);
  if (isMap(value)) return Object.values(value).some(containsUnknown);
  return false;
}

export function containsSecret(value: PropertyValue): boolean {
  if (value instanceof Secret) return true;
  if (isArray(value)) return value.some(containsSecret);
  if (isMap(value)) return Object.values(value).some(containsSecret);
  return false;
}

/** Marks as secret in `target` whatever is secret at the same path of `source`. */
export function markSecretsLike(target: PropertyValue, source: PropertyValue | undefined): PropertyValue {
  if (source === undefined || target instanceof Secret) return target;
  if (source instanceof Secret) return new Secret(target);
  if (isArray(target) && isArray(source)) {
    return target.map((item, index) => markSecretsLike(item, source[index]));
  }
  if (isMap(target) && isMap(source)) return markMapSecretsLike(target, source);
  return target;
}

export function markMapSecretsLike(target: PropertyMap, source: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(target).map(([key, value]) => [key, markSecretsLike(value, source[key])]),
  );
}
