import { grantStatements, migratorRole, ownerComment } from '../../tenant-databases/index.ts';
import { NotOursError, readRole } from './role.ts';
import { type AdminSession, literal, type Queryable, quote } from './session.ts';
import type { DatabaseSpec } from './spec.ts';

/** A schema's comment: its owner, and the level of its tables (`tenantry:k3fj9x2a level=4`). */
const schemaComment = /^(tenantry:[a-z0-9]+) level=(\d+)$/;

export interface SchemaFacts {
  readonly owner: string;
  readonly ownerComment: string | null;
  readonly migrationLevel: number;
}

export async function readSchema(client: Queryable, schema: string): Promise<SchemaFacts | null> {
  const { rows } = await client.query<{ owner: string; comment: string | null }>(
    `select pg_get_userbyid(nspowner) as owner, obj_description(oid, 'pg_namespace') as comment
       from pg_namespace where nspname = $1`,
    [schema],
  );
  const row = rows[0];
  if (!row) return null;
  const match = schemaComment.exec(row.comment ?? '');
  return {
    owner: row.owner,
    ownerComment: match?.[1] ?? row.comment,
    migrationLevel: Number(match?.[2] ?? 0),
  };
}

/** Creates or corrects the tenant's schema and grants; inside the caller's transaction. @throws NotOursError */
export async function ensureSchema(
  session: AdminSession,
  client: Queryable,
  spec: DatabaseSpec,
): Promise<number> {
  const known = await readSchema(client, spec.schema);
  const comment = ownerComment(spec.tenantId);
  if (known && known.ownerComment !== comment) {
    throw new NotOursError('schema', spec.schema, known.ownerComment, spec.tenantId);
  }
  const schema = quote(spec.schema);
  if (!known) {
    await client.query(`create schema ${schema} authorization ${quote(migratorRole)}`);
    await client.query(`comment on schema ${schema} is ${literal(`${comment} level=0`)}`);
  } else if (known.owner !== migratorRole) {
    await client.query(`alter schema ${schema} owner to ${quote(migratorRole)}`);
  }
  const full = (await readRole(client, spec.role))?.mark.full ?? false;
  const statements = grantStatements({ ...spec, full }, await session.powers(client));
  for (const statement of statements) await client.query(statement);
  return known?.migrationLevel ?? 0;
}

/** Missing grants, in words. */
export async function missingGrants(client: Queryable, schema: string, role: string): Promise<string[]> {
  const full = (await readRole(client, role))?.mark.full ?? false;
  const { rows } = await client.query<{ usage: boolean; tables: boolean; defaults: boolean }>(
    `select has_schema_privilege(r.oid, n.oid, 'USAGE') as usage,
            not exists (
              select from pg_class c
               where c.relnamespace = n.oid and c.relkind in ('r', 'p')
                 and not (has_table_privilege(r.oid, c.oid, 'SELECT') and has_table_privilege(r.oid, c.oid, 'DELETE')
                      and has_table_privilege(r.oid, c.oid, 'INSERT') <> $3
                      and has_table_privilege(r.oid, c.oid, 'UPDATE') <> $3)
            ) as tables,
            exists (
              select from pg_default_acl d, aclexplode(d.defaclacl) as entry
               where d.defaclnamespace = n.oid and d.defaclobjtype = 'r' and entry.grantee = r.oid
                 and entry.privilege_type = 'DELETE') as defaults
       from pg_namespace n, pg_roles r where n.nspname = $1 and r.rolname = $2`,
    [schema, role, full],
  );
  const row = rows[0];
  if (!row) return [];
  const missing: string[] = [];
  if (!row.usage) missing.push('grant on the schema is missing');
  if (!row.tables) missing.push('rights on a table differ');
  if (!row.defaults) missing.push('default privileges are missing');
  return missing;
}
