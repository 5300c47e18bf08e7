/** The rules that a product must keep to be sold, among them what its parts must agree on. Pure. */
import { writes } from './roles.ts';
import { productSchema } from './schema.ts';
import { type MeteredDimension, type Plan, type Product, platformEntitlements } from './types.ts';

/** Lists a product's faults, each with its field. A product without faults may be sold. */
export function faultsOf(candidate: unknown): readonly string[] {
  const { error } = productSchema.safeParse(candidate);
  if (error)
    return error.issues.map((issue) => {
      const said =
        issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message) : [issue.message];
      return `${fieldOf(issue.path)}: ${said.join(', ')}`;
    });
  const product = candidate as Product;
  return [...contradictions(product), ...wrongNames(product)].map(
    ([at, message]) => `${fieldOf(at)}: ${message}`,
  );
}

/** The entitlements that something applies: one of the product's rules, the platform, or the product itself. */
export function appliedEntitlements(product: Product): ReadonlySet<string> {
  const { limits, credits, budget, sandboxes, applies = [] } = product;
  const rules = [...limits, ...(credits ? [credits] : []), ...(budget ? [budget] : [])];
  return new Set([
    ...rules.map(({ entitlement }) => entitlement),
    ...(sandboxes ? [sandboxes.entitlement] : []),
    ...platformEntitlements,
    ...applies,
  ]);
}

/** Lists each number that a plan grants but nothing counts: it would silently be without limit. */
export function uncountedEntitlements(product: Product): readonly string[] {
  const applied = appliedEntitlements(product);
  const numbers = product.plans.flatMap(({ entitlements }) =>
    Object.entries(entitlements).flatMap(([name, value]) => (typeof value === 'number' ? [name] : [])),
  );
  return [...new Set(numbers)]
    .filter((name) => !applied.has(name))
    .map(
      (name) =>
        `plans[].entitlements.${name}: nothing counts it; name it in limits, credits or budget, or in applies where the product itself refuses what goes beyond`,
    );
}

/** @property message follows the field's name */
type Fault = readonly [at: readonly PropertyKey[], message: string];

function contradictions({ plans, namespace: { from, people }, runtime, slotPlan }: Product): Fault[] {
  const namesOf = (one: Plan | undefined) =>
    Object.keys(one?.entitlements ?? {})
      .sort()
      .join();
  return [
    ...plans.flatMap((each, n): Fault[] =>
      namesOf(each) === namesOf(plans[0])
        ? []
        : [[['plans', n, 'entitlements'], `must name the same as those of ${plans[0]?.id}`]],
    ),
    ...(runtime.readsTenant && people.rules.some(writes)
      ? [
          [
            ['runtime', 'readsTenant'],
            'must be left out where people may write in their namespace: they could read the key and tell use with it',
          ] as const,
        ]
      : []),
    ...(slotPlan === null || plans.some((each) => each.id === slotPlan)
      ? []
      : [[['slotPlan'], 'must be the id of one of the plans, or null'] as const]),
    ...((slotPlan === null) === (from === 'slug')
      ? []
      : [
          [
            ['slotPlan'],
            'must be null where namespace.from is slug, and a plan where it is tenantId',
          ] as const,
        ]),
  ];
}

/** Finds rules that name entitlements or meters that do not exist or are of the wrong kind. */
function wrongNames(product: Product): Fault[] {
  const { plans, meters, limits, credits, budget, applies = [], sandboxes } = product;
  const entitlement = (at: PropertyKey[], named: string, kind: 'boolean' | 'number' | null): Fault[] => {
    const values = plans.map(({ entitlements }) => entitlements[named]);
    const fits = (value: unknown) =>
      value !== undefined &&
      (kind === null || typeof value === kind || (kind === 'number' && value === null));
    const what = { boolean: ', true or false', number: ', a number or null' };
    return values.every(fits)
      ? []
      : [[at, `${named} must be an entitlement of every plan${kind === null ? '' : what[kind]}`]];
  };
  const measureOf = (meter: string) => meters.find(({ id: other }) => other === meter)?.measure;
  return [
    ...limits.flatMap(({ entitlement: named, meters: counted }, n) => [
      ...entitlement(['limits', n, 'entitlement'], named, 'number'),
      ...countable(counted.map(measureOf)).map((message): Fault => [['limits', n, 'meters'], message]),
    ]),
    ...(credits ? entitlement(['credits', 'entitlement'], credits.entitlement, 'number') : []),
    ...(budget ? entitlement(['budget', 'entitlement'], budget.entitlement, 'number') : []),
    ...applies.flatMap((named, n) => entitlement(['applies', n], named, null)),
    ...(sandboxes ? entitlement(['sandboxes', 'entitlement'], sandboxes.entitlement, 'boolean') : []),
    ...meters.flatMap(({ measure }, n): Fault[] => {
      if (measure.from === 'told' || measure.withLevel === undefined) return [];
      const other = measureOf(measure.withLevel);
      return other?.from === 'told' && other.as === 'level'
        ? []
        : [[['meters', n, 'measure', 'withLevel'], 'must be a meter of the product that is told as a level']];
    }),
  ];
}

/** Says why meters cannot count together against one number. */
function countable(measures: readonly (MeteredDimension['measure'] | undefined)[]): string[] {
  if (measures.includes(undefined)) return ['must be meters of the product'];
  const peaks = measures.filter((measure) => measure?.as === 'peak').length;
  if (measures.some((measure) => measure?.as === 'level'))
    return ['must not be meters of a level: a limit counts what adds up, or the most at once'];
  return peaks === 0 || peaks === measures.length ? [] : ['must be of a peak all, or none of them'];
}

/** `plans[0].quota.pods` */
function fieldOf(at: readonly PropertyKey[]): string {
  const text = at.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'the product';
}
