/** Resources of programs that ran under mocks, as the rules read them. */
import { type PolicyResource, policyResources } from '../../infra/policy/resource.ts';
import { type InfraGraph, stackValues } from '../support/infra-graph.ts';

export function resourcesOfGraph({ stack, resources }: InfraGraph): readonly PolicyResource[] {
  return policyResources(
    resources.map(({ type, name, inputs, options }) => ({
      type,
      urn: `urn:pulumi:${stack}::tenantry::${type}::${name}`,
      props: inputs,
      id: `${name}-id`,
      provider: options.provider,
    })),
    { aws: { defaultTags: stackValues(stack)['aws:defaultTags'] } },
  );
}
