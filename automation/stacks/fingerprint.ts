import { createHash } from 'node:crypto';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import {
  Discovery,
  intrusions,
  type JsonObject,
  type KubernetesClient,
  managedFields,
  objectPath,
  readIfThere,
  textAt,
} from '../providers/kubernetes/index.ts';
import type { Database } from '../store/database.ts';
import type { Fingerprint } from '../store/tenants.ts';
import { loginMarks, type Powers, readPowers, throttledFromSql } from '../tenant-databases/index.ts';
import { isEnding, takeOffFinalizers } from './end-of-namespace.ts';
import { endPods } from './end-pods.ts';

/**
 * Looks at a tenant from outside of the engine. Cheap enough for every convergence, so that an unchanged tenant costs no
 * engine operation. Independent of the engine's state, so that "nothing is left" after a deletion is seen, not believed.
 */
export interface Fingerprints {
  /**
   * What the tenant's objects look like now, without missing ones. With `recent`, what they looked like a moment ago: from
   * the API server's cache, at half the cost.
   */
  read(tenant: { id: string; outputs: TenantOutputs }, options?: { recent: boolean }): Promise<Fingerprint>;
  /** What is left of a tenant, in words; empty when nothing is. */
  remains(spec: TenantSpec): Promise<string[]>;
  /** Whether nothing but the namespace is left, and the cluster is deleting it. */
  isEnding(spec: TenantSpec): Promise<boolean>;
  /** Removes the tenant's own finalizers from what is being deleted in its namespace; returns which, in words. */
  takeOffFinalizers(spec: TenantSpec): Promise<string[]>;
  /** Ends what still runs of a suspended tenant; returns the pods that its own people had made. */
  endPods(spec: TenantSpec): Promise<string[]>;
}

/**
 * @param tenantDatabase of the cell's shared server
 * @param servers databases of servers for one tenant each, by the server's name
 */
export function createFingerprints(
  cluster: KubernetesClient,
  tenantDatabase: Database,
  servers: ReadonlyMap<string, Database> = new Map(),
): Fingerprints {
  const discovery = new Discovery(cluster);
  const powers = new Map<Database, Powers>();

  async function powersOn(database: Database): Promise<Powers> {
    const known = powers.get(database) ?? (await readPowers(database));
    powers.set(database, known);
    return known;
  }

  async function readObject(
    object: TenantOutputs['objects'][number],
    recent = false,
  ): Promise<[string, string] | null> {
    const resource = await discovery.find(object);
    if (!resource) return null;
    const path = objectPath(object, resource, object.namespace ?? undefined, object.name);
    // Any version will do; otherwise the API server asks etcd for the newest.
    const live = await readIfThere(cluster, path, recent ? { resourceVersion: '0' } : {});
    return live && [keyOf(object), markOf(live)];
  }

  async function readDatabase(tenantId: string, server: string | undefined): Promise<[string, string][]> {
    const database = server === undefined ? tenantDatabase : servers.get(server);
    if (!database) throw new Error(`There is no database server ${server} in this cell`);
    const name = `tenant_${tenantId}`;
    // A dedicated database has a role of its own name, see tenants/data.ts.
    const names = [name, `${name}_app`];
    const found = await database.query<{ kind: string; name: string; mark: string }>(
      // A role that we throttle counts as unchanged: its comment has its usual limit.
      `select 'role' as kind, rolname as name, concat_ws(':', oid, rolcanlogin,
           coalesce(${throttledFromSql("shobj_description(oid, 'pg_authid')")}, rolconnlimit),
           rolsuper, rolbypassrls, rolcreatedb) as mark
         from pg_roles where rolname = any($1)
       union all select 'login', login.name, login.mark from (${loginMarks(await powersOn(database))}) as login
       union all select 'schema', nspname, concat_ws(':', oid, nspacl) from pg_namespace where nspname = any($1)
       union all select 'database', datname, concat_ws(':', oid, datacl) from pg_database where datname = any($1)`,
      [names],
    );
    return found.rows.map((row) => [`postgres/${row.kind}/${row.name}`, row.mark]);
  }

  async function placesLeft(spec: TenantSpec): Promise<string[]> {
    const found = await readDatabase(spec.tenantId, spec.databaseServer);
    return found.map(([name]) => name).filter((name) => !name.startsWith('postgres/login/'));
  }

  return {
    async read({ id, outputs }, { recent } = { recent: false }) {
      const [objects, database] = await Promise.all([
        Promise.all(outputs.objects.map((object) => readObject(object, recent))),
        outputs.database ? readDatabase(id, outputs.database.server) : [],
      ]);
      return Object.fromEntries([...objects.filter((entry) => entry !== null), ...database]);
    },

    async remains(spec) {
      const [namespace, places] = await Promise.all([ownNamespace(cluster, spec), placesLeft(spec)]);
      return [...(namespace ? [`namespace ${spec.namespace}`] : []), ...places];
    },

    async isEnding(spec) {
      const [namespace, places] = await Promise.all([ownNamespace(cluster, spec), placesLeft(spec)]);
      return namespace !== null && isEnding(namespace) && places.length === 0;
    },

    async takeOffFinalizers(spec) {
      const namespace = await ownNamespace(cluster, spec);
      return namespace !== null && isEnding(namespace) ? takeOffFinalizers(cluster, spec.namespace) : [];
    },

    async endPods(spec) {
      const namespace = await ownNamespace(cluster, spec);
      return namespace !== null && !isEnding(namespace) ? endPods(cluster, spec.namespace) : [];
    },
  };
}

