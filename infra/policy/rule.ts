/** A rule, and the helpers to write one. */
import { isProduction, type PolicyResource } from './resource.ts';
import { isUnknown, shown, valuesAt } from './values.ts';

/** Lists what is wrong with a resource. */
export type Check = (resource: PolicyResource) => readonly string[];

interface Described {
  /** Unique; people switch a rule off and look it up by it. */
  readonly name: string;
  /** The requirement. */
  readonly description: string;
  /** Rules about one concern of the requirements belong together. */
  readonly concern: Concern;
}

export type Concern =
  | 'encryption at rest'
  | 'no public data'
  | 'TLS only'
  | 'no wildcard permissions'
  | 'deletion protection and backups'
  | 'IMDSv2'
  | 'required tags'
  | 'restricted pods'
  | 'tenant isolation';

/** Judges each resource by itself, before it changes. */
export interface ResourceRule extends Described {
  readonly kind: 'resource';
  /** Types that the rule concerns; undefined where it looks at each. */
  readonly types?: readonly string[];
  readonly check: Check;
}

/** Judges all resources of a stack together: something missing belongs to no resource. */
export interface StackRule extends Described {
  readonly kind: 'stack';
  readonly check: (resources: readonly PolicyResource[]) => readonly Finding[];
}

export interface Finding {
  readonly resource: PolicyResource;
  readonly message: string;
}

export type Rule = ResourceRule | StackRule;

/** A rule with its own check for each type. */
export function ruleByType(described: Described, checks: Readonly<Record<string, Check>>): ResourceRule {
  return {
    ...described,
    kind: 'resource',
    types: Object.keys(checks),
    check: (resource) => checks[resource.type]?.(resource) ?? [],
  };
}

export function ruleForAll(described: Described, check: Check): ResourceRule {
  return { ...described, kind: 'resource', check };
}

export function stackRule(described: Described, check: StackRule['check']): StackRule {
  return { ...described, kind: 'stack', check };
}

/** Every value at the path must be accepted, and there must be one unless the path runs over a list. */
export function must(path: string, accepts: (value: unknown) => boolean, wanted: string): Check {
  return ({ props }) =>
    valuesAt(props, path)
      .filter((value) => !isUnknown(value) && !accepts(value))
      .map((value) => `${path} is ${shown(value)}; wanted: ${wanted}`);
}

export function mustBe(path: string, value: string | number | boolean): Check {
  // Providers accept booleans and numbers as strings too.
  return must(path, (given) => given === value || given === String(value), String(value));
}

export function mustNotBe(path: string, value: string | number | boolean): Check {
  return must(path, (given) => given !== value && given !== String(value), `anything but ${value}`);
}

export function mustHave(path: string, why: string): Check {
  return must(path, (value) => value !== undefined && value !== null && value !== '', why);
}

export function mustBeAtLeast(path: string, least: number, unit: string): Check {
  return must(path, (value) => Number(value) >= least, `at least ${least} ${unit}`);
}

export function all(...checks: readonly Check[]): Check {
  return (resource) => checks.flatMap((check) => check(resource));
}

/** The check holds only where the condition does. */
export function when(condition: (resource: PolicyResource) => boolean, check: Check): Check {
  return (resource) => (condition(resource) ? check(resource) : []);
}

/** For production only: other environments are meant to be thrown away. */
export function inProduction(...checks: readonly Check[]): Check {
  return when(isProduction, all(...checks));
}
