/** The rules as a policy pack: `pulumi preview --policy-pack infra/policy`. */
import {
  type Policies,
  PolicyPack,
  type ResourceValidationArgs,
  type PolicyResource as StackResource,
} from '@pulumi/policy';
import type { PolicyResource } from './resource.ts';
import type { Rule } from './rule.ts';
import { rules } from './rules/index.ts';
import type { Values } from './values.ts';

new PolicyPack('tenantry', {
  description: 'What no stack of the platform or of a tenant may do',
  enforcementLevel: 'mandatory',
  policies: rules.map(policyOf),
});

function policyOf(rule: Rule): Policies[number] {
  const { name, description } = rule;
  if (rule.kind === 'resource') {
    return {
      name,
      description,
      validateResource: (args, report) => {
        for (const message of rule.check(resourceOf(args))) report(message);
      },
    };
  }
  return {
    name,
    description,
    validateStack: ({ resources }, report) => {
      for (const { resource, message } of rule.check(resources.map(stackResourceOf)))
        report(message, resource.urn);
    },
  };
}

function resourceOf({
  type,
  name,
  urn,
  props,
  provider,
}: ResourceValidationArgs | StackResource): PolicyResource {
  return {
    type,
    name,
    urn,
    props: plain(props),
    ...(provider && { provider: { urn: provider.urn, props: plain(provider.props) } }),
  };
}

function stackResourceOf(resource: StackResource): PolicyResource {
  return {
    ...resourceOf(resource),
    propertyDependencies: Object.fromEntries(
      Object.entries(resource.propertyDependencies).map(([property, targets]) => [
        property,
        targets.map((one) => one.urn),
      ]),
    ),
  };
}

/**
 * The values behind the proxy that the SDK wraps around properties: it throws on reading one that is not known yet,
 * where a rule should go on to the others.
 */
function plain(props: Values): Values {
  const target: unknown = props.__getSpecialProxyTarget;
  return (target ?? props) as Values;
}
