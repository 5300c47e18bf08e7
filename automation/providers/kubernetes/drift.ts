import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from './client.ts';
import { dropServerFields } from './diff.ts';
import { isList, isObject, isSecretObject } from './objects.ts';
import { lastApplied } from './state.ts';
import { type Scope, scopeOf, scopeOfItems, scopeOfKey } from './undivided.ts';

/**
 * The program's inputs as the cluster has them now: an input whose live value has not changed since the state was
 * written stays as the program wrote it, a changed one shows the live value, a removed one is missing. Additions
 * appear where the object is the program's alone. Comparing live with live leaves out the API's own spelling and
 * defaults.
 */
export function driftedInputs(inputs: JsonObject, before: JsonObject, now: JsonObject): JsonObject {
  const drifted = driftedMap(inputs, before, now, scopeOf(inputs));
  return isSecretObject(inputs) ? { ...drifted, ...driftedStringData(inputs, before, now) } : drifted;
}

function driftedMap(inputs: JsonObject, before: JsonObject, now: JsonObject, scope: Scope): JsonObject {
  const result: Record<string, Json> = {};
  for (const [key, input] of Object.entries(inputs)) {
    const value = drifted(input, before[key], now[key], scopeOfKey(scope, key));
    if (value !== undefined) result[key] = value;
  }
  for (const [key, value] of Object.entries(now)) {
    if (!(key in inputs) && !(key in before) && scopeOfKey(scope, key) === 'own') result[key] = value;
  }
  return result;
}

function drifted(
  input: Json,
  before: Json | undefined,
  now: Json | undefined,
  scope: Scope,
): Json | undefined {
  if (isDeepStrictEqual(before, now)) return input;
  if (isObject(input) && isObject(now)) return driftedMap(input, isObject(before) ? before : {}, now, scope);
  if (isList(input) && isList(now)) {
    const old = isList(before) ? before : [];
    return now.map((item, index) => {
      const wanted = input[index];
      return wanted === undefined ? item : (drifted(wanted, old[index], item, scopeOfItems(scope)) ?? item);
    });
  }
  return now;
}

/** `stringData` is never in the live object; its keys are compared where they end up. */
function driftedStringData(inputs: JsonObject, before: JsonObject, now: JsonObject): JsonObject {
  if (!isObject(inputs.stringData)) return {};
  const [old, live] = [before.data, now.data];
  const result: Record<string, Json> = {};
  for (const [key, input] of Object.entries(inputs.stringData)) {
    const value = isObject(live) ? live[key] : undefined;
    if (isObject(old) && old[key] === value) result[key] = input;
    else if (typeof value === 'string') result[key] = Buffer.from(value, 'base64').toString('utf8');
  }
  return { stringData: result };
}

const serverAnnotations = new Set(['deployment.kubernetes.io/revision', lastApplied]);

/**
 * Inputs for an object that no program has described yet (import, `get`): the live object without the server's
 * additions.
 */
export function inputsFromLive(live: JsonObject): JsonObject {
  const inputs = dropServerFields(live);
  const metadata = isObject(inputs.metadata) ? inputs.metadata : {};
  if (!isObject(metadata.annotations)) return inputs;
  const annotations = Object.entries(metadata.annotations).filter(([key]) => !serverAnnotations.has(key));
  return { ...inputs, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
}
