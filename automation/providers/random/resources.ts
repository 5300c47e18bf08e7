import { randomBytes } from 'node:crypto';
import { isMap, type PropertyMap, type PropertyValue, reveal, Secret } from '../properties.ts';
import type { ResourceState } from '../provider.ts';
import { randomText, ruleProblem, type TextRules } from './text.ts';

/** One kind of random value: its attributes with their defaults, and how it is made. */
export interface RandomResource {
  /** Attributes whose change makes a new value; the default where the program says nothing. */
  readonly attributes: Readonly<Record<string, PropertyValue>>;
  /** Attributes that exist only after generation. */
  readonly outputs: readonly string[];
  problem(inputs: PropertyMap): string | null;
  generate(inputs: PropertyMap): ResourceState;
  /** State for a value that was made elsewhere and is imported by its id. */
  adopt(id: string): ResourceState;
}

const textAttributes = {
  keepers: null,
  length: null,
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  numeric: true,
  overrideSpecial: null,
  special: true,
  upper: true,
} as const;

/**
 * `random_password`: the id is the fixed text `none`, since ids are not encrypted. Omits `bcryptHash`: nothing of
 * ours reads it, it costs 60 ms of processor time a password, and the official provider plans no change for a
 * computed attribute that a state lacks.
 */
const password: RandomResource = {
  attributes: textAttributes,
  outputs: ['result'],
  problem: (inputs) => ruleProblem(textRules(inputs)),
  generate: (inputs) => passwordState(inputs, randomText(textRules(inputs))),
  adopt: (id) => passwordState(rulesOfText(id), id),
};

const text: RandomResource = {
  attributes: textAttributes,
  outputs: ['result'],
  problem: (inputs) => ruleProblem(textRules(inputs)),
  generate: (inputs) => textState(inputs, randomText(textRules(inputs))),
  adopt: (id) => textState(rulesOfText(id), id),
};

const bytes: RandomResource = {
  attributes: { byteLength: null, keepers: null, prefix: null },
  outputs: ['b64Std', 'b64Url', 'dec', 'hex'],
  problem: (inputs) =>
    Number.isInteger(inputs.byteLength) && Number(inputs.byteLength) >= 1
      ? null
      : 'byteLength must be a whole number of at least 1',
  generate: (inputs) => idState(inputs, randomBytes(Number(inputs.byteLength))),
  adopt: (id) => {
    const [prefix, value = prefix ?? ''] = id.includes(',') ? id.split(',') : [undefined, id];
    const raw = Buffer.from(value, 'base64url');
    return idState({ byteLength: raw.length, ...(prefix !== undefined && { prefix }) }, raw);
  },
};

export const randomResources: Readonly<Record<string, RandomResource>> = {
  'random:index/randomPassword:RandomPassword': password,
  'random:index/randomString:RandomString': text,
  'random:index/randomId:RandomId': bytes,
};

/** The inputs with `number`, the old name of `numeric`, under its new name, and defaults filled in. */
export function complete(resource: RandomResource, inputs: PropertyMap): PropertyMap {
  const numeric = inputs.numeric ?? inputs.number;
  const given: PropertyMap = numeric === undefined ? inputs : { ...inputs, numeric };
  const filled: Record<string, PropertyValue> = {};
  for (const [name, fallback] of Object.entries(resource.attributes)) {
    const value = given[name] ?? fallback;
    if (value !== null) filled[name] = value;
  }
  return filled;
}

function textRules(inputs: PropertyMap): TextRules {
  const flag = (name: string): boolean => reveal(inputs[name] ?? true) === true;
  const least = (name: string): number => Number(reveal(inputs[name] ?? 0));
  const special = reveal(inputs.overrideSpecial ?? '');
  return {
    length: Number(reveal(inputs.length ?? 0)),
    upper: flag('upper'),
    lower: flag('lower'),
    numeric: flag('numeric'),
    special: flag('special'),
    overrideSpecial: typeof special === 'string' ? special : '',
    minUpper: least('minUpper'),
    minLower: least('minLower'),
    minNumeric: least('minNumeric'),
    minSpecial: least('minSpecial'),
  };
}

function rulesOfText(value: string): PropertyMap {
  return complete(password, { length: value.length });
}

/** Schema versions: hashicorp/terraform-provider-random, which the official plugin wraps. */
function passwordState(inputs: PropertyMap, result: string): ResourceState {
  return {
    id: 'none',
    properties: { ...textOutputs(inputs, 3), id: 'none', result: new Secret(result) },
  };
}

function textState(inputs: PropertyMap, result: string): ResourceState {
  return { id: result, properties: { ...textOutputs(inputs, 2), id: result, result } };
}

function textOutputs(inputs: PropertyMap, schemaVersion: number): PropertyMap {
  return {
    __meta: JSON.stringify({ schema_version: String(schemaVersion) }),
    ...inputs,
    number: inputs.numeric ?? true,
  };
}

function idState(inputs: PropertyMap, raw: Buffer): ResourceState {
  const prefix = reveal(inputs.prefix ?? '');
  const from = typeof prefix === 'string' ? prefix : '';
  const id = raw.toString('base64url');
  return {
    id,
    properties: {
      ...inputs,
      ...(isMap(inputs.keepers) && { keepers: inputs.keepers }),
      id,
      b64Std: from + raw.toString('base64'),
      b64Url: from + id,
      hex: from + raw.toString('hex'),
      dec: from + BigInt(`0x${raw.toString('hex')}`).toString(10),
    },
  };
}
