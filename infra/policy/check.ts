/** Applies the rules to resources at hand: those of a preview's events, or of a program under mocks. */
import type { PolicyResource } from './resource.ts';
import type { Concern, Finding, Rule } from './rule.ts';
import { rules as allRules } from './rules/index.ts';

export interface Violation {
  readonly rule: string;
  readonly concern: Concern;
  /** The requirement. */
  readonly description: string;
  readonly type: string;
  /** Logical name of the resource. */
  readonly name: string;
  readonly urn: string;
  /** What is the case instead. */
  readonly message: string;
}

/**
 * Everything in which a stack breaks a rule, in order of the rules; empty when all is well.
 * @param resources all resources of one stack, without those to be deleted
 */
export function checkPolicies(
  resources: readonly PolicyResource[],
  rules: readonly Rule[] = allRules,
): readonly Violation[] {
  return rules.flatMap((rule) =>
    findings(rule, resources).map(({ resource, message }) => ({
      rule: rule.name,
      concern: rule.concern,
      description: rule.description,
      type: resource.type,
      name: resource.name,
      urn: resource.urn,
      message,
    })),
  );
}

function findings(rule: Rule, resources: readonly PolicyResource[]): readonly Finding[] {
  if (rule.kind === 'stack') return rule.check(resources);
  return resources.flatMap((resource) => rule.check(resource).map((message) => ({ resource, message })));
}
