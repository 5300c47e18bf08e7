/** Reports in advance what a real provider or the cloud would refuse in the middle of an update. */
import { formatPath, type Path } from '../kubernetes/diff.ts';
import { isArray, isMap, type PropertyMap, type PropertyValue, Secret, unknown } from '../properties.ts';
import type { CheckFailure, OperationContext } from '../provider.ts';
import type { ResourceFacts } from './sdk-facts.ts';

/** Inputs that the type does not have, and required ones that are missing. */
export function checkNames(facts: ResourceFacts, inputs: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const property of Object.keys(inputs)) {
    if (!facts.inputs.has(property) && !property.startsWith('__'))
      failures.push({
        property,
        reason: `there is no such input; inputs are ${[...facts.inputs].sort().join(', ')}`,
      });
  }
  for (const property of facts.required) {
    if (inputs[property] === undefined) failures.push({ property, reason: 'it is required and missing' });
  }
  return failures;
}

/**
 * Texts that contain something that is no text: an output without `interpolate`, an object, an undefined value. Prose
 * may mention such things; names, ARNs and addresses have no spaces.
 */
export function checkTexts(inputs: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  visit([], inputs, (path, value) => {
    if (typeof value !== 'string') return;
    const wrong = /\[object [A-Z]\w+\]|Calling \[toString\] on an \[Output/.exec(value)?.[0];
    if (wrong)
      failures.push({ property: formatPath(path), reason: `it contains "${wrong}", which is no text` });
    else if (/(?:^|[-/:._])(?:undefined|null|NaN)(?:$|[-/:._])/.test(value) && !/\s/.test(value))
      failures.push({
        property: formatPath(path),
        reason: `"${value}" is made of a value that is not there`,
      });
  });
  return failures;
}

/**
 * Everything must be known when a resource is written.
 * @param when what happens to it: `created`
 * @throws an error that names the unknown values
 */
export function assertKnown({ urn }: OperationContext, inputs: PropertyMap, when: string): void {
  const missing = unknownPaths(inputs);
  if (missing.length > 0) throw new Error(`${urn}: still unknown when ${when}: ${missing.join(', ')}`);
}

function unknownPaths(inputs: PropertyMap): string[] {
  const paths: string[] = [];
  visit([], inputs, (path, value) => {
    if (value === unknown) paths.push(formatPath(path));
  });
  return paths;
}

function visit(path: Path, value: PropertyValue, see: (path: Path, value: PropertyValue) => void): void {
  if (value instanceof Secret) visit(path, value.value, see);
  else if (isArray(value)) {
    for (const [index, item] of value.entries()) visit([...path, index], item, see);
  } else if (isMap(value)) {
    for (const [key, inner] of Object.entries(value)) visit([...path, key], inner, see);
  } else see(path, value);
}
