/** Collects a tenant's state at rest from every place that keeps something of it, to compare it with another's. */
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { TenantView } from '../../api/contract/tenant.ts';
import { openDatabase } from '../../automation/store/database.ts';
import { type ClusterObject, clusterObjectsOf } from './cluster-objects.ts';
import type { Tenantry } from './tenantry.ts';
import { until } from './wait.ts';

/** Each part has the shape of the place that it was read from. */
export interface EndState {
  /** The tenant's row, and how many tenants its subscription has. */
  readonly tenant: unknown;
  /** Every object of the cluster but those that its controllers make by themselves. */
  readonly objects: unknown;
  /** Roles, schemas, databases: owners, rights, settings, what is in them. */
  readonly postgres: unknown;
  /** The role and schema that the workload gets with the address in its Secret. */
  readonly login: unknown;
  /** The engine's state, and what else its backend keeps of the stack. */
  readonly stack: unknown;
}

/** Waits until nobody works on the tenant, and leaves out what differs between any two tenants of the same purchase. */
export async function endStateOf(tenantry: Tenantry, { id }: Pick<TenantView, 'id'>): Promise<EndState> {
  await until(async () => !(await hasLease(tenantry, id)), { what: `the lease of ${id} being given back` });
  const tenant = (await tenantry.request('GET', `/v1/tenants/${id}`)).body as TenantView;
  const objects = await clusterObjectsOf(tenantry.cluster, tenant);
  return anonymous(tenant, {
    tenant: await rowOf(tenantry, tenant),
    objects: objects
      .filter((object) => !isOfControllers(object))
      .sort(byName)
      .map((object) => declared(object, objects)),
    postgres: await placesOf(tenantry, tenant),
    login: await loginWith(objects.find(({ kind }) => kind === 'Secret')),
    stack: await stackOf(tenantry, tenant),
  });
}

async function hasLease({ database }: Tenantry, id: string): Promise<boolean> {
  return (await database.query('select 1 from tenantry.lease where tenant_id = $1', [id])).rowCount !== 0;
}

/** Columns that count changes and looks: the tenant's history, not its state. */
const historic = [
  'created_at',
  'updated_at',
  'active_at',
  'drift_checked_at',
  'desired_generation',
  'observed_generation',
  'fingerprint',
  'stack_settings',
];

async function rowOf({ database }: Tenantry, { id }: TenantView): Promise<unknown> {
  const { rows } = await database.query(
    `select to_jsonb(tenant) - $2::text[] as row, desired_generation = observed_generation as settled,
       (select count(*) from tenantry.tenant other where other.subscription_id = tenant.subscription_id) as tenants
     from tenantry.tenant where id = $1`,
    [id, historic],
  );
  return rows[0];
}

function byName(one: ClusterObject, other: ClusterObject): number {
  return nameOf(one).localeCompare(nameOf(other));
}

function nameOf({ kind, metadata }: ClusterObject): string {
  return `${kind}/${metadata.name}`;
}

/** Whether the cluster makes and changes the object in its own time. */
function isOfControllers({ kind, metadata }: ClusterObject): boolean {
  return (
    ['Endpoints', 'PersistentVolume'].includes(kind) ||
    (metadata.ownerReferences ?? []).some(({ controller }) => controller) ||
    metadata.name === 'kube-root-ca.crt' ||
    (kind === 'ServiceAccount' && metadata.name === 'default')
  );
}

/** An object without what controllers set or add, and with the names of its other writers. */
function declared({ status: _, ...object }: ClusterObject, all: readonly ClusterObject[]): unknown {
  const { managedFields = [], annotations = {}, ...metadata } = object.metadata;
  return {
    ...object,
    metadata,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => !ofController.test(name))),
    writers: managedFields
      .map(({ manager, operation }) => `${operation} by ${manager.replace(/-[0-9a-f]{8}$/, '')}`)
      .filter((writer) => !/ by kube-/.test(writer))
      .sort(),
    ...(isAutoscaled(object, all) && { spec: { ...(object.spec as object), replicas: 'autoscaled' } }),
    ...(object.kind === 'Secret' && { data: decoded(object.data) }),
  };
}

function isAutoscaled({ kind, metadata }: ClusterObject, all: readonly ClusterObject[]): boolean {
  return (
    kind === 'Deployment' &&
    all.some((other) => other.kind === 'HorizontalPodAutoscaler' && other.metadata.name === metadata.name)
  );
}

const ofController = /^(deployment|pv|volume)\.(beta\.)?kubernetes\.io\//;

