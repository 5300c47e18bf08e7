import { isArray, type PropertyMap, type PropertyValue, reveal, unknown } from '../../properties.ts';
import type { CheckFailure } from '../../provider.ts';
import { digits, nameOfUrn } from '../identity.ts';
import type { ResourceType } from './resource-types.ts';

/** Names that the provider chose; the real one keeps them in the same place of a state. */
export const defaultsKey = '__defaults';

/**
 * Gives a physical name to a resource whose program does not choose one: its logical name and seven digits, as Pulumi
 * does, so that a replacement can exist beside it. A name once given stays.
 */
export function withPhysicalName(
  urn: string,
  kind: ResourceType,
  inputs: PropertyMap,
  oldInputs: PropertyMap | null,
): PropertyMap {
  const { physicalName } = kind;
  if (!physicalName) return inputs;
  const { input, maxLength, prefix = '' } = physicalName;
  const prefixed = inputs[`${input}Prefix`];
  if (inputs[input] !== undefined || prefixed !== undefined) return inputs;
  const given = oldInputs && defaultsOf(oldInputs).includes(input) ? oldInputs[input] : undefined;
  const ending = `-${digits(urn, 7)}`;
  // Half of the types refuse capitals and underscores.
  const logical = nameOfUrn(urn)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-');
  const name = prefix + logical.slice(0, maxLength - ending.length - prefix.length) + ending;
  return { ...inputs, [input]: given ?? name, [defaultsKey]: [input] };
}

/** Whether the provider chose the name, and so can choose another beside it. */
export function isNamedByProvider(kind: ResourceType, inputs: PropertyMap): boolean {
  return kind.physicalName !== undefined && defaultsOf(inputs).includes(kind.physicalName.input);
}

/** Why AWS would refuse the name. */
export function checkName(kind: ResourceType, inputs: PropertyMap): CheckFailure[] {
  const { physicalName, pattern } = kind;
  if (!physicalName) return [];
  const { input: property, maxLength } = physicalName;
  const value = inputs[property];
  const name = value === undefined ? undefined : reveal(value);
  if (name === unknown || typeof name !== 'string') return [];
  if (name.length > maxLength) {
    return [{ property, reason: `"${name}" has ${name.length} characters; AWS allows ${maxLength}` }];
  }
  if (pattern && !pattern.test(name)) {
    return [
      { property, reason: `"${name}" is not a name that AWS allows here: it must match ${pattern.source}` },
    ];
  }
  return [];
}

function defaultsOf(inputs: PropertyMap): readonly PropertyValue[] {
  const defaults = inputs[defaultsKey];
  return isArray(defaults) ? defaults : [];
}
