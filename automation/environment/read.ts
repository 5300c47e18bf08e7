/** Reads variables of the table from an environment. */
import { readFileSync } from 'node:fs';
import { type DefaultedName, type Name, table, type Value } from './table.ts';
import type { Variable } from './variable.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Wanted<R extends Name, D extends DefaultedName, O extends Name> {
  /** Missing ones are errors. */
  readonly required?: readonly R[];
  /** Get their default where they are not set. */
  readonly defaulted?: readonly D[];
  /** Are undefined where they are not set, even if they have a default. */
  readonly optional?: readonly O[];
  /** The variable whose presence makes others required; errors name it. */
  readonly requiredWith?: Name;
}

export type Read<R extends Name, D extends DefaultedName, O extends Name> = {
  readonly [N in R | D]: Value<N>;
} & { readonly [N in O]: Value<N> | undefined };

/** The message has a line for each wrong variable, with what it must be. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly variables: readonly string[];

  constructor(faults: readonly Fault[]) {
    super(['The environment has to be corrected:', ...faults.map(({ line }) => `  ${line}`)].join('\n'));
    this.variables = faults.map(({ name }) => name);
  }
}

interface Fault {
  readonly name: Name;
  readonly line: string;
}

/**
 * Reads the variables that a process asks for. A secret may stand in the file that `<NAME>_FILE` names, so that a mounted
 * secret need not enter the environment. A variable or file with only white space counts as not set.
 * @throws EnvironmentError that names every variable that is missing or wrong
 */
export function readVariables<
  R extends Name = never,
  D extends DefaultedName = never,
  O extends Name = never,
>(env: Environment, wanted: Wanted<R, D, O>): Read<R, D, O> {
  const { required = [], defaulted = [], optional = [], requiredWith } = wanted;
  const faults: Fault[] = [];
  const values: Partial<Record<Name, unknown>> = {};
  const take = (name: Name, ifUnset: () => string | number | undefined) => {
    try {
      const given = givenTo(name, env) ?? ifUnset();
      values[name] = given === undefined ? undefined : parse(name, given);
    } catch (error) {
      faults.push({ name, line: error instanceof Error ? error.message : String(error) });
    }
  };
  for (const name of required) {
    take(name, () => {
      const why = requiredWith ? `, but ${requiredWith} is` : '';
      throw new Error(`${name} is not set${why}: it must be ${table[name].kind.form}.`);
    });
  }
  for (const name of defaulted) take(name, () => table[name].default);
  for (const name of optional) take(name, () => undefined);
  if (faults.length > 0) throw new EnvironmentError(faults);
  return values as Read<R, D, O>;
}

/** The default of a variable, parsed. */
export function defaultOf<N extends DefaultedName>(name: N): Value<N> {
  return parse(name, table[name].default) as Value<N>;
}

function givenTo(name: Name, env: Environment): string | undefined {
  const value = env[name];
  if (value !== undefined && value.trim() !== '') return value;
  const { secret }: Variable = table[name];
  const file = secret && env[`${name}_FILE`];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${name}_FILE must name a file that can be read: ${why}`);
  }
}

function parse(name: Name, given: string | number): unknown {
  const { kind, secret }: Variable = table[name];
  const parsed = kind.schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`${name} is ${secret ? 'wrong' : `"${given}"`}: it must be ${kind.form}.`);
}
