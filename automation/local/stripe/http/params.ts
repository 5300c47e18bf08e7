/** Gives types to decoded form parameters and answers bad ones with Stripe's own wording. */

import { z } from 'zod';
import { StripeError } from './errors.ts';
import type { Form } from './form.ts';

export const text = z.string().min(1).max(5000);
export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, 'integer')
  .transform(Number);
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
export const decimal = z.string().regex(/^-?\d{1,15}(\.\d{1,12})?$/, 'decimal');
/** A field that an empty string unsets. */
export const clearable = <T extends z.ZodType>(inner: T) =>
  z.union([z.literal('').transform(() => null), inner]);
/** Accepted but not simulated: stored nowhere, without effect. */
export const ignored = z.unknown().optional();

export const metadata = z.union([z.literal(''), z.record(z.string().max(40), z.string().max(500))]);
export type MetadataParam = z.output<typeof metadata>;

const range = z.strictObject({
  gt: integer.optional(),
  gte: integer.optional(),
  lt: integer.optional(),
  lte: integer.optional(),
});
export const instantFilter = z.union([integer.transform((at) => ({ gte: at, lte: at })), range]);

const expand = z.array(text).optional();
export const anyCall = { expand };
export const listCall = {
  expand,
  limit: integer.pipe(z.int().min(1).max(100)).optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
};

/** Metadata after an update: given keys are set, keys given as an empty string are removed, `''` removes all. */
export function mergeMetadata(
  before: Record<string, string>,
  change: MetadataParam | undefined,
): Record<string, string> {
  if (change === undefined) return before;
  if (change === '') return {};
  const merged = { ...before, ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/** @throws StripeError naming the first parameter that is unknown, missing or of a wrong form */
export function parseParams<S extends z.ZodType>(schema: S, form: Form): z.output<S> {
  const parsed = schema.safeParse(form);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw new StripeError('Invalid request.');
  throw describe(deepest(issue), form);
}

type Issue = { code: string; path: PropertyKey[]; message: string; keys?: string[]; errors?: Issue[][] };

/** Of a union's failures, the one that came furthest: it names the field that the caller meant. */
function deepest(issue: z.core.$ZodIssue): Issue {
  const found = issue as unknown as Issue;
  if (found.code !== 'invalid_union') return found;
  const branches = (found.errors ?? [])
    .flatMap((branch) => branch.slice(0, 1))
    .filter((inner) => inner.path.length);
  const inner = branches[0];
  return inner === undefined ? found : { ...inner, path: [...found.path, ...inner.path] };
}

function describe(issue: Issue, form: Form): StripeError {
  const param = bracketed(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const unknown = bracketed([...issue.path, issue.keys?.[0] ?? '']);
    return new StripeError(`Received unknown parameter: ${unknown}`, {
      code: 'parameter_unknown',
      param: unknown,
    });
  }
  const value = issue.path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    form,
  );
  if (value === undefined) {
    return new StripeError(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  if (value === '') {
    return new StripeError(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; ` +
        `however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      { code: 'parameter_invalid_empty', param },
    );
  }
  if (issue.message === 'integer') {
    return new StripeError(`Invalid integer: ${String(value)}`, { code: 'parameter_invalid_integer', param });
  }
  return new StripeError(`Invalid ${param}: ${typeof value === 'string' ? value : 'wrong type'}`, { param });
}

function bracketed(path: PropertyKey[]): string {
  return path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join('');
}
