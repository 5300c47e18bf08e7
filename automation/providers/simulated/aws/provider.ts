import {
  isArray,
  isMap,
  markMapSecretsLike,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  unknown,
} from '../../properties.ts';
import type {
  CheckFailure,
  DiffResult,
  InvokeRequest,
  InvokeResult,
  OperationContext,
  ResourceProvider,
  ResourceState,
  WriteOptions,
} from '../../provider.ts';
import { diffProperties, markReplacements } from '../changes.ts';
import { assertKnown, checkNames, checkTexts } from '../inputs.ts';
import { type OutputKind, type ResourceFacts, SdkFacts } from '../sdk-facts.ts';
import { fill, identify, type Subject } from './forms.ts';
import { answer, functions } from './functions.ts';
import { checkName, isNamedByProvider, withPhysicalName } from './naming.ts';
import { defaultTags, placeOf } from './place.ts';
import { type ResourceType, resourceTypes } from './resource-types.ts';

/**
 * AWS without an account: every resource type of the installed SDK, checked, compared and given ids, ARNs and outputs
 * that are the same in every run. It stores nothing: what exists is what the engine's state says.
 */
export class SimulatedAws implements ResourceProvider {
  readonly name = 'aws';
  readonly #facts = new SdkFacts('aws');
  readonly version = this.#facts.version;

  checkConfig(config: PropertyMap): readonly CheckFailure[] {
    const { region } = config;
    if (typeof region === 'string' && !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) {
      return [{ property: 'region', reason: `"${region}" is not a region of AWS` }];
    }
    return [];
  }

  async check(
    context: OperationContext,
    { inputs, oldInputs }: { inputs: PropertyMap; oldInputs: PropertyMap | null },
  ) {
    const facts = this.#facts.of(context.type);
    if (!facts) {
      const reason = `${context.type} is not a resource of @pulumi/aws ${this.version}`;
      return { inputs, failures: [{ property: '', reason }] };
    }
    const kind = kindOf(context.type, facts);
    const named = withPhysicalName(context.urn, kind, inputs, oldInputs);
    const failures = [...checkNames(facts, inputs), ...checkTexts(inputs), ...checkName(kind, named)];
    return { inputs: withAllTags(facts, named, context.config), failures };
  }

  async diff(
    context: OperationContext,
    { old, oldInputs, inputs }: { old: PropertyMap; oldInputs?: PropertyMap; inputs: PropertyMap },
  ): Promise<DiffResult> {
    const kind = kindOf(context.type, this.#factsOf(context));
    const before = oldInputs && Object.keys(oldInputs).length > 0 ? oldInputs : old;
    const changes = markReplacements(diffProperties(before, inputs), [...kind.replaces, 'region']);
    const property = kind.physicalName?.input;
    // Two of one name cannot exist at once.
    const sameName =
      property !== undefined &&
      !isNamedByProvider(kind, inputs) &&
      !changes.some(({ path }) => path === property);
    return { changes, deleteBeforeReplace: sameName && changes.some(({ replace }) => replace) };
  }

  async create(
    context: OperationContext,
    inputs: PropertyMap,
    options: WriteOptions,
  ): Promise<ResourceState> {
    const facts = this.#factsOf(context);
    if (options.preview) {
      const properties = { ...withAdditions(facts, inputs, () => unknown), ...unknownOutputs(facts, inputs) };
      return { id: '', properties };
    }
    assertKnown(context, inputs, 'created');
    const subject = subjectOf(context, inputs, facts);
    const identity = identify(subject);
    return { id: identity.id, properties: outputsOf(subject, facts, inputs) };
  }

  async read(
    _: OperationContext,
    { id, properties, inputs }: { id: string; properties: PropertyMap; inputs: PropertyMap },
  ): Promise<ResourceState> {
    return { id, properties, inputs };
  }

  async update(
    context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
    options: WriteOptions,
  ): Promise<PropertyMap> {
    if (!options.preview) assertKnown(context, inputs, 'updated');
    const facts = this.#factsOf(context);
    // What only the provider says stays; what the program no longer says is dropped.
    const kept = Object.entries(old).filter(([name]) => facts.computed.has(name) || facts.always.has(name));
    const subject = subjectOf(context, inputs, facts);
    const known = withAdditions(facts, inputs, (input, output, kind, index) => {
      const before = old[input];
      const item = isArray(before) ? before[index] : before;
      return (isMap(item) ? item[output] : undefined) ?? addition(subject, input, output, kind);
    });
    return { ...Object.fromEntries(kept), ...known };
  }

  async delete(): Promise<void> {}

  async invoke({ token, arguments: asked, config }: InvokeRequest): Promise<InvokeResult> {
    const found = answer(token, revealMap(asked), placeOf(config, asked));
    if (found) return { result: found, failures: [] };
    throw new Error(
      `${token} is not simulated; these functions are: ${Object.keys(functions).sort().join(', ')}`,
    );
  }

  async close(): Promise<void> {}

  #factsOf({ type }: OperationContext): ResourceFacts {
    const facts = this.#facts.of(type);
    if (!facts) throw new Error(`${type} is not a resource of @pulumi/aws ${this.version}`);
    return facts;
  }
}

