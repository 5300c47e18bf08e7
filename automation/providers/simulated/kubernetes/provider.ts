import { diffInputs, dropServerFields, isIdentityChange } from '../../kubernetes/diff.ts';
import { kindOfToken, objectId } from '../../kubernetes/objects.ts';
import { decodeState, encodeState, fieldManagerOf, protectInputs, toJson } from '../../kubernetes/state.ts';
import {
  containsUnknown,
  isMap,
  markMapSecretsLike,
  type PropertyMap,
  type PropertyValue,
  reveal,
  unknown,
} from '../../properties.ts';
import type {
  CheckFailure,
  DiffResult,
  OperationContext,
  ResourceProvider,
  ResourceState,
  WriteOptions,
} from '../../provider.ts';
import { markReplacements } from '../changes.ts';
import { digits, nameOfUrn } from '../identity.ts';
import { assertKnown, checkTexts } from '../inputs.ts';
import { SdkFacts } from '../sdk-facts.ts';
import { SimulatedReleases } from './release.ts';
import { immutableFields, isClusterScoped } from './rules.ts';

/**
 * Kubernetes before its cluster exists: names, compares and records objects as the official provider does in that
 * case; it asks no API. Ids and state have the official provider's form.
 */
export class SimulatedKubernetes implements ResourceProvider {
  readonly name = 'kubernetes';
  readonly version = new SdkFacts('kubernetes').version;
  readonly #releases = new SimulatedReleases();

  async check(
    context: OperationContext,
    { inputs, oldInputs }: { inputs: PropertyMap; oldInputs: PropertyMap | null },
  ): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }> {
    if (this.#releases.owns(context.type)) return this.#releases.check(context, inputs, oldInputs);
    const kind = kindOfToken(context.type);
    const failures: CheckFailure[] = checkTexts(inputs);
    if (!kind) {
      failures.push({ property: '', reason: `${context.type} is not simulated` });
      return { inputs, failures };
    }
    const metadata = reveal(inputs.metadata ?? {});
    if (!isMap(metadata)) return { inputs: protectInputs({ ...kind, ...inputs }), failures };
    const name: PropertyValue = metadata.name ?? oldName(oldInputs) ?? madeUpName(context.urn, metadata);
    const { namespace: given, ...rest } = metadata;
    const namespace: PropertyValue = given ?? namespaceOfConfig(context.config);
    const placed: PropertyMap = isClusterScoped(kind.kind) ? { ...rest, name } : { ...rest, name, namespace };
    const checked: PropertyMap = dropServerFields<PropertyMap>({ ...kind, ...inputs, metadata: placed });
    failures.push(...checkName(kind.kind, reveal(name)));
    const result: PropertyMap = protectInputs(markMapSecretsLike(checked, inputs));
    return { inputs: result, failures };
  }

  async diff(
    context: OperationContext,
    { old, oldInputs, inputs }: { old: PropertyMap; oldInputs?: PropertyMap; inputs: PropertyMap },
  ): Promise<DiffResult> {
    if (this.#releases.owns(context.type)) return this.#releases.diff(oldInputs ?? old, inputs);
    const state = decodeState(old);
    const changes = markReplacements(
      diffInputs(state.inputs, inputs),
      immutableFields(kindOfToken(context.type)?.kind ?? '', state.inputs),
    );
    const renamed = changes.some(isIdentityChange);
    return { changes, deleteBeforeReplace: !renamed && changes.some(({ replace }) => replace) };
  }

  async create(
    context: OperationContext,
    inputs: PropertyMap,
    options: WriteOptions,
  ): Promise<ResourceState> {
    if (this.#releases.owns(context.type)) return this.#releases.create(context, inputs, options);
    if (options.preview) return { id: '', properties: { ...inputs, ...unknownOutputs(inputs) } };
    assertKnown(context, inputs, 'written');
    return record(context.urn, inputs);
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
    if (this.#releases.owns(context.type)) return this.#releases.update(context, old, inputs, options);
    if (options.preview && containsUnknown(inputs)) return inputs;
    assertKnown(context, inputs, 'written');
    return record(context.urn, inputs).properties;
  }

  async delete(): Promise<void> {}

  async close(): Promise<void> {}
}

function record(urn: string, inputs: PropertyMap): ResourceState {
  const object = toJson(inputs);
  const { name = '', namespace } = (object.metadata ?? {}) as { name?: string; namespace?: string };
  const live = { ...object, metadata: { ...(object.metadata as object), uid: digits(urn, 32) } };
  return {
    id: objectId(namespace, name),
    properties: encodeState(live, object, {
      secrets: inputs,
      fieldManager: fieldManagerOf(urn),
      initialApiVersion: String(object.apiVersion ?? ''),
    }),
  };
}

/** Properties of an object that only the API knows. */
function unknownOutputs(inputs: PropertyMap): PropertyMap {
  return inputs.kind === 'Secret' || inputs.kind === 'ConfigMap' ? {} : { status: unknown };
}

function oldName(oldInputs: PropertyMap | null): PropertyValue | undefined {
  const metadata = oldInputs && reveal(oldInputs.metadata ?? {});
  return isMap(metadata ?? undefined) ? (metadata as PropertyMap).name : undefined;
}

function madeUpName(urn: string, { generateName }: PropertyMap): string {
  return `${typeof generateName === 'string' ? generateName : `${nameOfUrn(urn)}-`}${digits(urn, 8)}`;
}

function namespaceOfConfig(config: PropertyMap): PropertyValue {
  return typeof config.namespace === 'string' ? config.namespace : 'default';
}

/** DNS subdomains: all names but those of RBAC (kubernetes.io/docs/concepts/overview/…/names). */
function checkName(kind: string, name: PropertyValue): CheckFailure[] {
  if (typeof name !== 'string' || /^(?:Cluster)?Role(?:Binding)?$/.test(kind)) return [];
  if (name.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(name)) return [];
  return [{ property: 'metadata.name', reason: `"${name}" is not a name that Kubernetes allows` }];
}
