/**
 * What a rule learns about a resource: the same from the engine's policy calls, its events, and the mocks of a test.
 */
import { isRecord, isUnknown, parsed, type Values, valueAt } from './values.ts';

export interface PolicyResource {
  readonly type: string;
  /** Logical name in its program. */
  readonly name: string;
  readonly urn: string;
  /** Inputs before the deployment, outputs after it; what rules read has the same name in both. */
  readonly props: Values;
  /** Id at the provider, where it is known. */
  readonly id?: string;
  readonly provider?: { readonly urn: string; readonly props: Values };
  /** URNs that each property depends on, where the caller can tell. */
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** A resource as engine events, states and mocks describe it. */
export interface RegisteredResource {
  readonly type: string;
  readonly urn: string;
  readonly props: Values;
  readonly id?: string;
  /** The provider's reference: its URN and id, joined by `::`. */
  readonly provider?: string;
}

/**
 * Resources of a stack as rules read them, each with the provider that it refers to.
 * @param defaults configuration of the providers that the engine makes itself, by package: the `aws:` keys of the
 *   stack's file. Neither events nor mocks mention these providers.
 */
export function policyResources(
  registered: readonly RegisteredResource[],
  defaults: Readonly<Record<string, Values>> = {},
): readonly PolicyResource[] {
  const explicit = new Map(
    registered
      .filter(({ type }) => type.startsWith('pulumi:providers:'))
      .map(({ urn, props }) => [urn, props]),
  );
  return registered.map(({ type, urn, props, id, provider }) => {
    const [packageName = ''] = type.split(':');
    const providerUrn = provider ? provider.slice(0, provider.lastIndexOf('::')) : '';
    const configured = explicit.get(providerUrn) ?? defaults[packageName];
    return {
      type,
      urn,
      name: nameOf(urn),
      props,
      ...(id && { id }),
      ...(configured && { provider: { urn: providerUrn, props: configured } }),
    };
  });
}

function nameOf(urn: string): string {
  return urn.split('::').slice(3).join('::');
}

/**
 * Whether a property names another resource: by the engine's dependencies where known, else by the value. A value
 * that is not known yet may name anything, and counts as a match.
 */
export function refersTo(resource: PolicyResource, property: string, target: PolicyResource): boolean {
  const dependencies = resource.propertyDependencies?.[property] ?? [];
  if (dependencies.length > 0) return dependencies.includes(target.urn);
  const value = valueAt(resource.props, property);
  if (value === undefined || value === null) return false;
  if (isUnknown(value)) return true;
  const names = [target.id, target.props.id, target.props.arn, target.props.bucket, target.props.name];
  return names.includes(value as string);
}

/** Tags that AWS will see: the resource's own on top of the provider's. */
export function effectiveTags(resource: PolicyResource): Values {
  const defaults = parsed(resource.provider?.props.defaultTags);
  const inherited = isRecord(defaults) ? parsed(defaults.tags) : undefined;
  return { ...asTags(inherited), ...asTags(resource.props.tags), ...asTags(resource.props.tagsAll) };
}

/** Tags that the deployment has yet to decide cannot be read, and do not count as missing. */
export function tagsAreKnown(resource: PolicyResource): boolean {
  const { provider, props } = resource;
  return ![provider?.props.defaultTags, valueAt(provider?.props, 'defaultTags.tags'), props.tags].some(
    isUnknown,
  );
}

/** Whether the resource may belong to production: it does, unless its tags name another environment. */
export function isProduction(resource: PolicyResource): boolean {
  const environment = effectiveTags(resource)['tenantry:environment'];
  return environment !== 'dev' && environment !== 'staging';
}

/**
 * Whether anything is known about the resource. Before the first deployment the engine asks no provider whose own
 * configuration waits for another resource, such as that of a cluster that does not exist yet: rules see only the
 * names of what it would make.
 */
export function propertiesAreKnown({ props }: PolicyResource): boolean {
  return Object.keys(props).length > 0;
}

/**
 * Whether a component's arguments are known: mocks know them but not its children; the engine knows its children,
 * which are judged instead.
 */
export function argumentsAreKnown({ props }: PolicyResource): boolean {
  return props.vpcId !== undefined || props.cluster !== undefined;
}

/** The kind of a Kubernetes object, from its Pulumi type (`kubernetes:apps/v1:Deployment`). */
export function kubernetesKind(type: string): string | undefined {
  if (!type.startsWith('kubernetes:') || type.startsWith('kubernetes:helm.sh/')) return undefined;
  return type.split(':').at(-1);
}

function asTags(value: unknown): Values {
  return isRecord(value) ? value : {};
}
