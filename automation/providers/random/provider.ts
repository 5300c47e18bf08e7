import { isDeepStrictEqual } from 'node:util';
import { containsUnknown, type PropertyMap, type PropertyValue, revealMap, unknown } from '../properties.ts';
import type {
  CheckFailure,
  DiffResult,
  OperationContext,
  PropertyChange,
  ResourceProvider,
  ResourceState,
  WriteOptions,
} from '../provider.ts';
import { complete, type RandomResource, randomResources } from './resources.ts';

/** A stand-in for the official random provider, with its tokens, ids and state, for the values our programs use. */
export class RandomProvider implements ResourceProvider {
  readonly name = 'random';
  /** The version of `@pulumi/random` with the same tokens and state. */
  readonly version = '4.21.2';

  async check(context: OperationContext, { inputs }: { inputs: PropertyMap }) {
    const failures: CheckFailure[] = [];
    const resource = randomResources[context.type];
    if (!resource) {
      failures.push({
        property: '',
        reason: `${context.type} is not supported by the embedded random provider`,
      });
    } else if (!containsUnknown(inputs)) {
      const problem = resource.problem(complete(resource, inputs));
      if (problem) failures.push({ property: '', reason: problem });
    }
    return { inputs, failures };
  }

  /** A random value does not change: any request for another one replaces it. */
  async diff(
    context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
  ): Promise<DiffResult> {
    const resource = resourceOf(context);
    const before = revealMap(complete(resource, old));
    const after = revealMap(complete(resource, inputs));
    const changes: PropertyChange[] = Object.keys(resource.attributes)
      .filter((name) => !isDeepStrictEqual(before[name], after[name]))
      .map((path) => ({
        path,
        kind: before[path] === undefined ? 'add' : after[path] === undefined ? 'delete' : 'update',
        replace: true,
      }));
    return { changes, deleteBeforeReplace: false };
  }

  async create(
    context: OperationContext,
    inputs: PropertyMap,
    options: WriteOptions,
  ): Promise<ResourceState> {
    const resource = resourceOf(context);
    if (!options.preview) return resource.generate(complete(resource, inputs));
    const later: PropertyMap = Object.fromEntries(
      resource.outputs.map((name): [string, PropertyValue] => [name, unknown]),
    );
    return { id: '', properties: { ...complete(resource, inputs), ...later } };
  }

  async read(
    context: OperationContext,
    { id, properties, inputs }: { id: string; properties: PropertyMap; inputs: PropertyMap },
  ): Promise<ResourceState> {
    if (Object.keys(properties).length > 0) return { id, properties, inputs };
    const resource = resourceOf(context);
    const adopted = resource.adopt(id);
    return { ...adopted, inputs: complete(resource, adopted.properties) };
  }

  async update(
    context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
  ): Promise<PropertyMap> {
    return { ...old, ...complete(resourceOf(context), inputs) };
  }

  async delete(): Promise<void> {}

  async close(): Promise<void> {}
}

function resourceOf(context: OperationContext): RandomResource {
  const resource = randomResources[context.type];
  if (!resource) throw new Error(`${context.type} is not supported by the embedded random provider`);
  return resource;
}