function decoded(data: unknown): Record<string, string> {
  const values = Object.entries(data as Record<string, string>);
  return Object.fromEntries(
    values.map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

async function placesOf({ tenantDatabaseUrl }: Tenantry, { id }: TenantView): Promise<unknown> {
  const database = openDatabase(tenantDatabaseUrl, { maxConnections: 1 });
  try {
    const { rows } = await database.query(
      `select 'role' as kind, rolname as name, to_jsonb(role) - '{oid,rolname}'::text[] as facts,
         shobj_description(oid, 'pg_authid') as comment,
         array(select roleid::regrole || ' by ' || member::regrole from pg_auth_members
           where role.oid in (roleid, member) order by 1) as members
       from pg_roles role where position($1 in rolname) > 0
       union all select 'schema', nspname, jsonb_build_object('owner', nspowner::regrole, 'rights', nspacl::text[],
           'later', array(select concat_ws(' ', defaclrole::regrole, defaclobjtype, defaclacl) from pg_default_acl
             where defaclnamespace = schema.oid order by 1)),
         obj_description(oid, 'pg_namespace'),
         array(select concat_ws(' ', relkind, relname, relacl) from pg_class where relnamespace = schema.oid order by 1)
       from pg_namespace schema where position($1 in nspname) > 0
       union all select 'database', datname, jsonb_build_object('owner', datdba::regrole, 'rights', datacl::text[]),
         shobj_description(oid, 'pg_database'), '{}'
       from pg_database where position($1 in datname) > 0
       order by 1, 2`,
      [id],
    );
    return rows;
  } finally {
    await database.close();
  }
}

async function loginWith(secret: ClusterObject | undefined): Promise<unknown> {
  if (!secret) return null;
  const { url } = decoded(secret.data);
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query('select current_user as name, current_schema() as schema');
    return rows[0];
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  } finally {
    await client.end();
  }
}

/** The part of a stored resource that the program asked for; what came of it is read from the cluster itself. */
interface StoredResource {
  readonly urn: string;
  readonly [field: string]: unknown;
}

/** Folders of other tenants' locks may come and go while it reads, so it begins again when one has gone. */
async function everythingIn(folder: string): Promise<Dirent[]> {
  for (;;) {
    try {
      return await readdir(folder, { recursive: true, withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !existsSync(folder)) throw error;
    }
  }
}

async function stackOf({ home }: Tenantry, { id }: TenantView): Promise<unknown> {
  const folder = join(home, 'state', '.pulumi');
  const file = join(folder, 'stacks', 'tenantry', `${id}.json`);
  if (!existsSync(file)) return null;
  const { checkpoint } = JSON.parse(await readFile(file, 'utf8')) as {
    checkpoint: { latest: { resources: StoredResource[]; pending_operations?: unknown[] } };
  };
  const files = await everythingIn(folder);
  return {
    resources: checkpoint.latest.resources
      .map(({ outputs: _, created: _created, modified: _modified, ...asked }) => asked)
      .sort((one, other) => one.urn.localeCompare(other.urn)),
    pending: checkpoint.latest.pending_operations ?? [],
    // Every update adds to the history.
    files: files
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('/history/'))
      .map(({ name }) => name)
      .filter((name) => name.includes(id))
      .sort(),
  };
}

/** The cluster sets these for each object. */
const ofEachObject = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'clusterIP',
  'clusterIPs',
  'volumeName',
]);

const ofEachTenant: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/\b(cus|sub|cs)_\w+/g, '$1'],
  [/"ciphertext":"[^"]+"/g, '"ciphertext":"SECRET"'],
  [/"password":"[^"]{8,}"/g, '"password":"SECRET"'],
  [/:[^:@/]{8,}@/g, ':SECRET@'],
];

function isUrn(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('urn:pulumi:');
}

/** Replaces what differs from tenant to tenant by names. */
function anonymous(tenant: TenantView, state: EndState): EndState {
  const text = JSON.stringify(state, (key, value: unknown) => {
    if (ofEachObject.has(key)) return undefined;
    // What a resource depends on has no order.
    return Array.isArray(value) && value.every(isUrn) ? [...value].sort() : value;
  });
  const known: [string, string][] = [
    [tenant.namespace, 'NAMESPACE'],
    [tenant.id, 'ID'],
    [tenant.slug, 'SLUG'],
    [tenant.owner ?? 'nobody', 'OWNER'],
  ];
  const unnamed = known.reduce((rest, [found, name]) => rest.replaceAll(found, name), text);
  return JSON.parse(ofEachTenant.reduce((rest, [found, name]) => rest.replace(found, name), unnamed));
}
