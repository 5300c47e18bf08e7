/** What a rule is, and the words to write one in. */
import { isProduction, type PolicyResource } from './resource.ts';
import { isUnknown, shown, valuesAt } from './values.ts';

/** What is wrong with a resource; nothing when all is well. */
export type Check = (resource: PolicyResource) => readonly string[];

interface Described {
  /** Unique; what a person switches off or looks up. */
  readonly name: string;
  /** What has to be so. */
  readonly description: string;
  /** Rules of one concern of the requirements go together. */
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

/** Judges each resource by itself, before it is changed. */
export interface ResourceRule extends Described {
  readonly kind: 'resource';
  /** Types the rule knows of; undefined where it looks at each. */
  readonly types?: readonly string[];
  readonly check: Check;
}

/** Judges all resources of a stack together: what is missing belongs to no resource. */
export interface StackRule extends Described {
  readonly kind: 'stack';
  readonly check: (resources: readonly PolicyResource[]) => readonly Finding[];
}

export interface Finding {
  readonly resource: PolicyResource;
  readonly message: string;
}

export type Rule = ResourceRule | StackRule;

/** A rule that knows what to ask of each type. */
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

/** Every value at the path has to be accepted, and there has to be one unless the path runs over a list. */
export function must(path: string, accepts: (value: unknown) => boolean, wanted: string): Check {
  return ({ props }) =>
    valuesAt(props, path)
      .filter((value) => !isUnknown(value) && !accepts(value))
      .map((value) => `${path} is ${shown(value)}; wanted: ${wanted}`);
}

export function mustBe(path: string, value: string | number | boolean): Check {
  // Providers take booleans and numbers as texts, too.
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

/** Asked of production alone: other environments are made to be thrown away. */
export function inProduction(...checks: readonly Check[]): Check {
  return when(isProduction, all(...checks));
}