/** Types without a description have what most have: an invented id, and the name as the input that cannot change. */
function kindOf(type: string, facts: ResourceFacts): ResourceType {
  const known = resourceTypes[type];
  if (known) return known;
  return facts.inputs.has('name')
    ? { physicalName: { input: 'name', maxLength: 255 }, replaces: ['name', 'namePrefix'] }
    : { replaces: [] };
}

function subjectOf(context: OperationContext, inputs: PropertyMap, facts: ResourceFacts): Subject {
  const kind = kindOf(context.type, facts);
  const known = revealMap(inputs);
  // A replacement is another thing: what replaces it is part of its identity.
  const identity = kind.replaces.map((path) => known[path.split('.')[0] ?? ''] ?? null);
  return {
    seed: `${context.urn} ${JSON.stringify(identity)}`,
    inputs: known,
    place: placeOf(context.config, known),
    kind,
  };
}

/** Outputs that exist only after the update, as the real provider previews them. */
function unknownOutputs(facts: ResourceFacts, inputs: PropertyMap): PropertyMap {
  const later = [...new Set([...facts.computed, ...facts.always.keys()])];
  const missing = later.filter((name) => inputs[name] === undefined && name !== 'tags');
  return Object.fromEntries(missing.map((name): [string, PropertyValue] => [name, unknown]));
}

function outputsOf(subject: Subject, facts: ResourceFacts, inputs: PropertyMap): PropertyMap {
  const identity = identify(subject);
  const described: PropertyMap = Object.fromEntries(
    Object.entries(subject.kind.outputs ?? {}).map(([name, form]) => [name, fill(form, subject, identity)]),
  );
  const outputs: { [name: string]: PropertyValue } = {};
  for (const name of [...facts.computed, ...facts.always.keys()]) {
    if (inputs[name] !== undefined || name === 'tags') continue;
    const value: PropertyValue = described[name] ?? madeUp(name, facts.always.get(name), subject, identity);
    outputs[name] = value;
  }
  const whole = withAdditions(facts, inputs, (input, output, kind) => addition(subject, input, output, kind));
  return markMapSecretsLike({ ...outputs, ...whole }, inputs);
}

/** Inputs with the provider's additions inside them. */
function withAdditions(
  facts: ResourceFacts,
  inputs: PropertyMap,
  say: (input: string, output: string, kind: OutputKind, index: number) => PropertyValue,
): PropertyMap {
  const complete = (input: string, given: PropertyValue, index: number): PropertyValue => {
    if (!isMap(given)) return given;
    const fields = [...(facts.nested.get(input) ?? [])].filter(([output]) => given[output] === undefined);
    const added = fields.map(([output, kind]): [string, PropertyValue] => [
      output,
      say(input, output, kind, index),
    ]);
    return { ...given, ...Object.fromEntries(added) };
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([input, given]): [string, PropertyValue] => {
      if (!facts.nested.has(input)) return [input, given];
      return [
        input,
        isArray(given) ? given.map((item, index) => complete(input, item, index)) : complete(input, given, 0),
      ];
    }),
  );
}

function addition(subject: Subject, input: string, output: string, kind: OutputKind): PropertyValue {
  const form = subject.kind.additions?.[input]?.[output];
  const identity = identify(subject);
  return form === undefined
    ? madeUp(`${input}-${output}`, kind, subject, identity)
    : fill(form, subject, identity);
}

function madeUp(
  name: string,
  kind: OutputKind | undefined,
  subject: Subject,
  identity: { id: string; arn: string | undefined },
): PropertyValue {
  if (name === 'region') return subject.place.region;
  if (name === 'arn') return identity.arn ?? identity.id;
  switch (kind) {
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'list':
      return [];
    case 'map':
      return {};
    default:
      return `${name}-${identity.id}`;
  }
}

/** Adds the provider's default tags, as the real one does while it checks: changing them changes everything. */
function withAllTags(facts: ResourceFacts, inputs: PropertyMap, config: PropertyMap): PropertyMap {
  if (!facts.computed.has('tagsAll') && !facts.inputs.has('tagsAll')) return inputs;
  const { tags = {} } = inputs;
  if (tags === unknown) return { ...inputs, tagsAll: unknown };
  const own = typeof tags === 'object' && tags !== null ? (tags as PropertyMap) : {};
  const all = { ...defaultTags(config), ...own };
  return Object.keys(all).length > 0 ? { ...inputs, tagsAll: all } : inputs;
}
