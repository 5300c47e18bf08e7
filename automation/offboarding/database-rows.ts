/** Exports everything of a tenant in PostgreSQL as lines of JSON: its tables and all their rows. */
import pg from 'pg';
import type { TenantOutputs } from '../../tenants/spec.ts';
import { connectionTo } from '../store/connection.ts';

type Place = NonNullable<TenantOutputs['database']>;

/** Rows read at once. */
const batch = 500;

/** One line of an export, from the database. */
export interface DatabaseLine {
  readonly kind: 'table' | 'row' | 'other';
  /** JSON without a line break. */
  readonly json: string;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
}

/**
 * Reads the tenant's schema, or every schema of its own database, in one snapshot. Row level security cannot hide rows:
 * where it applies to the administrator, PostgreSQL refuses, and this throws. Yields nothing when the schema or the database
 * does not exist.
 * @param adminUrl of a database on the place's server; the shared one, where the place names none
 */
export async function* databaseLines(adminUrl: string, place: Place): AsyncGenerator<DatabaseLine> {
  const url = new URL(adminUrl);
  if (place.name !== null) url.pathname = `/${encodeURIComponent(place.name)}`;
  const client = new pg.Client({ ...connectionTo(url.href), application_name: 'tenantry-export' });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: string }).code === '3D000') return;
    throw error;
  }
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    await client.query(`set local row_security = off; set local statement_timeout = 0;
      set local idle_in_transaction_session_timeout = 0; set local timezone = 'UTC';
      set local datestyle = 'ISO'; set local intervalstyle = 'iso_8601'; set local bytea_output = 'hex'`);
    const schemas = await readSchemas(client, place);
    for (const schema of schemas) yield { kind: 'other', json: await readDefinitions(client, schema) };
    for (const table of await readTables(client, schemas)) yield* readTable(client, table);
  } finally {
    await client.end();
  }
}

async function readSchemas(client: pg.Client, place: Place): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    place.name === null
      ? { text: 'select nspname as name from pg_namespace where nspname = $1', values: [place.schema] }
      : `select nspname as name from pg_namespace
         where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Partitions are read through their table. */
async function readTables(client: pg.Client, schemas: readonly string[]): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname as schema, c.relname as name, c.oid::int8 as oid
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1) and c.relkind in ('r', 'p') and not c.relispartition order by 1, 2`,
    [schemas],
  );
  return rows;
}

async function* readTable(client: pg.Client, table: Table): AsyncGenerator<DatabaseLine> {
  const { schema, name, oid } = table;
  const columns = await client.query(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
       pg_get_expr(d.adbin, d.adrelid) as "default", nullif(a.attidentity, '') as identity,
       nullif(a.attgenerated, '') as generated
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [oid],
  );
  const constraints = await client.query(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
     where conrelid = $1 and contype <> 'n' order by 1`,
    [oid],
  );
  const indexes = await client.query<{ definition: string }>(
    `select pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid = $1 and not exists (select from pg_constraint c where c.conindid = i.indexrelid) order by 1`,
    [oid],
  );
  yield {
    kind: 'table',
    json: JSON.stringify({
      record: 'table',
      schema,
      name,
      columns: columns.rows,
      constraints: constraints.rows,
      indexes: indexes.rows.map(({ definition }) => definition),
    }),
  };
  const source = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
  const head = `{"record":"row","schema":${JSON.stringify(schema)},"table":${JSON.stringify(name)},"values":`;
  await client.query(
    `declare export_rows no scroll cursor for select row_to_json(t)::text as json from ${source} t`,
  );
  for (;;) {
    const { rows } = await client.query<{ json: string }>(`fetch ${batch} from export_rows`);
    // In PostgreSQL's own spelling, so that a number too large for JavaScript stays exact.
    for (const { json } of rows) yield { kind: 'row', json: `${head}${oneLine(json)}}` };
    if (rows.length < batch) break;
  }
  await client.query('close export_rows');
}

/** A `json` value keeps its original spaces; inside strings JSON has no line breaks. */
function oneLine(json: string): string {
  return /[\n\r]/.test(json) ? json.replaceAll(/[\n\r]+/g, ' ') : json;
}

/** Parts of a schema without rows: sequences with their values, views, functions, types. */
async function readDefinitions(client: pg.Client, schema: string): Promise<string> {
  const list = async (sql: string) => (await client.query(sql, [schema])).rows;
  const sequences = await list(
    `select sequencename as name, data_type::text as type, last_value::text as "lastValue", increment_by::text as "incrementBy"
     from pg_sequences where schemaname = $1 order by 1`,
  );
  const views = await list(
    `select c.relname as name, c.relkind = 'm' as materialized, pg_get_viewdef(c.oid) as definition
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('v', 'm') order by 1`,
  );
  const functions = await list(
    `select p.proname as name, pg_get_functiondef(p.oid) as definition
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1 and p.prokind in ('f', 'p') order by 1, 2`,
  );
  const enums = await list(
    `select t.typname as name, array_agg(e.enumlabel order by e.enumsortorder)::text[] as labels
     from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_enum e on e.enumtypid = t.oid
     where n.nspname = $1 group by 1 order by 1`,
  );
  return JSON.stringify({ record: 'schema', name: schema, enums, sequences, views, functions });
}