/**
 * The tenant's namespace; null when none has the name, or when it now belongs to another tenant or was never ours. A
 * namespace without a label is ours only if we have written it.
 */
async function ownNamespace(
  cluster: KubernetesClient,
  { tenantId, namespace }: Pick<TenantSpec, 'tenantId' | 'namespace'>,
): Promise<JsonObject | null> {
  const live = await readIfThere(cluster, `/api/v1/namespaces/${namespace}`);
  const owner = live && textAt(live, 'metadata', 'labels', 'tenantry.dev/tenant');
  if (!live || (owner !== undefined && owner !== tenantId)) return null;
  return owner === tenantId || managedFields(live).some(isByUs) ? live : null;
}

function isByUs({ manager }: JsonObject): boolean {
  return String(manager).startsWith('pulumi-kubernetes');
}

/**
 * Identity of an object, of the fields that we own in it, and of others' fields in what is ours alone. Whoever
 * changes a field of ours takes it over, so that our entry in `managedFields` changes with it; status and what others
 * may add do not matter.
 */
function markOf(live: JsonObject): string {
  const ours = managedFields(live)
    .filter((entry) => isByUs(entry) && !entry.subresource)
    .map((entry) => JSON.stringify(entry.fieldsV1));
  const theirs = intrusions(live).map((fields) => JSON.stringify(fields));
  const hash = createHash('sha256')
    .update([...ours, ...theirs].sort().join())
    .digest('base64url')
    .slice(0, 16);
  return `${textAt(live, 'metadata', 'uid')}:${hash}`;
}

type ObjectName = Pick<TenantOutputs['objects'][number], 'apiVersion' | 'kind' | 'name'>;

function keyOf({ apiVersion, kind, name }: ObjectName): string {
  return `${apiVersion}/${kind}/${name}`;
}

/**
 * Collects from an engine's events what the API answered when the tenant's objects were applied, so that a change
 * between that moment and the first look does not count as applied. Covers Kubernetes objects, and what the tenant's
 * role logs in with.
 */
export function appliedCollector(): {
  see(event: EngineEvent): void;
  /** Null when the engine's state does not say, as its provider stores no ownership in it. */
  applied(): Fingerprint | null;
} {
  const applied: Record<string, string> = {};
  const logins: Record<string, string> = {};
  return {
    applied: () => (Object.keys(applied).length > 0 ? { ...applied, ...logins } : null),
    see(event) {
      const after = event.resOutputsEvent?.metadata.new;
      if (after?.type.startsWith('tenantry:postgres:')) {
        const { role, login } = after.outputs as Record<string, unknown>;
        if (typeof role === 'string' && typeof login === 'string') logins[`postgres/login/${role}`] = login;
        return;
      }
      if (!after?.type.startsWith('kubernetes:')) return;
      const object = after.outputs as JsonObject;
      const [apiVersion, kind, name] = [
        textAt(object, 'apiVersion'),
        textAt(object, 'kind'),
        textAt(object, 'metadata', 'name'),
      ];
      if (!apiVersion || !kind || !name || managedFields(object).length === 0) return;
      applied[keyOf({ apiVersion, kind, name })] = markOf(object);
    },
  };
}

/**
 * Names of what differs from what was applied: missing objects of the tenant, and those that look different from
 * after the last operation.
 * @param applied what is known of it; null when nothing is
 */
export function driftFrom(
  outputs: Pick<TenantOutputs, 'objects'>,
  applied: Fingerprint | null,
  live: Fingerprint,
): string[] {
  const missing = outputs.objects.map(keyOf).filter((key) => !(key in live));
  const changed = Object.entries(applied ?? {}).filter(([key, mark]) => live[key] !== mark);
  return [...new Set([...missing, ...changed.map(([key]) => key)])];
}
