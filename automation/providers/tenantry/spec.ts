import { z } from 'zod';
import { databaseServerPattern } from '../../../tenants/catalog/names.ts';
import { type PropertyMap, reveal, revealMap, unknown } from '../properties.ts';
import type { CheckFailure } from '../provider.ts';

export type DatabaseKind = 'schema' | 'database';

export const kindOfType: Readonly<Record<string, DatabaseKind>> = {
  'tenantry:postgres:Schema': 'schema',
  'tenantry:postgres:Database': 'database',
};

/** Names that we make ourselves need no quoting; we quote them all the same. */
const identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case SQL name of at most 63 characters')
  .refine(
    (name) => !/^pg_|^(?:public|information_schema|postgres|template[01])$/.test(name),
    'is a reserved name',
  );

const specSchema = z.strictObject({
  tenantId: z
    .string()
    .regex(/^[a-z][a-z0-9]{7}$/, 'must be a tenant id: a letter and seven letters or digits'),
  database: identifier.optional(),
  /** Server for this tenant alone; the shared one when omitted. */
  server: z.string().regex(databaseServerPattern, 'must be the name of a database server').optional(),
  schema: identifier,
  role: identifier,
  password: z.string().min(16, 'must have at least 16 characters').max(256),
  connectionLimit: z.int().min(1).max(10_000),
  /** Version of the login's rights, see `loginRights`; absent in what an earlier program declared. */
  rights: z.int().min(1).optional(),
});

/** Everything that defines a tenant's place in a database. */
export type DatabaseSpec = z.infer<typeof specSchema>;

export function parseSpec(inputs: PropertyMap): DatabaseSpec {
  const parsed = specSchema.safeParse(specProperties(inputs));
  if (parsed.success) return parsed.data;
  throw new Error(
    problems(parsed.error)
      .map(({ property, reason }) => `${property}: ${reason}`)
      .join('; '),
  );
}

/** What is wrong with the inputs; skips values that are not known yet. */
export function checkSpec(kind: DatabaseKind, inputs: PropertyMap): readonly CheckFailure[] {
  const unknowns = new Set(Object.keys(inputs).filter((key) => reveal(inputs[key] ?? null) === unknown));
  const parsed = specSchema.safeParse(specProperties(inputs));
  const failures = parsed.success ? [] : problems(parsed.error);
  if (kind === 'database' && inputs.database === undefined) {
    failures.push({ property: 'database', reason: 'is required' });
  }
  if (kind === 'schema' && inputs.server !== undefined) {
    failures.push({ property: 'server', reason: 'is for databases only: schemas are on the shared server' });
  }
  return failures.filter(({ property }) => !unknowns.has(property));
}

function specProperties(inputs: PropertyMap): Record<string, unknown> {
  const { __defaults: _, ...given } = revealMap(inputs);
  return given;
}

/** Zod's messages name the property and the rule, never the value. */
function problems(error: z.ZodError): CheckFailure[] {
  return error.issues.map((issue) => ({ property: issue.path.map(String).join('.'), reason: issue.message }));
}
