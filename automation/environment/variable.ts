/** The description of an environment variable. */
import type { z } from 'zod';

/** What a value must look like. */
export interface Kind {
  /** Completes "it must be …". */
  readonly form: string;
  /** Reads the text of the environment, or the default. */
  readonly schema: z.ZodType<unknown>;
}

/**
 * Who reads variables. `start` is `npm start`, which hands its environment on to the API and the worker that it starts;
 * `tenantry` is the command line, including previews; `tests` are `npm test` and `npm run bench`.
 */
export const readers = ['api', 'worker', 'migrate', 'start', 'tenantry', 'tests'] as const;
export type Reader = (typeof readers)[number];

export interface Variable {
  readonly kind: Kind;
  /** One sentence. */
  readonly about: string;
  /** What the schema reads where the variable is not set. */
  readonly default?: string | number;
  /** What happens where the variable is not set, if there is no fixed default. */
  readonly unset?: string;
  readonly readBy: readonly Reader[];
  /** Readers that do not start without it. */
  readonly requiredBy?: readonly Reader[];
  /** Never shown, and readable from the file that `<NAME>_FILE` names. */
  readonly secret?: true;
}

/** Variables of one subject: a section of docs/configuration.md. */
export interface Section {
  readonly title: string;
  readonly about: string;
  readonly variables: Readonly<Record<string, Variable>>;
}
