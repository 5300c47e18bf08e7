import pg from 'pg';
import type { Powers } from './login.ts';

/** Owns every tenant's schema and runs migrations; nobody logs in as it, and tenants are not its members. */
export const migratorRole = 'tenantry_migrator';

/** What a tenant's role may do with tables: work on rows, or, when its place is full, only make room. */
function tableRights(full: boolean, { maintains }: Pick<Powers, 'maintains'>) {
  const [writing, clearing] = ['insert, update', maintains ? 'truncate, maintain' : 'truncate'];
  return {
    granted: `select, delete, ${full ? clearing : writing}`,
    revoked: full ? writing : clearing,
  };
}

/**
 * The role's rights in its schema, on existing and future tables. The tables are the migrator's, so that the tenant can
 * neither give itself a right nor make a table.
 * @param place.full the tenant may remove rows, and have the server free their space, but not write
 */
export function grantStatements(
  place: { readonly schema: string; readonly role: string; readonly full: boolean },
  powers: Pick<Powers, 'maintains'>,
): readonly string[] {
  const [schema, role, migrator] = [place.schema, place.role, migratorRole].map(pg.escapeIdentifier);
  const { granted, revoked } = tableRights(place.full, powers);
  const defaults = `alter default privileges for role ${migrator} in schema ${schema}`;
  return [
    `revoke all on schema ${schema} from public`,
    `grant usage on schema ${schema} to ${role}`,
    `grant ${granted} on all tables in schema ${schema} to ${role}`,
    `revoke ${revoked} on all tables in schema ${schema} from ${role}`,
    `grant usage, select on all sequences in schema ${schema} to ${role}`,
    `${defaults} grant ${granted} on tables to ${role}`,
    `${defaults} revoke ${revoked} on tables from ${role}`,
    `${defaults} grant usage, select on sequences to ${role}`,
  ];
}
